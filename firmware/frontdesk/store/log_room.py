"""Room at the end of SQLite's write-ahead log, made before it is needed.

A sync of a file that has grown puts its new length on disk too, through the file system's own log: more bytes on the
card than the commit itself, and another wait. So when small commits make the log grow, zeros are put behind it, and the
next ones overwrite them. SQLite reads a log up to the first frame that is none, which zeros are.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3

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

    def __init__(self, connection: sqlite3.Connection) -> None:
        database = connection.execute("PRAGMA database_list").fetchone()[2]
        self._path = database + LOG if database else ""
        self._size = 0

    def keep(self) -> None:
        """A transaction has been committed: makes room if it was small and found none. Without it all is well, too."""
        with contextlib.suppress(OSError):
            size = os.stat(self._path).st_size if self._path else self._size
            grown, self._size = size - self._size, size
            if 0 < grown <= SMALL:
                self._size = _extend(self._path, size)


def _extend(path: str, size: int) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        end = size + os.pwrite(descriptor, _BLOCK[size % len(_BLOCK) :], size)
        while end < size + ROOM:
            end += os.pwrite(descriptor, _BLOCK, end)
        return end
    finally:
        os.close(descriptor)  # lets go of no lock of SQLite's: none is on the log itself
