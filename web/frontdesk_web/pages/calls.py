"""Calls that are up and that have ended."""

from __future__ import annotations

from typing import Any

from ..visit import Visit

SHOWN = 100


def show(visit: Visit) -> str:
    """All, or those that were searched for."""
    search = visit.query.get("q", "")[:100]
    wanted = search.casefold().strip()
    read = max(visit.box.settings.call_records, SHOWN) if wanted else SHOWN
    found = [call for call in visit.do("calls", limit=read) if _matches(visit, call, wanted)]
    return visit.render("calls", calls=found[:SHOWN], search=search, more=max(0, len(found) - SHOWN))


def _matches(visit: Visit, call: dict[str, Any], wanted: str) -> bool:
    """By what the page shows: digits are part of a number, or a whole status; anything else is a day too, or how the
    call ended."""
    outcome = visit.outcome(call)
    if wanted.isdecimal():
        return wanted in call["caller"] or wanted in call["callee"] or f"({wanted})" in outcome
    texts = (call["caller"], call["callee"], visit.time(call["started"], "%Y-%m-%d %H:%M"), outcome)
    return any(wanted in text.casefold() for text in texts)
