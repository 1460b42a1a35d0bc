"""All routes of the page, and the WSGI application that they make."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from bottle import Bottle, HTTPError, HTTPResponse, request, static_file, template

from frontdesk.control import Box

from . import api, gate, language, metrics, static
from .changes import CHANGES
from .gate import LIVE
from .language import N_
from .pages import accounts, calls, cards, entry, first_boot, front, health, peers, settings, system
from .route import LARGE, Need, Route
from .sessions import Sessions
from .site import OnLoop, Site
from .visit import VIEWS, House, Spoken, Visit

TITLES = {
    400: N_("Bad Request"),
    403: N_("Forbidden"),
    404: N_("Not Found"),
    405: N_("Method Not Allowed"),
    411: N_("Length Required"),
    413: N_("Content Too Large"),
    421: N_("Misdirected Request"),
    500: N_("Internal Server Error"),
}
"""Of statuses (RFC 9110 section 15)."""
SAID = {
    400: N_("That request cannot be read."),
    404: N_("There is no such page."),
    405: N_("There is no page to be opened there: begin at the overview."),
    500: N_("The box could not do that; its log says why."),
}
"""Of errors that are no refusals of ours."""

PLACES = {"/": N_("Overview"), "/login": N_("Log in"), "/accounts": N_("All accounts")}
"""What a link from an error is called that leads to no form."""


def send(visit: Visit, name: str) -> HTTPResponse:
    """Style sheet, script, icon: whole, and known by its ETag alone (RFC 9110 sections 13.1.3 and 14.2)."""
    for asked in ("HTTP_RANGE", "HTTP_IF_MODIFIED_SINCE"):
        request.environ.pop(asked, None)
    answer = static_file(name, root=str(static.FILES), etag=static.tag(name))
    if answer.status_code in (200, 304):
        is_own = f"/static/{name}?{request.query_string}" == static.address(name)  # and not that of another release
        answer.set_header("Cache-Control", static.KEPT if is_own else "no-cache")
        answer.set_header("Accept-Ranges", "none")
    return answer


ROUTES = (
    Route("GET", "/", front.show),
    Route("GET", LIVE, front.live),
    Route("GET", "/static/<name>", send, Need.NOTHING, beside=True),
    Route("GET", "/healthz", health.healthz, Need.NOTHING, beside=True),
    Route("GET", "/metrics", metrics.show, Need.NOTHING),
    Route("GET", "/trust", entry.trust, Need.NOTHING, beside=True),
    Route("GET", "/ca.crt", entry.authority, Need.NOTHING, beside=True),
    Route("GET", "/login", entry.login, Need.NOTHING),
    Route("POST", "/login", entry.log_in, Need.NOTHING, entry.login),
    Route("POST", "/logout", entry.log_out),
    Route("GET", "/welcome", entry.welcome, Need.NOTHING),
    Route("POST", "/welcome", entry.open_box, Need.NOTHING, entry.welcome),
    Route("GET", "/welcome/<step>", first_boot.show, Need.CODE),
    Route("POST", "/welcome/<step>", first_boot.take, Need.CODE, first_boot.show),
    Route("GET", "/ready", first_boot.ready, Need.ADMIN),
    Route("GET", "/accounts", accounts.show),
    Route("GET", "/accounts.csv", accounts.save),
    Route("POST", "/accounts/range", accounts.add_range, Need.ADMIN, accounts.show),
    Route("POST", "/accounts/csv", accounts.load, Need.ADMIN, accounts.show, most=LARGE),
    Route("GET", "/accounts/<user>", accounts.one),
    Route("POST", "/accounts/<user>/name", accounts.rename, Need.ADMIN, accounts.one),
    Route("GET", "/accounts/<user>/card", cards.one, Need.ADMIN),
    Route("GET", "/cards", cards.made, Need.ADMIN),
    Route("POST", "/cards/forget", cards.forget, Need.ADMIN, cards.made),
    Route("GET", "/calls", calls.show),
    Route("GET", "/peers", peers.show),
    Route("GET", "/settings", settings.show),
    Route("POST", "/settings", settings.stage, Need.ADMIN, settings.show),
    Route("POST", "/settings/commit", settings.commit, Need.ADMIN, settings.show),
    Route("POST", "/settings/domain", settings.rename, Need.ADMIN, settings.show),
    Route("GET", "/system", system.show),
    Route("GET", "/log", system.log),
    Route("GET", "/events", system.events),
    Route("POST", "/system/backup", system.backup, Need.ADMIN, system.show),
    Route("POST", "/system/restore", system.restore, Need.ADMIN, system.show, most=LARGE),
    Route("POST", "/system/password", system.set_password, Need.ADMIN, system.show),
    Route("POST", "/system/viewer", system.set_viewer_password, Need.ADMIN, system.show),
    Route("POST", "/system/reboot", system.reboot, Need.ADMIN, system.show),
    Route("POST", "/system/factory-reset", system.factory_reset, Need.ADMIN, system.show),
    *(change.route for change in CHANGES),
    *(row.route for row in api.ROWS),
)  # fmt: skip


def application(box: Box, on_loop: OnLoop, site: Site, spoken: Spoken = lambda words, arguments: "") -> Bottle:
    """A WSGI application; its environ says `frontdesk.sibling` where an http listener stands beside an https one.
    `spoken`: the console's line for a verb and its arguments."""
    house = House(box, on_loop, site, spoken, Sessions(lambda: box.clock.now()))
    page = Bottle()
    shown: dict[Any, str] = {route.run: route.path for route in ROUTES if route.method == "GET"}
    for route in ROUTES:
        page.route(route.path, route.method, partial(gate.enter, house, route, shown.get(route.again, "/")))
    page.default_error_handler = _sentence
    page.add_hook("after_request", gate.secure_headers)
    return page


def _sentence(error: HTTPError) -> str:
    """An error as one sentence: never a trace, never a secret."""
    for name, value in gate.HEADERS.items():
        error.set_header(name, value)
    name = gate.spoken_language()
    texts = language.catalog(name)
    status = error.status_code
    own = isinstance(error, gate.Refusal)
    said = str(error.body) if own else texts.gettext(SAID.get(status, SAID[500]))
    if request.path.startswith("/api/"):
        error.content_type = "application/json"
        return json.dumps({"error": said}) + "\n"
    page = request.environ.get(gate.ON, "/")
    link = texts.gettext(PLACES.get(page, N_("To the form")))
    title = f"{status} {texts.gettext(TITLES[status])}" if status in TITLES else error.status_line
    shown: str = template("error", template_lookup=VIEWS, language=name, title=title, said=said, page=page,
                          link=link, static=static.address)  # fmt: skip
    return shown
