"""What follows an INVITE to the same hop: the ACK to a refusal, and the CANCEL (RFC 3261 sections 17.1.1.3 and 9.1)."""

from __future__ import annotations

from collections.abc import Iterable

from .grammar import split_unquoted
from .message import NO_BODY, Field, Request, Response, make_field

_MAX_FORWARDS = make_field("max-forwards", "70")


def ack_to(invite: Request, response: Response) -> Request:
    """The ACK to a 300-699 response: the INVITE's own, but for the response's To."""
    to = [field for field in response.fields if field[0] == "to"][:1]
    return _same_hop(invite, "ACK", to)


def cancel_of(invite: Request, headers: Iterable[tuple[str, str]] = ()) -> Request:
    """The CANCEL of an INVITE; `headers`: Reason lines (RFC 3326). Require and Proxy-Require are left out."""
    to = [field for field in invite.fields if field[0] == "to"][:1]
    return _same_hop(invite, "CANCEL", [*to, *(make_field(name, value) for name, value in headers)])


def _same_hop(invite: Request, method: str, more: list[Field]) -> Request:
    # Only the top Via: this request ends at the next hop. The Route is kept for stateless proxies on the way.
    via = make_field("via", split_unquoted(invite.required("via"), ",")[0])
    kept = [field for field in invite.fields if field[0] in ("route", "from", "call-id")]
    cseq = make_field("cseq", f"{invite.cseq.number} {method}")
    return Request(method, invite.uri_text, [via, _MAX_FORWARDS, *kept, *more, cseq, NO_BODY])
