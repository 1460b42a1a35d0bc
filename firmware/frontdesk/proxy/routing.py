"""Route information preprocessing: the box's own Routes come off, strict routers are put right (RFC 3261, 16.4)."""

from __future__ import annotations

from dataclasses import dataclass

from ..directory import Directory
from ..sip.address import Address
from ..sip.errors import ParseError, Rejection
from ..sip.message import Request
from ..sip.uri import Uri
from .loop import loop_hash
from .record_route import MIN_LENGTH, Dialog, Tokens


@dataclass(slots=True)
class Routed:
    """What the Routes of a request say."""

    request: Request
    """What to go on with: without the box's own Routes. The received one stays as it is."""
    dialog: Dialog | None
    """The good token among them: it goes to that side."""
    route: Uri | None
    """The first Route that is left, which is not the box's."""
    own: bool
    """Whether the Request-URI is at the box: itself, or one of its accounts."""
    second_part: str
    """Of the branches: the loop hash, taken from the request as it was received (RFC 5393 section 4.2.1)."""


def is_own(uri: Uri, directory: Directory) -> bool:
    """Whether a Request-URI names the box itself and nobody at it."""
    return not uri.user and directory.serves(uri.host, uri.port)


def preprocess(request: Request, directory: Directory, tokens: Tokens) -> Routed:
    """Takes the box's own Routes off. Raises Rejection(400) for a Route that cannot be read."""
    second_part = "" if request.method == "REGISTER" else loop_hash(request)
    request = request.copy()
    dialog = _strict_router(request, tokens)
    route: Uri | None = None
    for value in request.values("route"):
        route = _uri(value)
        good = _token(route, request, tokens)
        # A phone's preloaded Route to the box carries no token: baresip, Linphone (outbound proxy). Two in a row are a
        # double Record-Route (RFC 5658 section 5) or a spiral's: the last leads on.
        if good is None and not directory.serves(route.host, route.port):
            break
        request.remove_first("route")
        dialog, route = good or dialog, None
    # maddr is not honoured: a request goes where the box knows, not where its sender points.
    own = route is None and directory.serves(request.uri.host, request.uri.port)
    return Routed(request, dialog, route, own, second_part)


def _strict_router(request: Request, tokens: Tokens) -> Dialog | None:
    """The Request-URI is a Record-Route of the box: the last Route takes its place, as if it had been received so."""
    dialog = _token(request.uri, request, tokens)
    if dialog is not None:
        routes = request.values("route")
        if not routes:
            raise Rejection(400, "a strict router left no Route")
        request.retarget(str(_uri(routes.pop())))
        request.replace("route", routes)
    return dialog


def _token(uri: Uri, request: Request, tokens: Tokens) -> Dialog | None:
    # A good token is the box's whatever host it stands at: the box may have got another address during a call.
    user = uri.user
    return tokens.verify(user, request) if user and len(user) >= MIN_LENGTH else None


def _uri(value: str) -> Uri:
    try:
        return Address.parse(value).uri
    except ParseError as error:
        raise Rejection(400, f"a Route cannot be read: {error}") from error
