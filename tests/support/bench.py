"""A transaction layer alone on the bench: what it sends and what it tells its user is written down with the time."""

from __future__ import annotations

from collections.abc import Sequence

from frontdesk.sip.client_transaction import ClientTransaction
from frontdesk.sip.message import Request, Response
from frontdesk.sip.parser import parse_message
from frontdesk.sip.timers import Deadlines
from frontdesk.sip.transaction_layer import TransactionLayer
from frontdesk.sip.wire import Destination, Flow, Send

from .clock import FakeClock

UDP = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.10", 5060))
TCP = Flow("tcp", ("192.0.2.1", 5060), ("192.0.2.10", 40000), 7)

TEMPLATE = """{method} sip:bob@192.0.2.10 SIP/2.0
Via: SIP/2.0/{transport} {sent_by};branch={branch}
Via: SIP/2.0/UDP phone.example;branch=z9hG4bKfirst
Max-Forwards: 69
Route: <sip:next.example;lr>
From: Alice <sip:alice@example.com>;tag=9fxced76sl
To: Bob <sip:bob@example.com>{to_tag}
Call-ID: 3848276298220188511
CSeq: {cseq} {method}
Contact: <sip:alice@phone.example>
Require: path
Content-Length: 0

"""


def request(
    method: str = "OPTIONS",
    branch: str = "z9hG4bKbox1",
    *,
    sent_by: str = "192.0.2.10",
    transport: str = "UDP",
    to_tag: str = "",
    cseq: int = 2,
) -> Request:
    """A request as a phone or this box would send it."""
    tag = f";tag={to_tag}" if to_tag else ""
    text = TEMPLATE.format(method=method, branch=branch, sent_by=sent_by, transport=transport, to_tag=tag, cseq=cseq)
    message = parse_message(text.replace("\n", "\r\n").encode())
    assert isinstance(message, Request)
    return message


def response(to: Request, status: int, to_tag: str = "314159") -> Response:
    """The response to it; nobody answers ACK."""
    return Response.to_request(to, status, to_tag=to_tag if status > 100 else None)


class Bench:
    """The layer, its clock, and a user for its client transactions."""

    def __init__(self) -> None:
        self.clock = FakeClock(0.0)
        self.deadlines = Deadlines()
        self.clock.drive(self.deadlines.next, self.deadlines.handle)
        self.sent: list[tuple[float, Send]] = []
        self.told: list[tuple[float, str]] = []
        self.layer = TransactionLayer(self.deadlines, self._send)

    def _send(self, send: Send) -> None:
        self.sent.append((self.clock.now, send))

    # -- what went out -----------------------------------------------------------------------------------------------

    @property
    def lines(self) -> list[tuple[float, str]]:
        """When, and the first two words of the start line without the version: (0.5, "INVITE sip:bob@192.0.2.10")."""
        return [(at, _short(send)) for at, send in self.sent]

    def times(self, start: str) -> list[float]:
        """When messages went out whose start line has that first word or status."""
        return [at for at, line in self.lines if line.split()[0] == start]

    def message(self, start: str) -> Request | Response:
        """The last of those."""
        send = [send for _, send in self.sent if _short(send).split()[0] == start][-1]
        message = parse_message(send.data)
        assert isinstance(message, Request | Response)
        return message

    # -- the user of client transactions -----------------------------------------------------------------------------

    def received(self, client: ClientTransaction, response: Response, now: float) -> None:
        self.told.append((now, str(response.status)))

    def timed_out(self, client: ClientTransaction, now: float) -> None:
        self.told.append((now, "timed out"))

    def failed(self, client: ClientTransaction, now: float) -> None:
        self.told.append((now, "failed"))

    def cut_off(self, client: ClientTransaction, now: float) -> None:
        self.told.append((now, "cut off"))

    def found(self, client: ClientTransaction, others: Sequence[Destination], now: float) -> None:
        self.told.append((now, f"{len(others)} others"))


def _short(send: Send) -> str:
    line = send.data.partition(b"\r\n")[0].decode()
    return line.removeprefix("SIP/2.0 ").removesuffix(" SIP/2.0")
