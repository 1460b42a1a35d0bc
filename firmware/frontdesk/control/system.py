"""Verbs about the box as a whole: its state, its calls, what happened."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from .. import __version__
from ..events import Event, Incoming
from .box import Answer, Box, VerbError
from .host import without_dhcp
from .times import is_set, iso

LINES = 100
"""Lines of the log that are shown unless more are asked for."""
CALLS = 100
"""Calls that are shown unless more are asked for."""


async def status(box: Box) -> Answer:
    """The state of the box."""
    journal = box.journal
    answer = {
        "version": __version__,
        "uptime": 0 if box.core is None else max(1, int(box.clock.now() - box.started_at)),
        "accounts": len(box.directory.accounts),
        "bindings": len(box.location),
        "calls": 0 if box.core is None else len(box.core.proxy.calls),
        "listeners": list(box.listeners),
        "provisioned": bool(box.directory.accounts),
        "journal": {
            "pending": journal.pending if journal else 0,
            "commits": journal.commits if journal else 0,
            "bytes_written": journal.bytes_written if journal else 0,
        },
        "memory": 0 if box.core is None else resident(),
    }
    # A further field, but only where there is something to say.
    notices = box.all_notices
    if box.site and box.site.urls:
        answer |= {"page": box.site.urls, "fingerprint": box.site.fingerprint}
    code = box.admin.code
    return answer | ({"notices": notices} if notices else {}) | ({"first_boot_code": code} if code else {})


def resident() -> int:
    """Bytes of memory that this process holds."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


async def calls(box: Box, limit: int = CALLS, start: int = 0) -> list[Answer]:
    """Calls that are up, and the newest that have ended."""
    if not limit:  # Nothing of the disk is asked for: who calls now is told whatever becomes of it.
        return [] if start else _known(box)
    if box.core is not None and not start:
        box.core.write_records()
        box.settle()
    ended = [
        {**call, "started": iso(call["started"]), "answered": _iso(call["answered"]), "ended": iso(call["ended"])}
        for call in await box.records.calls(limit, start)
    ]
    return ([] if start else _known(box)) + [{"state": "ended", **call} for call in ended]


def _known(box: Box) -> list[Answer]:
    """Those that are up, and then those that seem to be over, though nobody has hung up."""
    if box.core is None:
        return []
    offset, book = box.clock.offset(), box.core.proxy.calls
    return [_row(call, offset) for call in (*book.active(box.clock.now()), *book.left())]


def _row(call: Any, offset: float) -> Answer:
    ended = call.left_at
    return {
        "state": str(call.state) if ended is None else "ended",
        "call_id": call.key[0],
        "caller": call.caller,
        "callee": call.callee,
        "started": iso(call.started_at + offset),
        "answered": None if call.answered_at is None else iso(call.answered_at + offset),
        "ended": None if ended is None else iso(ended + offset),
        "result": None if ended is None else 200,
        "device": call.reached,
    }


def _iso(wall: float | None) -> str | None:
    return None if wall is None else iso(wall)


async def log(box: Box, limit: int = LINES) -> list[str]:
    """The last lines of the log."""
    return list(box.log)[-limit:] if limit else []


async def net(box: Box) -> list[Answer]:
    """The network: link state, addresses, MAC, gateway."""
    read_only = box.system.read_only
    return [row | {"note": without_dhcp(row), "read_only": read_only} for row in box.system.network()]


async def set_clock(box: Box, time: str) -> Answer:
    """Sets the clock, in the box's time zone."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        at = datetime.fromisoformat(time)
        zone = ZoneInfo(box.settings.timezone)
    except ValueError:
        raise VerbError("A time is such as 2027-01-31T14:05, not {time!r}.", time=time[:40]) from None
    except ZoneInfoNotFoundError:
        raise VerbError("There is no time zone {zone} on this computer.", zone=box.settings.timezone) from None
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    if not is_set(at.timestamp()):
        raise VerbError("It is later than {time}: this version of the box was made after it.", time=time)
    await box.system.set_clock(at.timestamp())
    return {"time": iso(at.timestamp())}


async def reboot(box: Box) -> Answer:
    """Starts the machine anew."""
    await box.system.reboot()
    return {}


async def poweroff(box: Box) -> Answer:
    """Turns the machine off, so that its power can be taken away."""
    await box.system.poweroff()
    return {}


async def events(box: Box, user: str = "") -> list[Answer]:
    """What happened since the box was started."""
    if user:
        box.account(user)
    offset = box.clock.offset()
    return [_event(event, offset) for event in _happened(box, user)]


async def newest(box: Box, limit: int, user: str = "") -> list[Answer]:
    """The last of them first, each with a text that can be said in another language: of all that would take long."""
    offset = box.clock.offset()
    return [_event(event, offset) | {"text": event.sentence} for event in _happened(box, user)[: -limit - 1 : -1]]


def _happened(box: Box, user: str) -> list[Event | Incoming]:
    if box.core is None:
        return []
    return box.core.events.of(user) if user else list(box.core.events)


def _event(event: Event | Incoming, offset: float) -> Answer:
    return {
        "at": iso(event.at + offset),
        "kind": str(event.kind),
        "account": event.account,
        "text": event.text,
        "source": event.source,
        "rule": event.rule,
        "times": event.times,
    }
