"""A clock that only moves when it is told to, from one deadline to the next."""

from __future__ import annotations

from collections.abc import Callable

Next = Callable[[], float | None]
Handle = Callable[[float], None]


class FakeClock:
    """`now` in seconds. Whatever has deadlines is driven by it: `clock.drive(deadlines.next, deadlines.handle)`."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self._driven: list[tuple[Next, Handle]] = []

    def drive(self, next_due: Next, handle: Handle) -> None:
        """From now on `handle(now)` is called whenever `next_due()` has come."""
        self._driven.append((next_due, handle))

    def advance(self, seconds: float) -> None:
        """Lets time pass; everything that falls due happens at its very moment."""
        end = self.now + seconds
        while (due := self._earliest()) is not None and due[0] <= end:
            self.now = max(self.now, due[0])
            due[1](self.now)
        self.now = end

    def settle(self) -> None:
        """Lets happen what is due now."""
        self.advance(0)

    def _earliest(self) -> tuple[float, Handle] | None:
        due = [(at, handle) for next_due, handle in self._driven if (at := next_due()) is not None]
        return min(due, key=lambda pair: pair[0], default=None)
