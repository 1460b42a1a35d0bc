"""Bodies of requests that are still coming, bounded over all connections."""

from __future__ import annotations

import threading
from mmap import mmap


class CutOff(ConnectionError):
    """The room was needed for others."""


class Spool:
    """What is beyond the bound is taken from whoever has been sending for the longest: a form comes in a moment."""

    def __init__(self, most: int) -> None:
        """`most`: bytes."""
        self._most = most
        self._held: dict[object, mmap] = {}
        """In the order in which they began. Memory of their own, taken as it is written and given back to the system at
        once: a heap that has held them keeps 50 MB."""
        self._lock = threading.Lock()

    def begin(self, who: object, length: int) -> None:
        """A body is announced. Raises OSError."""
        with self._lock:
            self._held[who] = mmap(-1, length)

    def add(self, who: object, piece: bytes) -> int:
        """Keeps more of it; bytes so far. Raises CutOff."""
        with self._lock:
            if who in self._held:
                self._held[who].write(piece)
            while sum(room.tell() for room in self._held.values()) > self._most:
                self._held.pop(next(iter(self._held))).close()
            if who not in self._held:
                raise CutOff("it took too long, and others need the room")
            return self._held[who].tell()

    def take(self, who: object) -> bytes:
        """What there was of it; it is the caller's now."""
        with self._lock:
            if who not in self._held:
                return b""
            with self._held.pop(who) as room:
                return room[: room.tell()]
