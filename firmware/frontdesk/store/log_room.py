"""Room at the end of SQLite's write-ahead log, made before it is needed.

A sync of a file that has grown puts its new length on disk too, through the file system's own log: more bytes on the
card than the commit itself, and another wait. So when small commits make the log grow, zeros are put behind it, and the
next ones overwrite them. SQLite reads a log up to the first frame that is none, which zeros are.
"""

from __future__ import annotations

import os

from .database import LOG

ROOM = 64 << 10
"""Bytes made at a time: what 13 commits of one row need. Once the log has been copied home it is written from its start
again, and there is room for all; so this is written at most once for each byte of the log."""
SMALL = 16 << 10
"""Bytes of a commit that is worth it; a flush is not."""
_BLOCK = bytes(4096)
"""One at a time: written in one piece they would be one page to Linux, and dirty as a whole at each commit."""


class LogRoom:
    """The log of one connection; asked by the thread that writes, between its transactions."""

    def __init__(self, database: str) -> None:
        """`database`: its path."""
        self._path = database + LOG
        self._log: int | None = None
        self._size = 0

    def keep(self) -> None:
        """A transaction has been committed: makes room if it was small and found none. Without it all is well, too."""
        try:
            if self._log is None:
                self._log = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
            # Not by `stat`: a file whose times are asked for after each commit gets new ones at each write (Linux 6.13
            # and later), and putting these on disk takes a third of the next commit.
            size = os.lseek(self._log, 0, os.SEEK_END)
            grown, self._size = size - self._size, size
            if 0 < grown <= SMALL:
                self._size = _extend(self._log, size)
        except OSError:
            return

    def close(self) -> None:
        """Lets go of the log, and of no lock of SQLite's: none is on the log itself."""
        if self._log is not None:
            os.close(self._log)
            self._log = None


def _extend(log: int, size: int) -> int:
    end = size + os.pwrite(log, _BLOCK[size % len(_BLOCK) :], size)
    while end < size + ROOM:
        end += os.pwrite(log, _BLOCK, end)
    return end
