"""The front page: who is reached how, who calls whom, what is wrong, and the last day."""

from __future__ import annotations

import hashlib
from typing import Any

from bottle import HTTPResponse, request

from frontdesk.control.day import counted_since
from frontdesk.control.problems import answers_emergencies, leads_out

from ..chart import drawn
from ..visit import Visit
from .cards import server, transports

SHOWN = 50
"""Accounts; the others are found by searching."""
CALLS = 20


def show(visit: Visit) -> str:
    """The whole page."""
    return visit.render("front", live=_live(visit))


def live(visit: Visit) -> str | HTTPResponse:
    """What the page asks for every few seconds; nothing, where nothing has changed (RFC 9110 section 8.8.3)."""
    text = _live(visit)
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'
    if tag in request.headers.get("If-None-Match", ""):
        return HTTPResponse(status=304, headers={"ETag": tag, "Cache-Control": "no-cache"})
    visit.headers |= {"ETag": tag, "Cache-Control": "no-cache"}
    return text


def _live(visit: Visit) -> str:
    who, status = visit.do("who", limit=SHOWN), visit.do("status")
    today = visit.do("today")
    calls = [call for call in visit.do("calls", limit=0) if call["state"] != "ended"]
    return visit.part(
        "live",
        who=who,
        names={each["user"]: each["name"] for each in who["accounts"]},
        status=status,
        server=server(visit),
        transports=transports(visit),
        problems=visit.do("problems"),
        today=today,
        since=visit.time(counted_since(today)),
        calls=calls[:CALLS],
        emergency=answers_emergencies(visit.box),
        trunk=leads_out(visit.box) and visit.box.settings.trunk,
        further_calls=max(0, len(calls) - CALLS),
        chart=drawn(today["devices"], today["calls"]) if today["devices"] else "",
    )


def problem(visit: Visit, told: dict[str, Any]) -> str:
    """One problem's sentence in the visitor's language."""
    text = visit.texts.gettext(told["template"])
    return (text.format(**visit.worded(told["words"])) if told["words"] else text).rstrip(".")
