"""What a thread tells the loop again and again.

`call_soon_threadsafe` makes two objects for each word and takes three calls of the kernel until the loop is quiet
again, an eventfd two: of a REGISTER that waits for the disk alone a twelfth.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_log = logging.getLogger("frontdesk.mailbox")


class Mailbox(Generic[T]):
    """Words go in from any thread, and come out on the loop in their order; all that are there at once, so that nothing
    which is told otherwise overtakes them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Callable[[T], None]) -> None:
        self._loop = loop
        self._receive = receive
        self._words: deque[T] = deque()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        loop.add_reader(self._bell, self._take)

    def put(self, word: T) -> None:
        """From any thread; not after `close`."""
        self._words.append(word)
        os.eventfd_write(self._bell, 1)

    def _take(self) -> None:
        os.eventfd_read(self._bell)
        while self._words:
            word = self._words.popleft()
            try:
                self._receive(word)
            except Exception:
                _log.exception("a word of a thread could not be dealt with")

    def close(self) -> None:
        """Once no thread has a word left: the descriptor may be another file's from now on."""
        self._loop.remove_reader(self._bell)
        os.close(self._bell)
