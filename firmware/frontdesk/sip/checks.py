"""Whether a message that parses is one that can be worked on (RFC 3261 sections 8.1.1, 16.3 step 1 and 18.1.2).

Only what every room needs is looked at; what the registrar or the proxy alone need, they check themselves. Of a
response that is the top Via and CSeq, which say whose it is: all else goes back as it came (section 16.7).
"""

from __future__ import annotations

from .errors import ParseError
from .headers import canonical_name
from .message import Message, Request
from .parser import MAX_VIAS, answerable, parse_message
from .via import Via

MANDATORY = ("via", "from", "to", "call-id", "cseq")
"""Section 8.1.1, but for Max-Forwards, which requests of RFC 2543 lack."""
SINGLE = frozenset({"from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type", "expires"})
"""Headers that hold one value and so stand on one line at most (section 7.3.1)."""
SINGLE_IN_RESPONSES = SINGLE - {"max-forwards", "content-type", "expires"}
"""Of a response only what the box itself reads: a phone that spoils another line goes on ringing where its 200 is lost
(section 16.3 step 1 has a proxy pass over such lines)."""
MAX_IDENTIFIER = 512
"""Bytes of a Call-ID or tag: the call list keeps them for a day, and no phone needs a quarter of that."""
MAX_URI = 1024
"""Characters of a Request-URI, as of a Contact."""
METHODS = frozenset({
    "REGISTER", "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "PRACK", "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "REFER",
    "MESSAGE", "UPDATE",
})  # fmt: skip
"""The methods that have an RFC."""


def read_message(data: bytes) -> Message:
    """Parses and checks one message. Raises ParseError, with a `request` where the sender is owed an answer."""
    message = parse_message(data)
    check(message)
    return message


def check(message: Message) -> None:
    """Raises ParseError for a message that lacks what it must have; itself is `request` where it can be answered."""
    try:
        _check_fields(message)
        if isinstance(message, Request):
            _check_request(message)
    except ParseError as error:
        error.request = answerable(message)
        raise


def _check_fields(message: Message) -> None:
    values = message.index()
    for key in MANDATORY:
        if not values.get(key):
            raise ParseError(f"{canonical_name(key)} is missing")
    if len(values) != len(message.fields):
        single = SINGLE if isinstance(message, Request) else SINGLE_IN_RESPONSES
        _check_repeated([field[0] for field in message.fields], single)
    message.via  # noqa: B018 - views are made here, kept, and raise where they cannot be made
    message.cseq  # noqa: B018


def _check_repeated(keys: list[str], single: frozenset[str]) -> None:
    for key in keys:
        if key in single and keys.count(key) > 1:
            raise ParseError(f"{canonical_name(key)} stands there more than once")


def _check_lower_vias(request: Request) -> None:
    if "," not in request.required("via") and len(request.index()) == len(request.fields):
        return
    vias = request.values("via")
    if len(vias) > MAX_VIAS:
        raise ParseError(f"more than {MAX_VIAS} Vias", 513)
    for via in vias[1:]:
        Via.parse(via)


def _check_request(request: Request) -> None:
    _check_lower_vias(request)
    request.from_  # noqa: B018
    request.to  # noqa: B018
    if len(request.uri_text) > MAX_URI and request.to.tag is None:  # within a dialog it is what the other has told
        raise ParseError(f"the Request-URI has more than {MAX_URI} characters", 414)
    if request.uri.headers:
        raise ParseError("the Request-URI holds headers")  # RFC 4475 section 3.1.2.11
    if max(map(len, (request.call_id, request.from_.tag or "", request.to.tag or ""))) > MAX_IDENTIFIER:
        raise ParseError(f"a Call-ID or tag has more than {MAX_IDENTIFIER} bytes")
    method = request.cseq.method
    if method != request.method:
        status = 400 if request.method in METHODS else 501  # RFC 4475 section 3.1.2.18
        raise ParseError(f"CSeq names {method[:20]!r}, not the request's method", status)
