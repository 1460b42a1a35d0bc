"""Calls that are up and that have ended."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..visit import Visit

SHOWN = 100
"""On one page."""


def show(visit: Visit) -> str:
    """All, or those that were searched for, the newest first."""
    search, first = visit.query.get("q", "")[:100], visit.first
    wanted = search.casefold().strip()
    found = (call for call in _read(visit) if _matches(visit, call, wanted))
    calls = list(islice(found, first, first + SHOWN + 1))
    return visit.render("calls", calls=calls[:SHOWN], search=search, first=first, shown=SHOWN, more=len(calls) > SHOWN)


def _read(visit: Visit) -> Iterator[dict[str, Any]]:
    """As many as are asked for: a few at a time, so that no phone waits for it."""
    start = 0
    while calls := visit.do("calls", limit=SHOWN, start=start):
        yield from calls
        start += SHOWN
        if start >= visit.box.settings.call_records:
            return


def _matches(visit: Visit, call: dict[str, Any], wanted: str) -> bool:
    """By what the page shows: digits are part of a number, or a whole status; anything else is a day too, or how the
    call ended."""
    outcome = visit.outcome(call)
    if wanted.isdecimal():
        return wanted in call["caller"] or wanted in call["callee"] or f"({wanted})" in outcome
    texts = (call["caller"], call["callee"], visit.time(call["started"], "%Y-%m-%d %H:%M"), outcome)
    return any(wanted in text.casefold() for text in texts)
