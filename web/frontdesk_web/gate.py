"""Who may come in: every request passes here, and each check is for all routes."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

from bottle import HTTPError, HTTPResponse, request, response

from frontdesk.control import Role, VerbError
from frontdesk.control.throttle import Crowded, Throttled

from . import language, typed
from .language import N_
from .route import SMALL, Need, Route
from .sessions import Session
from .visit import House, Visit

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_log = logging.getLogger("frontdesk")
SAFE = ("GET", "HEAD")
LIVE = "/live"
"""What the overview asks for by itself, every few seconds."""
ON = "frontdesk.on"
"""In the environ: the page where whoever is refused goes on."""
FIELD = 1 << 16
"""Characters of one field of a form."""


def enter(house: House, route: Route, page: str, /, **named: str) -> Any:
    """One request: looked at, then done. `page`: where its form is, a path of Bottle's. The unforeseen is told
    in the log, and is a 500."""
    try:
        return _entered(house, route, page, named)
    except HTTPResponse:
        raise
    except Exception:
        _log.exception("a page failed: %s", route.path)
        raise HTTPError(500) from None


def _entered(house: House, route: Route, page: str, named: Mapping[str, str]) -> Any:
    request.environ[ON] = re.sub(r"<(\w+)>", lambda match: quote(named[match[1]], safe=""), page)
    source = request.environ.get("REMOTE_ADDR", "")
    host = host_of(request.environ.get("HTTP_HOST", ""))
    if not host:  # RFC 9112 section 3.2
        raise HTTPError(400)
    if not house.site.knows(host):
        raise _misdirected(house, _written(host[:80]))
    _check_size(route)
    loopback = _is_loopback(source)
    if request.environ.get("frontdesk.sibling") and not loopback and not route.beside:
        if request.method in SAFE:
            go("/trust")
        raise refused(403, N_("Nothing is changed over http: this box has https."))
    visit = _visit(house, host, source, loopback)
    if route.need in (Need.READ_TOKEN, Need.ADMIN_TOKEN):
        return route.run(visit, **named)  # With a token of its own; cookies open nothing there.
    if request.method not in SAFE:
        _check_origin(host)
    if route.need is not Need.NOTHING and not is_in(visit, route.need):
        return _ask_who(visit, route)
    if route.need is Need.ADMIN and visit.role is not Role.ADMIN:
        raise refused(403, N_("Only an administrator may do that."))
    if request.method == "POST":  # Read only now: nobody else holds a worker with a long body.
        _read_form(visit)
    return _run(visit, route, named)


def _run(visit: Visit, route: Route, named: Mapping[str, str]) -> Any:
    if request.method in SAFE:
        typed.bring_back(visit)
    try:
        if request.method not in SAFE and not _is_of_session(visit, route):
            raise OldForm(typed.OLD)
        shown = route.run(visit, **named)
    except VerbError as error:
        status = STATUSES.get(type(error), 400)
        if route.again is None:
            raise Refusal(status, visit.said(error)) from None
        visit.error = visit.said(error)
        visit.form = visit.form if route.typed else {}
        response.status = status
        shown = route.again(visit, **named)
    for name, value in visit.headers.items():
        response.set_header(name, value)
    return shown


def spoken_language() -> str:
    """What the browser prefers."""
    return language.preferred(request.environ.get("HTTP_ACCEPT_LANGUAGE", ""))


class OldForm(VerbError):
    """A form without the token of the session that sends it."""


STATUSES = {OldForm: 403, Throttled: 429, Crowded: 429}
"""Of what is refused; 400 is that of all else."""


class Refusal(HTTPError):  # type: ignore[misc]
    """With a sentence in the browser's language."""


def refused(status: int, text: str, *, page: str = "", **words: object) -> Refusal:
    """One sentence, in the browser's language. `page`: where one goes on, if not at the form."""
    request.environ[ON] = page or request.environ.get(ON, "/")
    return Refusal(status, language.catalog(spoken_language()).gettext(text).format(**words))


def _misdirected(house: House, host: str) -> Refusal:
    """The names that the box has are not told: whoever asks may be a stranger, and they may be many."""
    if house.box.settings.web_names:
        text = N_("This box is not known as {host}: `web.names` makes it so, with {host} behind the names that it has.")
        return refused(421, text, host=host)
    line = house.spoken("config stage", {"key": "web.names", "value": host})
    return refused(421, N_("This box is not known as {host}: `{line}` makes it so."), host=host, line=line)


def go(path: str) -> NoReturn:
    """Sends the browser on."""
    answer = response.copy(cls=HTTPResponse)
    answer.status = 303
    answer.set_header("Location", path)
    raise answer


def local(page: str) -> str:
    """A path of this box, whatever it was: no browser takes it for another host."""
    return "/" + quote(page.lstrip("/"), safe="/?=&%+,:;@~")


# -- what a request says -----------------------------------------------------------------------------------------------


def host_of(header: str) -> str:
    """The host of a Host header, in small letters and with no port."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def _written(host: str) -> str:
    """As it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def _host_of_origin(origin: str) -> str:
    """The host of an Origin header (RFC 6454 section 7); empty: it has none."""
    try:
        return host_of(urlsplit(origin).netloc)
    except ValueError:
        return ""


def _is_loopback(source: str) -> bool:
    try:
        return ip_address(source).is_loopback
    except ValueError:
        return False


