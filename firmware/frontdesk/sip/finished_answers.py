"""What non-INVITE server transactions leave when Completed over UDP: key and answer (RFC 3261 section 17.2.2)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from .message import Recipe
from .timers import TIMEOUT, Deadline, Deadlines
from .wire import Flow

MAX_ANSWERS = 50_000
"""About 1,600 answers a second for the 32 s of Timer J."""
MAX_BYTES = 32 * 2**20
"""Of answers."""
SWEEP = 1.0
"""Seconds by which an answer may outlive its Timer J: one timer serves all."""


@dataclass(slots=True)
class Finished:
    """An answer, where it goes, and when it may be forgotten."""

    key: str
    answer: bytes | Recipe
    """Empty where none is sent (RFC 4320 section 4.2)."""
    target: Flow
    until: float

    def encode(self) -> bytes:
        """The answer as it was sent."""
        return self.answer if isinstance(self.answer, bytes) else self.answer.encode(self.key.rpartition(" ")[2])


class FinishedAnswers:
    """A queue in the order of time, bounded by count and by bytes: past a bound the oldest go before their Timer J.

    A retransmission of one that is gone is a new request to the core, which has to come to the same answer.
    """

    def __init__(self, deadlines: Deadlines, max_answers: int = MAX_ANSWERS, max_bytes: int = MAX_BYTES) -> None:
        self.bytes = 0
        self._deadlines = deadlines
        self._max_answers = max_answers
        self._max_bytes = max_bytes
        self._queue: deque[Finished] = deque()
        self._by_key: dict[str, Finished] = {}
        self._sweep: Deadline | None = None

    def __len__(self) -> int:
        return len(self._queue)

    def get(self, key: str) -> Finished | None:
        """The answer given under that key."""
        return self._by_key.get(key)

    def add(self, key: str, answer: bytes | Recipe, target: Flow, now: float) -> None:
        """Keeps an answer for the time of Timer J."""
        finished = Finished(key, answer, target, now + TIMEOUT)
        self._queue.append(finished)
        self._by_key[key] = finished
        self.bytes += len(answer)
        while len(self._queue) > self._max_answers or self.bytes > self._max_bytes:
            self._drop_oldest()
        if self._sweep is None:
            self._sweep = self._deadlines.set(finished.until, self._expire)

    def _expire(self, now: float) -> None:
        while self._queue and self._queue[0].until <= now:
            self._drop_oldest()
        self._sweep = self._deadlines.set(max(self._queue[0].until, now + SWEEP), self._expire) if self._queue else None

    def _drop_oldest(self) -> None:
        oldest = self._queue.popleft()
        self.bytes -= len(oldest.answer)
        if self._by_key.get(oldest.key) is oldest:  # else it was answered again after that
            del self._by_key[oldest.key]
