"""A small user agent on the fake wire: registers, calls, answers by a script (RFC 3261 sections 8 to 15, and 22)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from itertools import count

from frontdesk.sip.client_transaction import ClientTransaction
from frontdesk.sip.invite_server_transaction import InviteServerState
from frontdesk.sip.message import Request, Response, make_field
from frontdesk.sip.parser import parse_message
from frontdesk.sip.timers import Deadlines
from frontdesk.sip.transaction_layer import TransactionLayer
from frontdesk.sip.wire import Destination, Flow, HostPort, Send

from .box import BOX, REALM
from .call import Call
from .clock import FakeClock
from .digest_answer import Answerer
from .wire import Wire

Heard = Callable[[Response], None]
Step = tuple[float, int]
"""Seconds after the INVITE, and the status to answer then."""

CHALLENGES = {401: ("www-authenticate", "Authorization"), 407: ("proxy-authenticate", "Proxy-Authorization")}
TIMED_OUT = 408
"""The result of a request that got no final response (section 8.1.3.1)."""


class Phone:
    """One phone. `script` says how it answers a call; `results` are the final statuses of its REGISTERs."""

    def __init__(
        self, name: str, address: HostPort, clock: FakeClock, wire: Wire, *, seen: HostPort | None = None
    ) -> None:
        self.name = name
        self.address = address
        self.transport = "udp"
        self.password = f"{name}'s secret"
        self.registration = f"{name}-registration"  # the Call-ID of its REGISTERs
        self.script: list[Step] = [(0.1, 180), (1.0, 200)]
        self.first: list[Step] | None = None  # how it answers its next call alone
        self.extra: list[tuple[str, str]] = []  # headers of its refusals
        self.results: list[int] = []
        self.calls: list[Call] = []
        self.answerers: dict[str, Answerer] = {}
        self.clock = clock
        self.deadlines = Deadlines()
        self.layer = TransactionLayer(self.deadlines, self._send)
        self.numbers = count(1)
        self._wire = wire
        self._seen = seen or address  # where its router puts it
        wire.attach(name, self._seen, self._receive)
        clock.drive(self.deadlines.next, self.deadlines.handle)

    # -- what it is told to do ---------------------------------------------------------------------------------------

    def register(self, *contacts: str, expires: int | None = 3600) -> None:
        """Registers its own Contact, or these; `register("")` asks for what there is."""
        register = self.request("REGISTER", f"sip:{REALM}", f"<sip:{self.name}@{REALM}>", self.registration)
        register.replace("contact", filter(None, contacts or (self.contact,)))
        if expires is not None and contacts != ("",):
            register.replace("expires", [str(expires)])
        self.transact(register, BOX, lambda response: self.results.append(response.status))

    def call(self, user: str, body: bytes = b"v=0\r\n", to: HostPort = BOX) -> Call:
        """Calls somebody at the box, or through another proxy."""
        call = Call(self, f"{self.name}-call{next(self.numbers)}", f"<sip:{user}@{REALM}>")
        call.remote_target = f"sip:{user}@{REALM}"
        self.calls.append(call)
        call.invite(body, to)
        return call

    # -- messages ----------------------------------------------------------------------------------------------------

    @property
    def contact(self) -> str:
        parameter = "" if self.transport == "udp" else f";transport={self.transport}"
        return f"<sip:{self.name}@{self.address[0]}:{self.address[1]}{parameter}>"

    def request(self, method: str, uri: str, to: str, call_id: str, cseq: int = 0) -> Request:
        """A request outside a dialog, its From tag the Call-ID's."""
        sent_by = f"{self.transport.upper()} {self.address[0]}:{self.address[1]}"
        fields = [
            ("via", f"SIP/2.0/{sent_by};rport;branch=z9hG4bK-{self.name}-{next(self.numbers)}"),
            ("max-forwards", "70"),
            ("from", f"<sip:{self.name}@{REALM}>;tag={call_id}"),
            ("to", to),
            ("call-id", call_id),
            ("cseq", f"{cseq or next(self.numbers)} {method}"),
        ]
        return Request(method, uri, [make_field(*field) for field in fields])

    def transact(self, request: Request, to: HostPort, final: Heard, provisional: Heard | None = None) -> Transact:
        """Sends a request; challenges are answered, but not twice (section 22.2)."""
        return Transact(self, request, to, final, provisional)

    def send(self, request: Request, to: HostPort) -> None:
        """Sends an ACK to a 2xx, which has no transaction."""
        self._send(Send(request.encode(), Destination(*to, self.transport)))

    def now(self) -> float:
        return self.clock.now

    def move(self, address: HostPort) -> None:
        """From now on it sits at another address."""
        self.address = self._seen = address
        self._wire.attach(self.name, address, self._receive, self.transport)

    def use(self, transport: str) -> None:
        """From now on it speaks over that transport, before it has registered."""
        self.transport = transport
        self.move(self.address)

    def _send(self, send: Send) -> None:
        target = send.target
        address = target.remote if isinstance(target, Flow) else (target.host, target.port or 5060)
        self._wire.post(self._seen, address, send.data)

    # -- what comes --------------------------------------------------------------------------------------------------

    def _receive(self, data: bytes, source: HostPort) -> None:
        message, flow = parse_message(data), Flow(self.transport, self._seen, source)
        if isinstance(message, Response):
            self.layer.receive_response(message, self.now())
        elif isinstance(message, Request) and not self.layer.receive_request(message, self.now()):
            self._serve(message, flow)

    def _serve(self, request: Request, flow: Flow) -> None:
        call = self._find(request)
        if request.method == "ACK":
            if call is not None:
                call.acknowledged(request)
        elif request.method == "CANCEL":
            self._cancelled(request, flow)
        elif request.method == "INVITE" and call is None:
            self.calls.append(Call.incoming(self, request, flow))
        elif call is None:
            self.layer.answer(request, flow, Response.to_request(request, 481, to_tag="nobody"), self.now())
        else:
            call.serve(request, flow)

    def _cancelled(self, cancel: Request, flow: Flow) -> None:
        server = self.layer.invite(cancel, flow)
        status = 481 if server is None else 200
        self.layer.answer(cancel, flow, Response.to_request(cancel, status, to_tag=self.name), self.now())
        if server is not None and server.state is InviteServerState.PROCEEDING and isinstance(server.context, Call):
            server.context.refuse(487)

    def _find(self, request: Request) -> Call | None:
        dialogs = [call for call in self.calls if call.call_id == request.call_id and request.to.tag == call.local_tag]
        return dialogs[0] if dialogs else None


