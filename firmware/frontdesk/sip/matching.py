"""Which transaction a message belongs to, as keys of dictionaries (RFC 3261 sections 17.1.3 and 17.2.3).

A key holds the method, so that a CANCEL, which shares the INVITE's branch, is a transaction of its own.
"""

from __future__ import annotations

import re

from .message import Request, Response
from .via import Via

_OWN_REQUEST = re.compile(rb"([A-Z]+) [^\r\n]+ SIP/2\.0\r\nVia: [^\r\n,]*;branch=([-.\w]+)")


def client_key(branch: str, method: str) -> str:
    """Branch and CSeq method (17.1.3)."""
    return f"{method} {branch}"


def response_key(response: Response) -> str:
    """The key of the client transaction that a response is for. Raises ParseError."""
    return client_key(response.branch, response.cseq.method)


def own_key(data: bytes) -> str | None:
    """The key of the client transaction whose request begins with these bytes; None: they are no request's of ours."""
    match = _OWN_REQUEST.match(data)
    return client_key(match[2].decode("ascii"), match[1].decode("ascii")) if match else None


def server_key(request: Request, method: str | None = None) -> str:
    """Branch, sent-by and method (17.2.3); `method`: INVITE, for what an ACK or CANCEL is about. Raises ParseError."""
    name = request.transaction_name
    if name is None:
        return _old_key(request, method or request.method, request.to.tag)
    return f"{method or request.method} {name}"


def key_below(request: Request) -> str:
    """Of the request that this one was made from by the proxy that has put the top Via. Raises ParseError."""
    via = Via.parse(request.values("via")[1])
    return f"{request.method} {via.host}:{via.port} {via.branch}"


def ack_keys(ack: Request) -> tuple[str, ...]:
    """The keys of the INVITE server transactions that an ACK may be for. Raises ParseError.

    An old phone's ACK has the To tag of the response, which its INVITE had only inside a dialog.
    """
    if ack.transaction_name is not None:
        return (server_key(ack, "INVITE"),)
    return _old_key(ack, "INVITE", ack.to.tag), _old_key(ack, "INVITE", None)


def _old_key(request: Request, method: str, to_tag: str | None) -> str:
    # RFC 2543 phones: Request-URI, To tag, From tag, Call-ID, CSeq and top Via. No value can hold a line end.
    via = request.via
    sent_by = f"{via.transport} {via.host}:{via.port} {via.branch}"
    cseq = f"{request.cseq.number} {method}"
    return "\n".join((request.uri_text, to_tag or "", request.from_.tag or "", request.call_id, cseq, sent_by))
