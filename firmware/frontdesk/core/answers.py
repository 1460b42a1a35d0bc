"""What the box answers in its own name (RFC 3261 sections 8.2.6, 8.2.7 and 11.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from ..registrar import SUPPORTED, unsupported
from ..sip.checks import METHODS
from ..sip.errors import Rejection
from ..sip.message import NO_BODY, Request, Response
from ..sip.plain_request import PlainRequest
from ..sip.response_target import response_target
from ..sip.server_transaction import Room
from ..sip.status import reason_phrase
from ..sip.transaction import EACH
from ..sip.transaction_layer import TransactionLayer
from ..sip.wire import Flow, Send

OWN_METHODS = "REGISTER, OPTIONS"
"""What the box itself does; everything else it passes on to phones."""
OPTIONS_HEADERS = [
    ("accept", "application/sdp"), ("accept-encoding", "identity"), ("accept-language", "en"),
    ("supported", ", ".join(SUPPORTED)),
]  # fmt: skip
"""Of the 200 to an OPTIONS that asks the box itself. No Allow: a proxy passes any method on (section 11.2)."""
_ASKED = f"SIP/2.0 407 {reason_phrase(407)}".encode()
_NO_BODY = f"{NO_BODY[2]}\r\n\r\n".encode()


class Answers:
    """Responses, and how they leave: by a transaction, or stateless for a stranger."""

    def __init__(self, layer: TransactionLayer, room: Room, key: bytes, send: Callable[[Send], None]) -> None:
        self._layer = layer
        self._room = room
        self._tags = hashlib.blake2s(key=key[:32], digest_size=8, person=b"totag")
        self._send = send

    def response(
        self, request: Request, status: int, reason: str | None = None, headers: Iterable[tuple[str, str]] = ()
    ) -> Response:
        """The answer with a To tag that is the same for each copy of a request (section 8.2.7). Raises ParseError."""
        return Response.to_request(request, status, reason, headers, self._tag(request))

    def _tag(self, request: Request) -> str:
        tag = self._tags.copy()
        tag.update(b" ".join((request.said("call-id"), request.said("from"))))
        return tag.hexdigest()

    def reject(self, request: Request, flow: Flow, rejection: Rejection, now: float, sender: str | None) -> None:
        """The one place where a refusal becomes an answer, which a transaction repeats for each retransmission, counted
        for `sender`. That of a stranger, None, is stateless (section 26.3.2.4). Raises ParseError."""
        response = self.response(request, rejection.status, rejection.reason, rejection.headers)
        if sender is None:
            self._send(Send(response.encode(), response_target(request, flow)))
        elif request.method != "INVITE":
            self._layer.answer(request, flow, response, now)
        else:
            transaction = self._layer.server(request, flow, now)
            transaction.take(self._room, sender, EACH)
            transaction.respond(response, now)
            transaction.let_go()

    def challenge(self, request: PlainRequest, flow: Flow, headers: bytes) -> None:
        """The same for an INVITE of the usual form that lacks credentials; `headers`: the challenges."""
        answer = request.answer(_ASKED, headers + _NO_BODY, self._tag(request))
        self._send(Send(answer, response_target(request, flow)))

    def ask_the_box(self, request: Request, flow: Flow) -> None:
        """A request to the box itself. Raises Rejection for a method that it does not do (section 8.2.1)."""
        if request.method == "OPTIONS":
            lacking = unsupported(request)
            response = self.response(request, 420 if lacking else 200, headers=lacking or OPTIONS_HEADERS)
            # Anybody may ask this, so its answer is stateless: what were kept would push out the answers of phones.
            self._send(Send(response.encode(), response_target(request, flow)))
            return
        raise Rejection(405 if request.method in METHODS else 501, headers=[("Allow", OWN_METHODS)])
