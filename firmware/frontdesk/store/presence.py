"""Whether the database still stands where it was opened: SQLite goes on with a file that has no name any more."""

from __future__ import annotations

from pathlib import Path


class Presence:
    """That of one file. It is never opened for it: closing it would let go of SQLite's locks (its howtocorrupt.html,
    section 2.2)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = self._look()

    def is_lost(self) -> bool:
        """Whether there is another file now, or none."""
        return self._look() != self._identity

    def _look(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino
