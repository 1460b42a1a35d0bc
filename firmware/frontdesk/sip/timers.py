"""Timer values (RFC 3261 section 17, table 4) and the one heap of deadlines."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

T1 = 0.5
"""Seconds: the estimate of a round trip."""
T2 = 4.0
"""Seconds: the longest interval between retransmissions of a non-INVITE request and of an INVITE's response."""
T4 = 5.0
"""Seconds: how long a message stays in the network."""

Action = Callable[[float], None]
"""Called with now."""


class Deadline:
    """One armed timer; `cancel` is lazy: the heap forgets it when its time comes."""

    __slots__ = ("action", "at")

    def __init__(self, at: float, action: Action) -> None:
        self.at = at
        self.action: Action | None = action

    def cancel(self) -> None:
        """Disarms it; harmless when it has fired."""
        self.action = None


class Deadlines:
    """All that is to happen later, by its time in monotonic seconds."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deadline]] = []
        self._order = count()

    def set(self, at: float, action: Action) -> Deadline:
        """Arms a timer for `at`."""
        deadline = Deadline(at, action)
        heappush(self._heap, (at, next(self._order), deadline))
        return deadline

    def next(self) -> float | None:
        """When the earliest armed timer is due, or None."""
        while self._heap and self._heap[0][2].action is None:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def handle(self, now: float) -> None:
        """Fires all that are due."""
        while (at := self.next()) is not None and at <= now:
            deadline = heappop(self._heap)[2]
            action, deadline.action = deadline.action, None
            if action is not None:
                action(now)
