"""Bodies of requests that are still coming, bounded over all connections."""

from __future__ import annotations

import threading


class CutOff(ConnectionError):
    """The room was needed for others."""


class Spool:
    """What is beyond the bound is taken from whoever has been sending for the longest: a form comes in a moment."""

    def __init__(self, most: int) -> None:
        """`most`: bytes."""
        self._most = most
        self._held: dict[object, bytearray] = {}
        """In the order in which they began."""
        self._lock = threading.Lock()

    def begin(self, who: object) -> None:
        """A body is announced."""
        with self._lock:
            self._held[who] = bytearray()

    def add(self, who: object, piece: bytes) -> int:
        """Keeps more of it; bytes so far. Raises CutOff."""
        with self._lock:
            if who in self._held:
                self._held[who] += piece
            while sum(map(len, self._held.values())) > self._most:
                del self._held[next(iter(self._held))]
            if who not in self._held:
                raise CutOff("it took too long, and others need the room")
            return len(self._held[who])

    def take(self, who: object) -> bytes:
        """What there was of it; it is the caller's now."""
        with self._lock:
            return bytes(self._held.pop(who, b""))
