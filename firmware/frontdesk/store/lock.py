"""One box, one process: the lock on the data directory (`serve` holds it, else a command does for a moment)."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from .errors import StoreError

PATIENCE = 5.0
"""Seconds to wait for another command; a box that serves is not waited for."""
PAUSE = 0.02
"""Seconds between tries."""
NOTE = 32
"""Bytes of what the holder says of itself."""


class Served(StoreError):
    """A box holds the lock."""


class DirectoryLock:
    """Held from construction to `release`; the kernel releases it when the process dies."""

    def __init__(self, directory: Path, *, serve: bool, patience: float = PATIENCE) -> None:
        """Raises StoreError where another process holds it (Served: a box), OSError where the directory cannot be
        written."""
        self._file = _open(directory / "lock")
        try:
            self._take(directory, time.monotonic() + patience)
        except BaseException:
            os.close(self._file)
            raise
        self._note(f"serve {os.getpid()}" if serve else "")

    def _take(self, directory: Path, until: float) -> None:
        while True:
            try:
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(self._file, NOTE, 0).decode("ascii", "replace").strip()
                if holder.startswith("serve "):
                    raise Served(f"A frontdesk (process {holder[6:]}) already serves {directory}.") from None
                if time.monotonic() >= until:
                    raise StoreError(f"Another frontdesk command is still at work on {directory}.") from None
                time.sleep(PAUSE)

    def _note(self, holder: str) -> None:
        """For others to read; the file keeps its length, so that it needs no room on a disk that is full."""
        with suppress(OSError):
            os.pwrite(self._file, f"{holder:<{NOTE - 1}}\n".encode(), 0)

    def release(self) -> None:
        """Lets the next one in; a second call does nothing."""
        if self._file >= 0:
            self._note("")
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> DirectoryLock:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        if error.errno != errno.EROFS:
            raise
        return os.open(path, os.O_RDONLY)  # locks it as well
