"""Calls that go on for long: each has a record on disk before its end; a power cut leaves no time for one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING

from ..model import CallRecord
from ..sip.status import STOPPED
from ..sip.timers import Deadlines

if TYPE_CHECKING:
    from .calls import Call, Key

LONG = 60.0
"""Seconds that a call has been up then, and between two looks: one commit for all, and none for most calls, which are
over by then."""


class LongCalls:
    """Looks at the calls that are up for as long as there are any that have not been written."""

    def __init__(
        self, calls: Mapping[Key, Call], keep: Callable[[list[CallRecord]], None], deadlines: Deadlines
    ) -> None:
        """`keep` gets what is to be their records if the box loses its power."""
        self._calls = calls
        self._keep = keep
        self._deadlines = deadlines
        self._ids: dict[Key, int] = {}
        self._next_id = count(1)
        self._is_watching = False

    def watch(self, now: float) -> None:
        """One is to be looked at: it has been answered."""
        if not self._is_watching:
            self._is_watching = True
            self._deadlines.set(now + LONG, self._look)

    def ended(self, key: Key) -> int:
        """The id under which that one was written, or 0."""
        return self._ids.pop(key, 0)

    def not_kept(self, records: list[CallRecord], now: float) -> None:
        """The disk has not taken these: those that still go on are written at the next look."""
        missed = {record.id for record in records}
        self._ids = {key: id for key, id in self._ids.items() if id not in missed}
        self.watch(now)

    def forget(self) -> None:
        """As if none had been written."""
        self._ids.clear()

    def _look(self, now: float) -> None:
        self._is_watching = False
        long = []
        for key, call in self._calls.items():
            if call.answered_at is None or key in self._ids:
                continue
            if now < call.answered_at + LONG:
                self.watch(now)
            else:
                id = self._ids[key] = next(self._next_id)
                long.append(call.record(now, STOPPED, id))
        if long:
            self._keep(long)
