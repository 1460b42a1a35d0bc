"""Many phones on one socket that register and move, and remember what the box has acknowledged."""

import secrets
import select
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.support.digest_answer import Answerer

_WINDOW = 32  # registrations under way at a time
_RETRANSMIT = 0.5  # seconds, T1


@dataclass(slots=True)
class Device:
    """A phone of one user: `acknowledged` is the contact of the last 200, `asked` those that it has wanted since."""

    user: str
    password: str
    call_id: str = field(default_factory=lambda: secrets.token_hex(8))
    cseq: int = 0
    asked: list[str] = field(default_factory=list)
    acknowledged: str = ""
    request: bytes = b""
    sent: float = 0.0


class Load:
    """Registers all users, then moves them to other contacts, and so on for as long as it is driven."""

    def __init__(self, server: tuple[str, int], domain: str, accounts: Mapping[str, str]):
        self._domain, self._server = domain, server
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(server)
        self._socket.setblocking(False)
        self._devices = [Device(user, password) for user, password in accounts.items()]
        self._turn = 0
        self._under_way: dict[str, Device] = {}
        self.answers = 0

    def close(self) -> None:
        self._socket.close()

    def drive(self, answers: int, within: float) -> None:
        """Until the box has acknowledged so many registrations more."""
        goal, deadline = self.answers + answers, time.monotonic() + within
        while self.answers < goal:
            assert time.monotonic() < deadline, f"{self.answers} of {goal} registrations after {within:g} s"
            self._fill()
            self.listen(0.05)
            self._repeat()

    def listen(self, wait: float = 0.0) -> None:
        """Take in all that has arrived."""
        select.select([self._socket], [], [], wait)
        while True:
            try:
                answer = self._socket.recv(65536)
            except BlockingIOError:
                return
            except ConnectionRefusedError:  # the box has been killed
                continue
            self._receive(answer.decode())

    def forget_what_is_under_way(self) -> None:
        """The box that had it is gone, and may have carried it out or not; the devices will ask again."""
        self._under_way.clear()

    def lost(self, bound: set[str]) -> list[Device]:
        """The devices whose acknowledged contact is not bound, nor one that they have since asked to move to."""
        known = [device for device in self._devices if device.acknowledged]
        return [device for device in known if not {device.acknowledged, *device.asked} & bound]

    def _fill(self) -> None:
        while len(self._under_way) < _WINDOW:
            device = self._devices[self._turn % len(self._devices)]
            self._turn += 1
            device.asked.append(f"sip:{device.user}-{self._turn}@127.0.0.1:{self._socket.getsockname()[1]}")
            self._under_way[device.call_id] = device
            self._register(device)

    def _register(self, device: Device, authorization: str = "") -> None:
        device.cseq += 1
        credentials = f"Authorization: {authorization}\r\n" if authorization else ""
        port = self._socket.getsockname()[1]
        device.request = (
            f"REGISTER sip:{self._domain} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:{port};rport;branch=z9hG4bK{device.call_id}{device.cseq}\r\n"
            f"From: <sip:{device.user}@{self._domain}>;tag={device.call_id}\r\n"
            f"To: <sip:{device.user}@{self._domain}>\r\n"
            f"Call-ID: {device.call_id}\r\nCSeq: {device.cseq} REGISTER\r\nMax-Forwards: 70\r\n"
            f"Contact: <{device.asked[-1]}>\r\nExpires: 3600\r\n{credentials}Content-Length: 0\r\n\r\n"
        ).encode()
        self._send(device)

    def _send(self, device: Device) -> None:
        device.sent = time.monotonic()
        try:
            self._socket.send(device.request)
        except (BlockingIOError, ConnectionRefusedError):
            return  # it is sent again

    def _repeat(self) -> None:
        now = time.monotonic()
        for device in self._under_way.values():
            if now - device.sent > _RETRANSMIT:
                self._send(device)

    def _receive(self, answer: str) -> None:
        start, *lines = answer.split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        device = self._under_way.get(headers["call-id"])
        if device is None or headers["cseq"] != f"{device.cseq} REGISTER":
            return  # the answer to a retransmission
        status = int(start.split(" ")[1])
        if status == 401 and b"\r\nAuthorization:" not in device.request:
            answerer = Answerer(device.user, device.password, headers["www-authenticate"])
            self._register(device, answerer.authorize("REGISTER", f"sip:{self._domain}"))
            return
        assert status == 200, answer
        device.acknowledged = device.asked[-1]
        device.asked.clear()
        self.answers += 1
        del self._under_way[device.call_id]
