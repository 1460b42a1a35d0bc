"""What programs ask that watch over the box."""

from __future__ import annotations

from bottle import response

from ..visit import Visit


def healthz(visit: Visit) -> str:
    """Whether the loop answers, and what it must write is written."""
    status = visit.do("status")
    response.content_type = "text/plain; charset=utf-8"
    return "ok\n" if status["listeners"] else "not serving\n"
