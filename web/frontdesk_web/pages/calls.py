"""Calls that are up and that have ended."""

from __future__ import annotations

from typing import Any

from ..visit import Visit

READ = 10_000
"""Records that are searched: as many as are kept by default."""
SHOWN = 100


def show(visit: Visit) -> str:
    """All, or those that were searched for."""
    search = visit.query.get("q", "")[:100]
    wanted = search.casefold().strip()
    found = [call for call in visit.do("calls", limit=READ if wanted else SHOWN) if _matches(call, wanted)]
    return visit.render("calls", calls=found[:SHOWN], search=search, more=max(0, len(found) - SHOWN))


def _matches(call: dict[str, Any], wanted: str) -> bool:
    """By caller, callee, day or result."""
    texts = (call["caller"], call["callee"], call["started"], str(call["result"] or ""))
    return not wanted or any(wanted in text.casefold() for text in texts)
