"""/metrics in Prometheus' text format 0.0.4, for loopback or a read token. No label holds a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bottle import HTTPResponse

from . import api
from .visit import Visit

TYPE = "text/plain; version=0.0.4; charset=utf-8"


def show(visit: Visit) -> HTTPResponse:
    """All the figures."""
    if not visit.loopback and api.bearer(visit) is None:
        return HTTPResponse("A read token is needed.\n", 401, {"WWW-Authenticate": "Bearer"})
    lines = [*_lines(visit.do("status"), visit.do("today"), len(visit.do("problems")))]
    return HTTPResponse("\n".join(lines) + "\n", 200, {"Content-Type": TYPE})


def _lines(status: dict[str, Any], today: dict[str, Any], problems: int) -> Iterator[str]:
    journal, disk = status["journal"], today["disk"]
    yield from _metric("info", "gauge", "The program.", 1, f'{{version="{status["version"]}"}}')
    yield from _metric("uptime_seconds", "gauge", "Since the box was started.", status["uptime"])
    yield from _metric("accounts", "gauge", "Accounts.", status["accounts"])
    yield from _metric("bindings", "gauge", "Devices that are registered or set by hand.", status["bindings"])
    yield from _metric("calls", "gauge", "Calls that are up.", status["calls"])
    yield from _metric("problems", "gauge", "What is wrong now.", problems)
    yield from _metric("journal_pending", "gauge", "Changes that wait for the disk.", journal["pending"])
    yield from _metric("journal_commits_total", "counter", "Commits.", journal["commits"])
    yield from _metric("journal_written_bytes_total", "counter", "Written to the disk.", journal["bytes_written"])
    yield from _metric("memory_resident_bytes", "gauge", "Memory of the process.", status["memory"])
    yield from _metric("disk_free_bytes", "gauge", "Free where the data are.", disk["free"])
    yield from _metric("disk_bytes", "gauge", "The size of that disk.", disk["total"])


def _metric(name: str, kind: str, help: str, value: float, labels: str = "") -> Iterator[str]:
    yield f"# HELP frontdesk_{name} {help}"
    yield f"# TYPE frontdesk_{name} {kind}"
    yield f"frontdesk_{name}{labels} {value}"
