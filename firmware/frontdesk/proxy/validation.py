"""Whether a request can be proxied at all: RFC 3261 section 16.3, steps 2 to 5 in their order, with RFC 5393.

Step 1, reasonable syntax, is `sip.checks`', for all rooms.
"""

from __future__ import annotations

from ..directory import Directory
from ..sip.errors import ParseError, Rejection
from ..sip.message import Request
from ..sip.plain_request import PlainRequest
from ..sip.uri import SIP_SCHEMES, TEL, service_of
from .loop import detect_loop, incoming_breadth
from .record_route import MIN_LENGTH
from .routing import is_own

# An ACK is never answered and a CANCEL goes hop by hop: they do not fork, and Proxy-Require means nothing (8.2.2.3).
_NOT_CHECKED = frozenset({"ACK", "CANCEL"})
_CHECKED = frozenset({"max-breadth", "proxy-require"})
_CHECKED_OR_ROUTE = _CHECKED | {"route"}


def validate(request: Request, directory: Directory, max_breadth: int) -> None:
    """Raises Rejection with the status of the first step that fails."""
    if isinstance(request, PlainRequest) and _passes(request):
        return
    _uri_scheme(request)
    _max_forwards(request, directory)
    if request.method not in _NOT_CHECKED and not (request.has_one_via and request.lacks(_CHECKED)):
        _loop_detection(request, directory, max_breadth)
        _proxy_require(request)


def _passes(request: PlainRequest) -> bool:
    """Whether nothing is to be said against it in any step: it has one Via, so this is nearly always enough."""
    return request.hops > 0 and request.uri.scheme in SIP_SCHEMES and request.lacks(_CHECKED)


def is_for_an_account(request: PlainRequest) -> bool:
    """Whether nothing is to be said against it here, nor anything of where it goes but for its Request-URI (16.4), and
    that names somebody: short for nearly every request that begins a call."""
    user = request.uri.user
    if not user or len(user) >= MIN_LENGTH:  # of another scheme there is no user, of a strict router a token
        return False
    return request.hops > 0 and request.lacks(_CHECKED_OR_ROUTE)


def _uri_scheme(request: Request) -> None:
    """2. URI scheme check: a number or a service is one of the box's."""
    if request.uri.scheme not in (*SIP_SCHEMES, TEL) and not service_of(request.uri):
        raise Rejection(416)


def _max_forwards(request: Request, directory: Directory) -> None:
    """3. Max-Forwards check: a request to the box itself goes no further anyway, so 0 does it no harm."""
    try:
        hops = request.hops
    except ParseError as error:
        raise Rejection(400, error.reason) from error
    if hops == 0 and not is_own(request.uri, directory):
        raise Rejection(483)


def _loop_detection(request: Request, directory: Directory, max_breadth: int) -> None:
    """4. Loop detection check, and whether any breadth is left (RFC 5393), which the box itself needs none of."""
    detect_loop(request, directory.addresses)
    if incoming_breadth(request, max_breadth) == 0 and not is_own(request.uri, directory):
        raise Rejection(440)


def _proxy_require(request: Request) -> None:
    """5. Proxy-Require check: the box understands no option that could stand there."""
    options = request.values("proxy-require")
    if options:
        raise Rejection(420, headers=[("Unsupported", ", ".join(options))])
