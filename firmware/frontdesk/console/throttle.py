"""How often a password may be tried on a line: after each wrong one twice as long a wait, for people and programs."""

from __future__ import annotations

FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
"""Seconds after a wrong password."""
MOST_DOUBLINGS = 10


class Throttle:
    """Of one line; `now` in seconds."""

    def __init__(self) -> None:
        self._failures = 0
        self._until = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next try; 0: now."""
        return max(0.0, self._until - now)

    def failed(self, now: float) -> None:
        """A wrong password."""
        self._until = now + min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self._failures, MOST_DOUBLINGS))
        self._failures += 1

    def passed(self) -> None:
        """The right one."""
        self._failures = 0
        self._until = 0.0