class Transact:
    """One request until its final response: the user of its client transactions."""

    def __init__(
        self, phone: Phone, request: Request, to: HostPort, final: Heard, provisional: Heard | None = None
    ) -> None:
        self.phone = phone
        self.request = request
        self._to = to
        self._final = final
        self._provisional = provisional
        self._asked: set[str] = set()  # realms whose challenge has been answered
        if request.method == "REGISTER":
            known = phone.answerers.values()
            request.replace("authorization", [each.authorize(request.method, request.uri_text) for each in known])
        self.client = self._begin()

    def _begin(self) -> ClientTransaction:
        self.request.replace("content-length", [str(len(self.request.body))])
        target = Destination(*self._to, self.phone.transport)
        return self.phone.layer.client(self.request, target, self, self.phone.now())

    def received(self, client: ClientTransaction, response: Response, now: float) -> None:
        if response.status in CHALLENGES and self._authorize(response):
            self.client = self._begin()
        elif response.status >= 200:
            self._final(response)
        elif self._provisional is not None:
            self._provisional(response)

    def timed_out(self, client: ClientTransaction, now: float) -> None:
        self._final(Response.to_request(self.request, TIMED_OUT))

    failed = cut_off = timed_out

    def found(self, client: ClientTransaction, others: Sequence[Destination], now: float) -> None:
        """It has one proxy."""

    def _authorize(self, response: Response) -> bool:
        asks, answers = CHALLENGES[response.status]
        new = [challenge for challenge in response.lines(asks) if self._is_new(challenge)]
        if not new:
            return False
        request = self.request = deepcopy(self.request)
        for challenge in new:
            answerer = Answerer(self.phone.name, self.phone.password, challenge)
            self._asked.add(answerer.realm)
            self.phone.answerers[answerer.realm] = answerer
        known = [self.phone.answerers[realm] for realm in sorted(self._asked)]
        request.replace(answers.lower(), [each.authorize(request.method, request.uri_text) for each in known])
        request.replace("via", [f"{request.lines('via')[0]}-{response.cseq.number}"])
        request.replace("cseq", [f"{request.cseq.number + 1} {request.method}"])
        return True

    def _is_new(self, challenge: str) -> bool:
        return Answerer("", "", challenge).realm not in self._asked or "stale=true" in challenge
