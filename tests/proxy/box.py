"""A proxy between fake phones: real transactions, location and directory; the clock is moved, the wire is a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from frontdesk.directory import Directory
from frontdesk.events import Event, Incoming
from frontdesk.location import LocationService
from frontdesk.model import Account, Binding, CallRecord, Settings
from frontdesk.overload import Room
from frontdesk.proxy import ProxyCore, Routed
from frontdesk.sip.errors import Rejection
from frontdesk.sip.message import Message, Request, Response
from frontdesk.sip.parser import parse_message
from frontdesk.sip.plain_request import plain_request
from frontdesk.sip.timers import Deadlines
from frontdesk.sip.transaction_layer import TransactionLayer
from frontdesk.sip.wire import Flow, Send, Target

BOX = ("192.0.2.1", 5060)
BOX_V6 = ("2001:db8::1", 5060)
KEY = b"k" * 32
SDP = "v=0\r\n"


def udp(host: str, port: int = 5060) -> Flow:
    """The flow of a phone at that address."""
    return Flow("udp", BOX_V6 if ":" in host else BOX, (host, port))


def tcp(host: str, port: int = 49152, connection: int = 1) -> Flow:
    """The connection of a phone at that address."""
    return Flow("tcp", BOX_V6 if ":" in host else BOX, (host, port), connection)


@dataclass
class Who:
    """Who sent a request, as the core would say."""

    account: Account | None = None
    peer: str = ""


@dataclass
class Box:
    """The box without core: a request counts as authenticated by the account in From, unless `who` says otherwise."""

    settings: Settings = field(default_factory=Settings)
    realm: str = "desk.example"
    host: str = BOX[0]

    def __post_init__(self) -> None:
        self.now = 1000.0
        self.wire: list[Send] = []
        self.events: list[Event] = []
        self.incoming: list[Incoming] = []
        self.records: list[CallRecord] = []
        self.kept: list[list[CallRecord]] = []
        self.directory = Directory(self.realm)
        for host in (self.host, BOX_V6[0]):
            for transport in ("udp", "tcp"):
                self.directory.listen(host, 5060, transport)
        self.bindings: list[Binding] = []
        self.deadlines = Deadlines()
        self.layer = TransactionLayer(self.deadlines, self.wire.append)
        self.random: Callable[[], str] = map(str, count(1)).__next__
        self.restart()

    def restart(self) -> None:
        """A new proxy over the same accounts, bindings and key."""
        self.location = LocationService(self.bindings, len(self.bindings) + 1)
        self.proxy = ProxyCore(
            self.location, self.directory, self.layer, Room(), self.deadlines, self.settings, KEY,
            lambda: f"{self.host}x{self.random()}", self.events.append, self.incoming.append,
            self.records.append, self.kept.append,
        )  # fmt: skip

    # -- who is there ------------------------------------------------------------------------------------------------

    def account(self, username: str, *aliases: str, enabled: bool = True) -> Account:
        account = Account(username, f"sip:{username}@{self.realm}", aliases=aliases, enabled=enabled)
        self.directory.put(account)
        return account

    def phone(self, username: str, flow: Flow | None, contact: str = "", **more: object) -> Binding:
        """A binding; the account is made where there is none."""
        if self.directory.account(username) is None:
            self.account(username)
        contact = contact or f"sip:{username}@{_host(flow)}"
        binding = Binding(len(self.bindings) + 1, f"sip:{username}@{self.realm}", contact, "", flow, 3600, 9e9)
        for name, value in more.items():
            setattr(binding, name, value)
        self.bindings.append(binding)
        self.restart()
        return binding

    # -- messages ----------------------------------------------------------------------------------------------------

    def receive(self, text: str | bytes | Message, flow: Flow, who: Who | None = None) -> None:
        """One message, the way that the core takes it; a Rejection becomes an answer."""
        data = text.encode() if isinstance(text, str) else text
        message = plain_request(data, flow) or parse_message(data) if isinstance(data, bytes) else data
        if isinstance(message, Response):
            self.layer.receive_response(message, self.now)
        elif isinstance(message, Request):
            self._receive_request(message, flow, who)

    def _receive_request(self, request: Request, flow: Flow, who: Who | None) -> None:
        request.stamp(flow)
        if self.layer.receive_request(request, self.now):
            return
        try:
            self._serve(request, flow, who)
        except Rejection as rejection:
            response = Response.to_request(request, rejection.status, rejection.reason, rejection.headers, "box")
            if request.method == "INVITE":
                self.layer.server(request, flow, self.now).respond(response, self.now)
            elif request.method != "ACK":
                self.layer.answer(request, flow, response, self.now)

    def _serve(self, request: Request, flow: Flow, who: Who | None) -> None:
        self.proxy.validate(request)
        if request.method == "CANCEL":
            self.proxy.cancel(request, flow, self.now)
            return
        routed = self.proxy.preprocess(request)
        if request.method == "ACK":
            self.proxy.ack(request, routed, flow, self.now)
        else:
            self.proxy.forward(request, routed, flow, self._caller(request, routed, who), "", self.now)

    def _caller(self, request: Request, routed: Routed, who: Who | None) -> Who:
        if who is not None or routed.dialog is not None:
            return who or Who()
        account = self.directory.resolve(request.from_.uri.user or "")
        if account is None:
            raise Rejection(407)
        return Who(account)

    def taken(self) -> list[tuple[Message, Target]]:
        """What the box has sent since the last call."""
        sent = [(message(send), send.target) for send in self.wire]
        self.wire.clear()
        return sent

    def requests(self, method: str = "") -> list[tuple[Request, Target]]:
        """The requests among what was sent; the rest is dropped."""
        sent = [(one, target) for one, target in self.taken() if isinstance(one, Request)]
        return [(one, target) for one, target in sent if not method or one.method == method]

    def request(self, method: str = "") -> Request:
        """The only request of that method that was sent."""
        ((request, _),) = self.requests(method)
        return request

    def responses(self) -> list[Response]:
        """The responses among what was sent; the rest is dropped."""
        return [one for one, _ in self.taken() if isinstance(one, Response)]

    def statuses(self) -> list[int]:
        """The statuses of the responses that were sent; the rest is dropped."""
        return [response.status for response in self.responses()]

    def pass_time(self, seconds: float) -> None:
        """Moves the clock, timer by timer."""
        end = self.now + seconds
        while (at := self.deadlines.next()) is not None and at <= end:
            self.now = max(self.now, at)
            self.deadlines.handle(self.now)
        self.now = end


def message(send: Send) -> Message:
    """What was sent, read back from its bytes."""
    return parse_message(send.data)


def _host(flow: Flow | None) -> str:
    if flow is None:
        return "198.51.100.99"
    host, port = flow.remote
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


_branches = count(1)


def request(
    method: str,
    uri: str = "sip:102@desk.example",
    *,
    caller: str = "101",
    flow: Flow | None = None,
    tag: str = "caller",
    to_tag: str = "",
    call_id: str = "call-1",
    cseq: int = 1,
    routes: Sequence[str] = (),
    headers: Sequence[str] = (),
    branch: str = "",
    to: str = "<sip:102@desk.example>",
    body: str = "",
) -> str:
    """A phone's request."""
    where = flow or udp("192.0.2.11")
    branch = branch or f"z9hG4bKphone{next(_branches)}"
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/{where.transport.upper()} {_host(where)};rport;branch={branch}",
        *(f"Route: {route}" for route in routes),
        f"From: <sip:{caller}@desk.example>;tag={tag}",
        f"To: {to}" + (f";tag={to_tag}" if to_tag else ""),
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
        f"Contact: <sip:{caller}@{_host(where)}>",
        *headers,
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body])


def reply(request: Request, status: int, to_tag: str = "callee", headers: Sequence[tuple[str, str]] = ()) -> Response:
    """A phone's answer: Record-Route echoed, tag set."""
    routes = [("record-route", value) for value in request.lines("record-route")]
    return Response.to_request(request, status, headers=[*routes, *headers], to_tag=to_tag)


def route_set(response: Message, *, callee: bool = False) -> list[str]:
    """The Routes that the caller (or the callee) uses in the dialog (section 12.1)."""
    routes = response.values("record-route")
    return routes if callee else routes[::-1]
