"""Route information preprocessing: the box's own Routes come off, strict routers are put right (RFC 3261, 16.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..directory import Directory
from ..sip.address import Address
from ..sip.errors import ParseError, Rejection
from ..sip.grammar import unescape
from ..sip.message import Request, make_field
from ..sip.uri import SIP_SCHEMES, Uri, at_host, service_of
from .record_route import MIN_LENGTH, Dialog, Tokens


@dataclass(slots=True)
class Routed:
    """What the Routes of a request say."""

    request: Request
    """What to go on with. The received one stays as it is."""
    dialog: Dialog | None
    """The good token among them, of several the last: it goes to that side. Its sender is the first one's."""
    route: Uri | None
    """The first Route that is left, which is not the box's."""
    own: bool
    """Whether the Request-URI is at the box: itself, or one of its accounts."""
    routes_end: bool = False
    """Whether its Routes are all the box's, and do not go on."""


def is_own(uri: Uri, directory: Directory) -> bool:
    """Whether a Request-URI names the box itself and nobody at it."""
    return not uri.user and directory.serves(uri.host, uri.port)


def preprocess(request: Request, directory: Directory, tokens: Tokens) -> Routed:
    """Takes the box's own Routes off; a number (tel) or a service is one at the box. Raises Rejection(400) for a Route
    that cannot be read."""
    routes = request.values("route")
    if request.uri.scheme not in SIP_SCHEMES:
        request = _with_routes(request, _at_the_box(request.uri, directory), routes)
    # maddr is not honoured: a request goes where the box knows, not where its sender points.
    uri, dialog = request.uri, _token(request.uri.user, request, tokens)
    if dialog is not None:
        uri = _last_route(routes)
    elif not routes:
        return Routed(request, None, None, directory.serves(uri.host, uri.port))
    strict = dialog is not None
    own, dialog, route = _own_routes(routes, request, directory, tokens, dialog)
    if not strict and own == len(routes):
        return Routed(request, dialog, None, directory.serves(uri.host, uri.port), routes_end=True)
    rest = _with_routes(request, str(uri) if strict else request.uri_text, routes[own:])
    return Routed(rest, dialog, route, route is None and directory.serves(uri.host, uri.port))


def _at_the_box(uri: Uri, directory: Directory) -> str:
    """The SIP URI of a number, or of a service (RFC 5031): it is dialled by its name, what is a part of it by that of
    the whole where nobody is called so."""
    service = service_of(uri)
    while "." in service and directory.resolve(service) is None:
        service = service.rpartition(".")[0]
    return f"sip:{service}@{directory.realm}" if service else at_host(uri, directory.realm)


def _with_routes(request: Request, uri: str, routes: list[str]) -> Request:
    """The request with another Request-URI and other Routes."""
    fields = [make_field("route", route) for route in routes]
    fields += [field for field in request.fields if field[0] != "route"]
    return Request(request.method, uri, fields, request.body)


def _last_route(routes: list[str]) -> Uri:
    """The Request-URI was a Record-Route of the box, so a strict router sent it: the last Route takes its place."""
    if not routes:
        raise Rejection(400, "a strict router left no Route")
    return _uri(routes.pop())


def _own_routes(
    routes: list[str], request: Request, directory: Directory, tokens: Tokens, dialog: Dialog | None
) -> tuple[int, Dialog | None, Uri | None]:
    """How many Routes on top are the box's, where they lead, and the first one after them.

    Two in a row are a double Record-Route (RFC 5658 section 5) or a spiral's: the last leads on. One without a token is
    a phone's preloaded Route to the box: baresip and Linphone have it for their outbound proxy.
    """
    for number, value in enumerate(routes):
        token = _user(value)
        if dialog is not None and token == dialog.token:
            continue
        # A good token is the box's whatever host it stands at: the box may have got another address during a call.
        good = _token(token, request, tokens)
        uri = None if good is not None else _uri(value)
        if uri is not None and not directory.serves(uri.host, uri.port):
            return number, dialog, uri
        if good is not None:
            dialog = good if dialog is None else replace(good, sender=dialog.sender, is_named=dialog.is_named)
    return len(routes), dialog, None


def _token(user: str | None, request: Request, tokens: Tokens) -> Dialog | None:
    if not user or len(user) < MIN_LENGTH:
        return None
    # Phones may escape what needs no escape, and Twinkle writes %5a for Z: it is the same (section 19.1.4).
    return tokens.verify(unescape(user), request)


def _user(route: str) -> str | None:
    # The box's Record-Route as phones echo it needs no parsing: saves about 5 us of each request in a call.
    return route[5:].partition("@")[0] if route.startswith("<sip:") else _uri(route).user


def _uri(value: str) -> Uri:
    try:
        return Address.parse(value).uri
    except ParseError as error:
        raise Rejection(400, f"a Route cannot be read: {error}") from error
