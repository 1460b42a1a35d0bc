"""Calls that are up and that have ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..visit import Visit

SHOWN = 100


def show(visit: Visit) -> str:
    """All, or those that were searched for."""
    search = visit.query.get("q", "")[:100]
    wanted = search.casefold().strip()
    found = [call for call in _read(visit, whole=bool(wanted)) if _matches(visit, call, wanted)]
    return visit.render("calls", calls=found[:SHOWN], search=search, more=max(0, len(found) - SHOWN))


def _read(visit: Visit, whole: bool) -> Iterator[dict[str, Any]]:
    """The newest, or all that are kept: a few at a time, so that no phone waits for it."""
    start = 0
    while calls := visit.do("calls", limit=SHOWN, start=start):
        yield from calls
        start += SHOWN
        if not whole or start >= visit.box.settings.call_records:
            return


def _matches(visit: Visit, call: dict[str, Any], wanted: str) -> bool:
    """By what the page shows: digits are part of a number, or a whole status; anything else is a day too, or how the
    call ended."""
    outcome = visit.outcome(call)
    if wanted.isdecimal():
        return wanted in call["caller"] or wanted in call["callee"] or f"({wanted})" in outcome
    texts = (call["caller"], call["callee"], visit.time(call["started"], "%Y-%m-%d %H:%M"), outcome)
    return any(wanted in text.casefold() for text in texts)
