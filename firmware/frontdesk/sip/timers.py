"""Timer values (RFC 3261 section 17, table 4; RFC 6026 section 8.11; RFC 4320) and the one heap of deadlines."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Protocol

T1 = 0.5
"""Seconds: the estimate of a round trip."""
T2 = 4.0
"""Seconds: the longest interval between retransmissions of a non-INVITE request and of an INVITE's response."""
T4 = 5.0
"""Seconds: how long a message stays in the network."""
TIMEOUT = 64 * T1
"""Seconds: Timers B, F, H, J, L and M, and what a cancelled INVITE has for its final response (section 9.1)."""
TIMER_D = 32.0
"""Seconds: how long the response to an INVITE may still be repeated over UDP, whatever T1 its sender uses."""
TRYING_AFTER = T1 + 2 * T1 + 4 * T1
"""Seconds until a client's Timer E is at T2: a non-INVITE request's 100 goes then, over UDP not sooner (RFC 4320)."""

SLACK = 1024
"""Cancelled deadlines that the heap may hold however few the armed ones are."""

Action = Callable[[float], None]
"""Called with now."""


class Deadline:
    """One armed timer; `cancel` is lazy: the heap forgets it when its time comes or too many have gathered."""

    __slots__ = ("_deadlines", "action", "at")

    def __init__(self, at: float, action: Action, deadlines: Deadlines) -> None:
        self.at = at
        self.action: Action | None = action
        self._deadlines = deadlines

    def cancel(self) -> None:
        """Disarms it; harmless when it has fired."""
        if self.action is not None:
            self.action = None
            self._deadlines.cancelled()


class Deadlines:
    """All that is to happen later, by its time in monotonic seconds; at the same time, in the order it was set."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Deadline]] = []
        self._order = count()
        self._cancelled = 0
        self.delays = Delays(self)
        """For timers that are set often, always for as long."""

    def __len__(self) -> int:
        """How many are armed."""
        return len(self._heap) - self._cancelled

    def set(self, at: float, action: Action) -> Deadline:
        """Arms a timer for `at`."""
        deadline = Deadline(at, action, self)
        heappush(self._heap, (at, next(self._order), deadline))
        return deadline

    def next(self) -> float | None:
        """When the earliest armed timer is due, or None."""
        while self._heap and self._heap[0][2].action is None:
            heappop(self._heap)
            self._cancelled -= 1
        return self._heap[0][0] if self._heap else None

    def handle(self, now: float) -> None:
        """Fires all that are due."""
        while (at := self.next()) is not None and at <= now:
            deadline = heappop(self._heap)[2]
            action, deadline.action = deadline.action, None
            if action is not None:
                action(now)

    def cancelled(self) -> None:
        """One more in the heap is disarmed. When they are most of it they go: timers often set anew cost no memory."""
        self._cancelled += 1
        if self._cancelled > SLACK + len(self._heap) // 2:
            self._heap = [entry for entry in self._heap if entry[2].action is not None]
            heapify(self._heap)
            self._cancelled = 0


class Waiter(Protocol):
    """Whose timer it is."""

    def fires(self, timer: str, now: float) -> None:
        """It has fired."""


class Delay:
    """One timer for many who wait equally long, and hardly ever to the end: they stand in the order of time. A deadline
    for each takes twice as long, and leaves one to be thrown away."""

    def __init__(self, timer: str, seconds: float, deadlines: Deadlines) -> None:
        self._timer = timer
        self._seconds = seconds
        self._deadlines = deadlines
        self._waiting: OrderedDict[Waiter, float] = OrderedDict()  # a dictionary searches for its first
        self.alone = (self,)
        """For those who wait here and nowhere else, which most do: one for all."""
        self._due: float | None = None
        """When it looks at them; too early where the first of them is stopped before."""

    def start(self, who: Waiter, now: float) -> None:
        """His time begins, anew where he waits."""
        waiting = self._waiting
        if who in waiting:
            del waiting[who]
        waiting[who] = at = now + self._seconds
        if self._due is None:
            self._arm(at)

    def stop(self, who: Waiter) -> None:
        """He waits no longer; harmless where he did not."""
        if who in self._waiting:
            del self._waiting[who]

    def _arm(self, at: float) -> None:
        self._due = at
        self._deadlines.set(at, self._expire)

    def _expire(self, now: float) -> None:
        waiting, due = self._waiting, self._due
        assert due is not None
        try:
            while waiting and waiting[who := next(iter(waiting))] <= due:
                del waiting[who]
                who.fires(self._timer, now)
        finally:
            self._due = None
            if waiting:
                self._arm(waiting[next(iter(waiting))])


class Delays(dict[tuple[str, float], Delay]):
    """By timer and seconds, of which there are few."""

    def __init__(self, deadlines: Deadlines) -> None:
        super().__init__()
        self._deadlines = deadlines

    def __missing__(self, key: tuple[str, float]) -> Delay:
        delay = self[key] = Delay(*key, self._deadlines)
        return delay
