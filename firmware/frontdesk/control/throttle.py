"""Wrong passwords cost time: a few are free, then each doubles the wait of its source."""

from __future__ import annotations

from .errors import VerbError

FREE = 3
"""Wrong passwords in a row before there is a wait."""
LONGEST = 60.0
"""Seconds; a person who has forgotten the password is not locked out."""
SERIAL_LINE = "console"
"""The source of wrong passwords on the line: people and programs type on the same."""
SOURCES = 256
"""Sources that are remembered; the one that has been silent longest is forgotten first."""

WELCOME = 16
"""Sources that are known to have had the right password; the one that has logged in the longest ago goes first."""


class Throttled(VerbError):
    """Too many wrong passwords came from there."""

    def __init__(self, seconds: float) -> None:
        super().__init__("Too many wrong passwords; wait {seconds} s.", seconds=max(1, round(seconds)))
        self.seconds = seconds


class Crowded(VerbError):
    """Too many try at the same time."""

    def __init__(self) -> None:
        super().__init__("Too many log in at once: try again in a moment.")


class Throttle:
    """Counts the tries of each source (`console`, an address); a try counts as wrong until it is found right."""

    def __init__(self) -> None:
        self._tries: dict[str, tuple[int, float]] = {}
        """Wrong ones in a row, and until when the next has to wait."""
        self._welcome: dict[str, None] = {}
        """Those that had the right password, the latest last."""

    def admit(self, source: str, now: float) -> None:
        """One try more. Raises Throttled where it comes too early; that one does not count."""
        tries, until = self._tries.pop(source, (0, now))
        if now < until:
            self._tries[source] = (tries, until)
            raise Throttled(until - now)
        tries += 1
        wait = 0.0 if tries < FREE else min(LONGEST, 2.0 ** min(tries - FREE, 30))
        self._tries[source] = (tries, now + wait)
        if len(self._tries) > SOURCES:
            del self._tries[next(iter(self._tries))]

    def succeeded(self, source: str) -> None:
        """The password was right."""
        self._tries.pop(source, None)
        self._welcome.pop(source, None)
        self._welcome[source] = None
        if len(self._welcome) > WELCOME:
            del self._welcome[next(iter(self._welcome))]

    def welcomes(self, source: str) -> bool:
        """Whether it has had the right password."""
        return source in self._welcome
