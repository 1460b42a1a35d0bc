"""One box, one process: the lock on the data directory (`serve` holds it, else a command does for a moment)."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from .errors import StoreError

PATIENCE = 5.0
"""Seconds to wait for another command; a box that serves is not waited for."""
PAUSE = 0.02
"""Seconds between tries."""


class DirectoryLock:
    """Held from construction to `release`; the kernel releases it when the process dies."""

    def __init__(self, directory: Path, *, serve: bool, patience: float = PATIENCE) -> None:
        """Raises StoreError where another process holds it, and OSError where the directory cannot be written."""
        self._file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._take(directory, time.monotonic() + patience)
        except BaseException:
            os.close(self._file)
            raise
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, b"serve %d\n" % os.getpid() if serve else b"", 0)

    def _take(self, directory: Path, until: float) -> None:
        while True:
            try:
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(self._file, 64, 0).decode("ascii", "replace").strip()
                if holder.startswith("serve "):
                    raise StoreError(f"A frontdesk (process {holder[6:]}) already serves {directory}.") from None
                if time.monotonic() >= until:
                    raise StoreError(f"Another frontdesk command is still at work on {directory}.") from None
                time.sleep(PAUSE)

    def release(self) -> None:
        """Lets the next one in; a second call does nothing."""
        if self._file >= 0:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> DirectoryLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
