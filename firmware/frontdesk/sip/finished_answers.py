"""What non-INVITE server transactions leave when Completed over UDP: key and answer (RFC 3261 section 17.2.2)."""

from __future__ import annotations

from collections import deque

from .message import Ingredients, Recipe
from .timers import TIMEOUT, Deadline, Deadlines
from .wire import Flow

MAX_ANSWERS = 50_000
"""About 1,600 answers a second for the 32 s of Timer J."""
MAX_BYTES = 32 * 2**20
"""Of answers."""
SWEEP = 1.0
"""Seconds by which an answer may outlive its Timer J: one timer serves all."""


RECIPE_SIZE = 128
"""Bytes that one takes which is kept as what makes it, besides its Contacts."""

_Kept = tuple[str, bytes | Recipe, bytes, bytes | None, Flow, float]
"""Key, answer (empty where none is sent: RFC 4320 section 4.2) or its ingredients, where it goes, and since when it is
kept. A tuple: an object of a class takes 1,300 instructions more, and each move has one."""


class FinishedAnswers:
    """A queue in the order of time, bounded by count and by bytes: past a bound the oldest go before their Timer J.

    A retransmission of one that is gone is a new request to the core, which has to come to the same answer.
    """

    def __init__(self, deadlines: Deadlines, max_answers: int = MAX_ANSWERS, max_bytes: int = MAX_BYTES) -> None:
        self.bytes = 0
        self._deadlines = deadlines
        self._max_answers = max_answers
        self._max_bytes = max_bytes
        self._queue: deque[_Kept] = deque()
        self._by_key: dict[str, _Kept] = {}
        self._sweep: Deadline | None = None

    def __len__(self) -> int:
        return len(self._queue)

    def holds(self, key: str) -> bool:
        """Whether an answer was given under that key."""
        return key in self._by_key

    def get(self, key: str) -> tuple[bytes, Flow] | None:
        """The answer given under that key, as it was sent, and where it goes."""
        kept = self._by_key.get(key)
        if kept is None:
            return None
        _, answer, number, date, target, _ = kept
        if not isinstance(answer, bytes):
            answer = answer.encode(key.rpartition(" ")[2], number, date)
        return answer, target

    def add(self, key: str, answer: bytes | Ingredients, target: Flow, now: float) -> None:
        """Keeps an answer for the time of Timer J."""
        kept: _Kept
        if isinstance(answer, bytes):
            kept = key, answer, b"", None, target, now
            self.bytes += len(answer)
        else:
            recipe, number, date = answer
            kept = key, recipe, number, date, target, now
            self.bytes += RECIPE_SIZE + len(recipe.contacts)
        self._queue.append(kept)
        self._by_key[key] = kept
        while len(self._queue) > self._max_answers or self.bytes > self._max_bytes:
            self._drop_oldest()
        if self._sweep is None:
            self._sweep = self._deadlines.set(now + TIMEOUT, self._expire)

    def _expire(self, now: float) -> None:
        while self._queue and self._queue[0][5] + TIMEOUT <= now:
            self._drop_oldest()
        self._sweep = None
        if self._queue:
            self._sweep = self._deadlines.set(max(self._queue[0][5] + TIMEOUT, now + SWEEP), self._expire)

    def _drop_oldest(self) -> None:
        oldest = self._queue.popleft()
        key, answer, _, _, _, _ = oldest
        self.bytes -= len(answer) if isinstance(answer, bytes) else RECIPE_SIZE + len(answer.contacts)
        if self._by_key.get(key) is oldest:  # else it was answered again after that
            del self._by_key[key]
