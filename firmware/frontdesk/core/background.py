"""What reaches the disk without anybody waiting: folded refreshes, expired bindings, call records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..location import LocationService
from ..model import Binding, CallRecord, Changes, Commit
from ..sip.timers import Deadlines

RETRY = 10.0
"""Seconds until what could not be written is tried again, at least."""
SOON = 1.0
"""Seconds that a call record or an expiry waits for company: each commit wakes the writer thread."""
NEXT_TURN = 1.0
"""Seconds until a flush comes back to bindings that had a ticket open."""


class BackgroundWrites:
    """Commits that no answer waits for. What fails is kept, bounded, and written with the next flush."""

    def __init__(
        self,
        location: LocationService,
        deadlines: Deadlines,
        commit: Callable[[Commit], None],
        new_ticket: Callable[[], int],
    ) -> None:
        self._location = location
        self._deadlines = deadlines
        self._commit = commit
        self._new_ticket = new_ticket
        self.not_kept: Callable[[list[CallRecord], float], None] = lambda up, now: None
        """Told of calls that go on which could not be written: whether they still do is known to the call list."""
        self._open: dict[int, Changes] = {}
        self._unwritten = Changes()
        self._kept_back: list[Changes] | None = None
        self._soon_armed = False
        self._refreshed: dict[int, Binding] = {}
        self._armed: float | None = None

    def write(self, changes: Changes) -> None:
        """Goes to the journal with its next batch."""
        if self._kept_back is not None and (changes.calls or changes.up):
            self._kept_back.append(Changes(calls=changes.calls, up=changes.up))
            changes = Changes(changes.saved, changes.removed)
        if changes:
            ticket = self._new_ticket()
            self._open[ticket] = changes
            self._commit(Commit(ticket, changes))

    def write_soon(self, changes: Changes, now: float) -> None:
        """Goes to the journal within SOON, with whatever else comes; only what no later commit can contradict."""
        self._unwritten.removed += changes.removed
        self._unwritten.calls += changes.calls
        if not self._soon_armed and (changes.removed or changes.calls):
            self._soon_armed = True
            self._deadlines.set(now + SOON, self._write_unwritten)

    def _write_unwritten(self, now: float) -> None:
        self._soon_armed = False
        self.write_now()

    def write_now(self) -> None:
        """What waits for company goes without it: somebody asks."""
        changes, self._unwritten = self._unwritten, Changes()
        self.write(changes)

    def refreshed(self, binding: Binding, now: float, patience: float) -> None:
        """A pure refresh: on disk within `patience` seconds."""
        self._refreshed[binding.id] = binding
        at = now + patience
        if self._armed is None or at < self._armed:
            self._arm(at)

    @contextmanager
    def without_calls(self) -> Iterator[None]:
        """The box becomes another one's: what calls leave meanwhile is written only where that fails."""
        kept_back: list[Changes] = []
        self._kept_back = kept_back
        try:
            yield
        except Exception:
            self._kept_back = None
            for changes in kept_back:
                self.write(changes)
            raise
        finally:
            self._kept_back = None

    def forget_calls(self) -> None:
        """No record is written any more of calls that have ended so far."""
        for changes in (self._unwritten, *self._open.values()):
            changes.calls.clear()

    def committed(self, ticket: int) -> bool:
        """Whether that ticket was one of these."""
        return self._open.pop(ticket, None) is not None

    def failed(self, ticket: int, now: float, keep: int) -> bool:
        """Whether that ticket was one of these; it is written again, of call records the newest `keep`."""
        changes = self._open.pop(ticket, None)
        if changes is None:
            return False
        for binding in changes.saved:
            self._refreshed.setdefault(binding.id, binding)
        self._unwritten.removed += changes.removed
        calls = [*self._unwritten.calls, *changes.calls]
        self._unwritten.calls = calls[max(0, len(calls) - keep) :]
        self._arm(now + RETRY)
        if changes.up:
            self.not_kept(changes.up, now)
        return True

    def flush(self, now: float) -> None:
        """Writes all that may wait."""
        self._armed = None
        changes, self._unwritten = self._unwritten, Changes()
        refreshed, self._refreshed = self._refreshed, {}
        for id, binding in refreshed.items():
            if self._location.binding(id) is not binding:
                continue  # moved or gone since
            if self._location.open_ticket(binding.aor) is None:
                changes.saved.append(binding)
            else:
                self._refreshed[id] = binding  # its newer row is on the way: never write the older one after it
        self.write(changes)
        if self._refreshed:
            self._arm(now + NEXT_TURN)

    def _arm(self, at: float) -> None:
        """A flush at `at` or before; one that was to be later finds nothing left to do."""
        if self._armed is None or at < self._armed:
            self._armed = at
            self._deadlines.set(at, self.flush)
