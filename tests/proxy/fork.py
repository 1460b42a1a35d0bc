"""An INVITE from one phone that rings several, each answer given by hand."""

from __future__ import annotations

from frontdesk.sip.message import Request, Response
from frontdesk.sip.wire import Target
from tests.proxy.box import Box, reply, request, udp

A = udp("192.0.2.11")
PHONES = [udp(f"192.0.2.{number}") for number in range(12, 15)]
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'


class Fork:
    """An INVITE that rings several phones; `answer` is what phone `number` says."""

    def __init__(self, phones: int = 3, method: str = "INVITE", q: list[float | None] | None = None) -> None:
        self.box = Box()
        self.box.phone("101", A)
        for number in range(phones):
            self.box.phone("102", PHONES[number], q=q[number] if q else None)
        self.branches: dict[Target, Request] = {}
        self.box.receive(request(method, branch="z9hG4bKone"), A)
        self.statuses: list[int] = []
        self.cancels: list[tuple[int, list[str]]] = []
        self.acks: list[int] = []
        self.look()

    def look(self) -> None:
        for message, target in self.box.taken():
            if isinstance(message, Response):
                self.statuses.append(message.status)
                self.last = message
                if message.status >= 300:
                    self.box.receive(request("ACK", branch="z9hG4bKone", to_tag=message.to.tag or ""), A)
            elif not isinstance(message, Request):
                raise TypeError
            elif message.method == "CANCEL":
                self.cancels.append((_number(target), message.lines("reason")))
                self.box.receive(reply(message, 200), PHONES[_number(target)])
            elif message.method == "ACK":
                self.acks.append(_number(target))
            else:
                self.branches[target] = message

    def answer(self, number: int, status: int, *headers: tuple[str, str]) -> None:
        text = reply(self.branches[PHONES[number]], status, f"phone{number}", headers)
        self.box.receive(text, PHONES[number])
        self.look()

    def fail(self, number: int) -> None:
        invite = self.branches[PHONES[number]]
        self.box.layer.transport_failed(f"{invite.method} {invite.via.branch}", self.box.now)
        self.look()

    def cut_off(self, number: int) -> None:
        """The connection to that phone has closed."""
        self.box.bindings[number + 1].connected = False
        self.box.layer.flow_closed(PHONES[number], self.box.now)
        self.look()

    def cancel(self) -> None:
        """The caller gives up."""
        self.box.receive(request("CANCEL", branch="z9hG4bKone"), A)
        self.look()

    def wait(self, seconds: float) -> None:
        end = self.box.now + seconds
        while (at := self.box.deadlines.next()) is not None and at <= end:
            self.box.pass_time(max(at - self.box.now, 0))
            self.look()
        self.box.pass_time(end - self.box.now)

    @property
    def rung(self) -> set[int]:
        return {_number(target) for target in self.branches}


def _number(target: Target) -> int:
    return PHONES.index(target)  # type: ignore[arg-type]
