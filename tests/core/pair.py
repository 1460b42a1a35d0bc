"""Two cores that are sent the same bytes, and must answer and keep the same."""

from __future__ import annotations

from dataclasses import replace

from frontdesk.sip.finished_answers import SWEEP
from frontdesk.sip.timers import TIMEOUT
from tests.support.bare_core import PASSWORD, BareCore
from tests.support.digest_answer import Answerer
from tests.support.registering import HERE, REALM, flow

OTHER = "<sip:101@192.0.2.103>"
"""Where the account's other device is, unless it says otherwise."""
INSTANCE = ';+sip.instance="<urn:uuid:1>"'


def register(
    credentials: str, cseq: int, branch: str = "", contact: str = "<sip:101@192.0.2.101>", extra: str = ""
) -> bytes:
    return (
        f"REGISTER sip:{REALM} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.101:5060;branch={branch or f'z9hG4bKr{cseq}'};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:101@{REALM}>;tag=f\r\nTo: <sip:101@{REALM}>\r\nCall-ID: r@phone\r\n"
        f"CSeq: {cseq} REGISTER\r\nContact: {contact}\r\n{credentials}{extra}Expires: 3600\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def timers(box: BareCore) -> list[float | None]:
    """All that are armed, but for the layer's broom: the short way keeps a device's last answer itself."""
    core = box.core
    armed = [each for _, _, each in core._deadlines._heap if each.action is not None]
    return [core.location.next_expiry(), *sorted(each.at for each in armed if each is not core.layer.finished._sweep)]


class Pair:
    """The same box twice: one may take the short way, the other learns nothing that could lead to it."""

    def __init__(self) -> None:
        self.short, self.long = BareCore(), BareCore()
        self.long.core._renewals.learn = lambda *_: None  # type: ignore[method-assign]
        self.cseq = 1
        self.told = 0
        self.latest, self.latest_at = b"", 0.0
        """The device's last REGISTER with credentials, which alone it may send again (RFC 3261 section 10.2)."""
        self.answerer = Answerer("101", PASSWORD, self.challenge())
        self.send(self.next())  # from now on its like is known

    def challenge(self) -> str:
        """Asks for a fresh one, with a CSeq of its own."""
        self.cseq += 1
        self.send(register("", self.cseq, f"z9hG4bKask{self.cseq}"))
        return self.short.sent[-1][0].required("www-authenticate")

    def next(self, cseq: int | None = None, **marks: str) -> bytes:
        self.cseq += 1
        credentials = self.answerer.authorize("REGISTER", f"sip:{REALM}")
        return register(f"Authorization: {credentials}\r\n", cseq or self.cseq, **marks)

    def send(self, data: bytes, at: tuple[object, ...] = HERE) -> int:
        """The same bytes into both; the status of the answer (0: none), which is the same."""
        before = len(self.short.sent)
        if at is HERE and b"uthorization" in data:
            self.latest, self.latest_at = data, self.short.clock.now
        self.short.core.read(data, at, self.short.clock.now)  # type: ignore[arg-type]
        self.short.settle()
        self.long.core.read(data, at, self.long.clock.now)  # type: ignore[arg-type]
        self.long.settle()
        self.compare()
        answers = [getattr(message, "status", 0) for message, _ in self.short.sent[before:]]
        return answers[-1] if answers else 0

    def send_again(self) -> None:
        """The device's last one, unless another device may have taken its place, or the layer might just have
        forgotten it, which it does up to a second late."""
        since = self.short.clock.now - self.latest_at
        if self.latest and not TIMEOUT <= since <= TIMEOUT + SWEEP:
            self.send(self.latest)

    def send_other(self, contact: str = OTHER, expires: int = 3600) -> None:
        """Another device of the same account, with a Call-ID and an address of its own."""
        self.latest = b""
        data = self.next(contact=contact).replace(b"r@phone", b"b@phone")
        self.send(data.replace(b"Expires: 3600", b"Expires: %d" % expires), flow("192.0.2.103"))

    def compare(self) -> None:
        short, long = self.short, self.long
        assert [(m.encode(), to) for m, to in short.sent] == [(m.encode(), to) for m, to in long.sent]
        assert [repr(each) for each in short.bindings()] == [repr(each) for each in long.bindings()]
        assert list(short.core.events) == list(long.core.events)
        assert [repr(each) for each in short.commits] == [repr(each) for each in long.commits]
        assert timers(short) == timers(long)
        assert repr(short.core.authenticator.nonces._used) == repr(long.core.authenticator.nonces._used)

    def configure(self, **settings: object) -> None:
        for box in self.both():
            box.core.configure(replace(box.core.settings, **settings))  # type: ignore[arg-type]
        self.send(self.next())  # the long way once

    def hold(self) -> None:
        """From now on nothing reaches the disk by itself."""
        if self.short.commit_at_once:
            self.told = len(self.short.commits)
        for box in self.both():
            box.commit_at_once = False

    def tell(self, *, fail: bool) -> None:
        """What was held reaches the disk, or does not."""
        held = [] if self.short.commit_at_once else self.short.commits[self.told :]
        self.told = len(self.short.commits)
        for box in self.both() if held else ():
            (box.fail if fail else box.commit)(*(each.ticket for each in held))
        self.compare()

    def wait(self, seconds: float) -> None:
        for box in self.both():
            box.clock.advance(seconds)
        self.compare()

    def last(self, count: int = 1) -> list[int]:
        """The status of the last answers."""
        return [getattr(message, "status", 0) for message, _ in self.short.sent[-count:]]

    def both(self) -> tuple[BareCore, BareCore]:
        return self.short, self.long

    def was_short(self, data: bytes) -> bool:
        """Whether the first box takes the short way for these bytes (it is asked last: this renews)."""
        core = self.short.core
        return core._renewals.answer(data, HERE, self.short.clock.now, core.wall_offset)
