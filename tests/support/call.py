"""One call of a fake phone, its dialog included (RFC 3261 sections 12 to 15)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from frontdesk.sip.address import Address
from frontdesk.sip.invite_server_transaction import InviteServerState
from frontdesk.sip.message import Request, Response
from frontdesk.sip.server_transaction import ServerTransaction
from frontdesk.sip.timers import T1, T2, TIMEOUT
from frontdesk.sip.wire import Flow, HostPort

if TYPE_CHECKING:
    from .phone import Phone, Transact

SDP = ("content-type", "application/sdp")


class Call:
    """`state`: calling, ringing, answered (here, no ACK yet), up, over. `result`: the final status of the INVITE."""

    def __init__(self, phone: Phone, call_id: str, remote: str) -> None:
        self.phone = phone
        self.call_id = call_id
        self.state = "calling"
        self.result: int | None = None
        self.bodies: list[bytes] = []
        """Of all that came: offers and answers."""
        self.ack_body = b""
        self.local = f"<sip:{phone.name}@desk.example>;tag={call_id}"
        self.local_tag = call_id
        self.remote = remote
        self.remote_target = ""
        self.route_set: list[str] = []
        self.cseq = 1
        self._request: Transact | None = None
        self._server: ServerTransaction | None = None
        self._gave_up = False

    # -- calling -----------------------------------------------------------------------------------------------------

    def invite(self, body: bytes, to: HostPort) -> None:
        """Sends the INVITE of a new call."""
        invite = self.phone.request("INVITE", self.remote_target, self.remote, self.call_id)
        self._offer(invite, body, to)

    def reinvite(self, body: bytes) -> None:
        """Offers something else, from where the phone now is."""
        self._offer(self._in_dialog("INVITE"), body, self._next_hop())

    def cancel(self, *headers: tuple[str, str]) -> None:
        """Gives up before it is answered."""
        assert self._request is not None
        self._gave_up = True
        self._request.client.cancel(self.phone.now(), headers)

    def hang_up(self) -> None:
        """Ends it by BYE."""
        self.state = "over"
        self.phone.transact(self._in_dialog("BYE"), self._next_hop(), lambda response: None)

    def _offer(self, invite: Request, body: bytes, to: HostPort) -> None:
        invite.replace("contact", [self.phone.contact])
        self._put_body(invite, body)
        self._request = self.phone.transact(invite, to, self._final, self._provisional)

    def _provisional(self, response: Response) -> None:
        if response.status > 100:
            self.state = "ringing"

    def _final(self, response: Response) -> None:
        again = self.result == response.status == 200 and self.cseq == response.cseq.number
        self.result, self.cseq = response.status, response.cseq.number
        if response.status >= 300:
            self.state = "over"
            return
        if not again:
            self._establish(response)
        self._acknowledge(response.cseq.number)
        if self._gave_up and not again:
            self.hang_up()

    def _establish(self, response: Response) -> None:
        self.state = "up"
        self.remote = response.required("to")
        self.route_set = list(reversed(response.values("record-route")))
        self._take(response)

    def _acknowledge(self, number: int) -> None:
        ack = self._in_dialog("ACK", number)
        self._put_body(ack, self.ack_body)
        ack.replace("content-length", [str(len(ack.body))])
        self.phone.send(ack, self._next_hop())

    # -- called ------------------------------------------------------------------------------------------------------

    @classmethod
    def incoming(cls, phone: Phone, invite: Request, flow: Flow) -> Call:
        """A call that comes in; the phone's script answers it."""
        call = cls(phone, invite.call_id, invite.required("from"))
        call.local_tag = f"{phone.name}-{len(phone.calls)}"
        call.local = f"{invite.required('to')};tag={call.local_tag}"
        call.route_set = invite.values("record-route")
        call._take(invite)
        call._open(invite, flow)
        script, phone.first = phone.script if phone.first is None else phone.first, None
        for after, status in script:
            phone.deadlines.set(phone.now() + after, partial(call._step, status))
        return call

    def serve(self, request: Request, flow: Flow) -> None:
        """A request inside the dialog."""
        if request.method == "INVITE":
            self._take(request)
            self._open(request, flow)
            self._accept(self.phone.now())
            return
        if request.method == "BYE":
            self.state = "over"
        self.phone.layer.answer(request, flow, Response.to_request(request, 200), self.phone.now())

    def acknowledged(self, ack: Request) -> None:
        """The ACK to its 2xx came."""
        if self.state == "answered":
            self.state = "up"
            if ack.body:
                self.bodies.append(ack.body)

    def refuse(self, status: int) -> None:
        """Answers with something above 299."""
        self.state, self.result = "over", status
        self._respond(status)

    def _open(self, invite: Request, flow: Flow) -> None:
        self._server = self.phone.layer.server(invite, flow, self.phone.now())
        self._server.context = self

    def _step(self, status: int, now: float) -> None:
        assert self._server is not None
        if self._server.state is not InviteServerState.PROCEEDING:
            return
        if status < 200:
            self.state = "ringing"
            self._respond(status)
        elif status < 300:
            self._accept(now)
        else:
            self.refuse(status)

    def _accept(self, now: float) -> None:
        self.state, self.result = "answered", 200
        self._repeat(self._respond(200), T1, now + TIMEOUT, now)

    def _repeat(self, response: Response, interval: float, until: float, now: float) -> None:
        # Section 13.3.1.4: the 2xx is repeated until its ACK comes; without one the call is ended.
        if self.state != "answered" or self._server is None or self._server.request.cseq != response.cseq:
            return
        if now >= until:
            self.hang_up()
        elif now > until - TIMEOUT:
            self._server.respond(response, now)
        again = partial(self._repeat, response, min(2 * interval, T2), until)
        self.phone.deadlines.set(min(now + interval, until), again)

    def _respond(self, status: int) -> Response:
        assert self._server is not None
        request = self._server.request
        headers = [("record-route", value) for value in request.lines("record-route")]
        headers += [("contact", self.phone.contact)] if status < 300 else self.phone.extra
        response = Response.to_request(request, status, headers=headers, to_tag=self.local_tag)
        if 200 <= status < 300:
            self._put_body(response, b"v=0\r\ns=answer\r\n")
            response.replace("content-length", [str(len(response.body))])
        self._server.respond(response, self.phone.now())
        return response

    # -- the dialog --------------------------------------------------------------------------------------------------

    def _in_dialog(self, method: str, cseq: int = 0) -> Request:
        if not cseq:
            self.cseq += 1
        request = self.phone.request(method, self.remote_target, self.remote, self.call_id, cseq or self.cseq)
        request.replace("from", [self.local])
        request.replace("route", self.route_set)
        return request

    def _next_hop(self) -> HostPort:
        uri = Address.parse(self.route_set[0]).uri if self.route_set else Address.parse(f"<{self.remote_target}>").uri
        return uri.host, uri.port or 5060

    def _take(self, message: Request | Response) -> None:
        # The target is refreshed by each INVITE and its 2xx (section 12.2).
        self.remote_target = str(Address.parse(message.required("contact")).uri)
        self.bodies.append(message.body)

    def _put_body(self, message: Request | Response, body: bytes) -> None:
        if body:
            message.body = body
            message.replace(SDP[0], [SDP[1]])
