"""What programs ask that watch over the box."""

from __future__ import annotations

from bottle import HTTPResponse

from ..visit import Visit

TYPE = {"Content-Type": "text/plain; charset=utf-8"}


def healthz(visit: Visit) -> HTTPResponse:
    """Whether the loop answers, phones are listened to, and the disk takes what is written."""
    status = visit.do("status")
    if not status["listeners"]:
        return HTTPResponse("not serving\n", 503, TYPE)
    if visit.box.journal and visit.box.journal.notices:
        return HTTPResponse("serving, but something is wrong with the disk\n", 503, TYPE)
    return HTTPResponse("ok\n", 200, TYPE)