def _visit(house: House, host: str, source: str, loopback: bool) -> Visit:
    secure = request.environ.get("wsgi.url_scheme") == "https"
    allowed = not house.site.https_port and house.box.settings.web_allow_plain
    name = spoken_language()
    cookie = request.get_cookie(cookie_name(secure)) or ""
    return Visit(
        house,
        path=request.path,
        host=_written(host),
        source=source,
        query=_decoded(lambda: request.query),
        loopback=loopback,
        secure=secure,
        may_log_in=secure or loopback or allowed,
        texts=language.catalog(name),
        language=name,
        cookie=cookie,
        session=_session(house, cookie) if cookie else None,
    )


def _session(house: House, cookie: str) -> Session | None:
    return house.sessions.find(cookie, house.box.admin.epoch, by_itself=request.path == LIVE)


def _read_form(visit: Visit) -> None:
    visit.form = {key: value[:FIELD] for key, value in _decoded(lambda: request.forms).items()}
    visit.files = {key: upload.file.read() for key, upload in request.files.items()}


def _decoded(fields: Callable[[], Any]) -> dict[str, str]:
    try:
        found = dict(fields().decode())
    except (UnicodeError, LookupError):  # or in a character set that nobody knows
        raise refused(400, N_("That is no text in UTF-8.")) from None
    if None in found:  # RFC 7578 section 4.2: each part has a name
        raise HTTPError(400)
    return found


# -- cookies -----------------------------------------------------------------------------------------------------------


def cookie_name(secure: bool) -> str:
    """With the prefix that keeps other hosts from setting it (RFC 6265bis section 4.1.3.2)."""
    return "__Host-frontdesk" if secure else "frontdesk"


def begin(visit: Visit, role: Role, **options: Any) -> Session:
    """Logs the visitor in, or in anew: an administrator's cards stay."""
    if visit.cookie:
        visit.house.sessions.end(visit.cookie)
    cookie, session = visit.house.sessions.begin(role, visit.box.admin.epoch, **options)
    _set_cookie(visit, cookie)
    if visit.session is not None and role is Role.ADMIN:
        session.cards, session.made = visit.session.cards, visit.session.made
    visit.session = session
    return session


def end(visit: Visit) -> None:
    """Logs the visitor out."""
    visit.house.sessions.end(visit.cookie)
    visit.session = None
    _set_cookie(visit, "", max_age=0)


def _set_cookie(visit: Visit, value: str, **options: Any) -> None:
    name = cookie_name(visit.secure)
    response.set_cookie(name, value, path="/", httponly=True, samesite="strict", secure=visit.secure, **options)


# -- checks ------------------------------------------------------------------------------------------------------------


def _check_size(route: Route) -> None:
    if request.method in SAFE:
        return
    length = request.environ.get("CONTENT_LENGTH") or "0"  # Unsaid, there is no body (RFC 9112 section 6.3).
    if request.environ.get("HTTP_TRANSFER_ENCODING") or not length.isdecimal():
        raise refused(411, N_("The length of what is sent has to be said."))
    if int(length) > route.most:
        text = N_("That is more than {most} KiB; the command line takes larger files.")
        raise refused(413, text, most=route.most >> 10)


def _ask_who(visit: Visit, route: Route) -> str:
    """For the password, or for the code of first boot; what was typed into a form goes through there."""
    if is_in(visit):  # First boot is over, and it was his: a step that a browser has gone back to, or sent twice.
        go("/ready" if visit.role is Role.ADMIN else "/")
    is_set, page = visit.box.admin.is_set, request.environ[ON]
    if request.method in SAFE or route.again is None:
        go(_login(route, _asked() if request.method in SAFE else page) if is_set else "/welcome")
    is_over = is_set and route.need is Need.CODE
    if route.typed and route.most == SMALL and not is_over:
        _read_form(visit)
    visit.form = {"next": "" if is_over else page} | typed.carried(visit.form)
    visit.error = visit.texts.gettext(typed.ENDED)
    response.status = 403
    return typed.ask_who(visit)


def is_in(visit: Visit, need: Need = Need.VIEWER) -> bool:
    """Whether the visitor is logged in; or at first boot, with its code."""
    session, is_set = visit.session, visit.box.admin.is_set
    if need is Need.CODE:
        return session is not None and session.answers is not None and not is_set
    return session is not None and session.answers is None and is_set


def _asked() -> str:
    query = request.environ.get("QUERY_STRING", "")
    return quote(request.path) + (f"?{query}" if query else "")


def _login(route: Route, page: str) -> str:
    """Where one logs in to come to a page; first boot is over then."""
    return "/login" if page == "/" or route.need is Need.CODE else f"/login?{urlencode({'next': page})}"


def _check_origin(host: str) -> None:
    """A form of another site changes nothing: it has neither our origin nor the session's token."""
    origin = request.environ.get("HTTP_ORIGIN")
    if origin is not None and _host_of_origin(origin) != host:
        raise refused(403, N_("That came from another site."))


def _is_of_session(visit: Visit, route: Route) -> bool:
    """Whether a form has the token of its visitor's session."""
    if visit.session is None or route.need is Need.NOTHING:
        return True
    return compare_digest(visit.form.get("csrf", "").encode(), visit.session.csrf.encode())


def secure_headers() -> None:
    """On every answer, errors too."""
    for name, value in HEADERS.items():
        if name not in response.headers:
            response.set_header(name, value)
