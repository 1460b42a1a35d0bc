"""The last day in quarters of an hour: registered devices, calls, bytes written. In memory; nothing wakes for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..events import Event, Kind
from .box import Box
from .times import is_set, iso

QUARTER = 900.0
"""Seconds."""
SLOTS = 96
DAY = QUARTER * SLOTS
COMINGS = frozenset({Kind.REGISTERED, Kind.UNREGISTERED, Kind.EXPIRED, Kind.REPLACED})


@dataclass(slots=True)
class Slot:
    """A quarter of an hour, numbered from the boot."""

    number: int
    devices: int
    """Registered, at most."""
    left: int
    """Registered when it ended."""
    written: int
    """Bytes that the journal had written when it began."""
    calls: int = 0


class Day:
    """Hears of events. A quarter in which nothing happened is as the one before it ended."""

    def __init__(self, devices: Callable[[], int], written: Callable[[], int], now: Callable[[], float]) -> None:
        self._devices = devices
        self._written = written
        self._now = now
        self._begin(devices())

    def hear(self, events: Iterable[Event]) -> None:
        """The events of a turn."""
        for event in events:
            if event.kind is Kind.CALLING:
                self._at(event.at).calls += 1
            elif event.kind in COMINGS:
                slot = self._at(event.at)
                slot.left = self._devices()
                slot.devices = max(slot.devices, slot.left)

    def forget(self) -> None:
        """As if nothing had happened yet, and nobody were there: whoever is goes at once, and nobody tells of it."""
        self._begin(0)

    def _begin(self, devices: int) -> None:
        self.began = self._now()
        self._slots = [Slot(int(self.began // QUARTER), devices, devices, self._written())]

    def _at(self, at: float) -> Slot:
        number = int(at // QUARTER)
        if self._slots[-1].number < number:
            left = self._slots[-1].left
            self._slots.append(Slot(number, left, left, self._written()))
            del self._slots[: -SLOTS - 1]
        return self._slots[-1]

    def told(self, now: float) -> dict[str, Any]:
        """`devices` and `calls`: a number for each quarter, oldest first; `written`: bytes in that time."""
        self._look(now)
        first = int(now // QUARTER) - SLOTS + 1
        known = {slot.number: slot for slot in self._slots}
        left = next((slot.left for slot in reversed(self._slots) if slot.number < first), 0)
        devices, calls = [], []
        for number in range(first, first + SLOTS):
            slot = known.get(number)
            devices.append(slot.devices if slot else left)
            calls.append(slot.calls if slot else 0)
            left = slot.left if slot else left
        return {"devices": devices, "calls": calls, "written": self._written() - self._written_before(first)}

    def _look(self, now: float) -> None:
        """Who is there now counts since the last event: a place that is set by hand is none, and who is taken away
        goes after it."""
        devices = self._slots[-1].left = self._devices()
        slot = self._at(now)
        slot.devices = max(slot.devices, devices)

    def _written_before(self, first: int) -> int:
        """Bytes when that quarter began; what came between two that are known is shared out evenly."""
        after = next(slot for slot in self._slots if slot.number >= first)
        before = next((slot for slot in reversed(self._slots) if slot.number < first), None)
        if before is None:
            return after.written
        span = after.written - before.written
        return before.written + span * (first - before.number) // (after.number - before.number)


async def today(box: Box) -> dict[str, Any]:
    """Tells of clock, disk and the last day."""
    free, total = box.disk()
    wall, now = box.clock.wall(), box.clock.now()
    told = box.day.told(now) if box.day else {"devices": [], "calls": [], "written": 0}
    since = iso(wall - min(now - box.day.began, DAY)) if box.day else None
    return {"clock": iso(wall), "clock_set": is_set(wall), "timezone": box.settings.timezone,
            "disk": {"free": free, "total": total}, **told, "since": since}  # fmt: skip


def counted_since(told: dict[str, Any]) -> str | None:
    """When what `today` tells began to be counted, where that is no whole day ago: the box has been started since."""
    if not told["since"]:
        return None
    at, since = (datetime.fromisoformat(told[key]) for key in ("clock", "since"))
    return told["since"] if at - since < timedelta(seconds=DAY) else None
