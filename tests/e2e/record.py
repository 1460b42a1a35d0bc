"""What somebody said, in order, while others wait for a certain word of it with a deadline."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
PATIENCE = 20.0  # seconds; what is waited for takes milliseconds on an idle machine


class Record(Generic[T]):
    """An append-only list that one thread fills and another reads."""

    def __init__(self, teller: str):
        self._teller = teller
        self._items: list[T] = []
        self._ended = False
        self._changed = threading.Condition()

    def append(self, item: T) -> None:
        with self._changed:
            self._items.append(item)
            self._changed.notify_all()

    def end(self) -> None:
        """Nothing more will come: whoever waits need not wait for the deadline."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def all(self) -> list[T]:
        with self._changed:
            return list(self._items)

    def wait(self, wanted: Callable[[T], bool], what: str, since: int = 0, within: float = PATIENCE) -> tuple[int, T]:
        """The first item from number `since` on that is wanted, and its number."""
        deadline = time.monotonic() + within
        with self._changed:
            while True:
                for number in range(since, len(self._items)):
                    if wanted(self._items[number]):
                        return number, self._items[number]
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    raise AssertionError(self._missing(what, within))
                self._changed.wait(left)

    def _missing(self, what: str, within: float) -> str:
        reason = "and has ended" if self._ended else f"within {within:g} s"
        return f"{self._teller} did not tell {what} {reason}; it told:\n" + "\n".join(map(str, self._items[-40:]))
