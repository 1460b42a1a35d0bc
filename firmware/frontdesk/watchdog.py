"""The watchdog is fed while every part of the box answers; the loop does so by running this."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

_log = logging.getLogger("frontdesk")


@dataclass(slots=True)
class Part:
    """A thread of the box, and how it is asked whether it is alive."""

    name: str
    ask: Callable[[], Future[Any]]
    """Its answer comes when the part gets round to it."""
    patience: float
    """Seconds that an answer may take."""
    restart: Callable[[], None] | None = None
    """Starts that part alone anew; None: then the whole box has to be."""
    is_held_up: Callable[[], bool] = lambda: False
    """Whether something keeps it from answering that the box, started anew, would meet again."""
    _answer: Future[Any] | None = field(default=None, init=False)
    _asked_at: float = field(default=0.0, init=False)
    _missed: bool = field(default=False, init=False)

    def is_alive(self, now: float) -> bool:
        """Asks again if it has answered."""
        if self._answer is None or self._answer.done():
            self._answer, self._asked_at, self._missed = self.ask(), now, False
            return True
        return now - self._asked_at <= self.patience

    def miss(self, now: float) -> bool:
        """It is not alive: starts it anew where that can be done; whether the box may go on."""
        if not self._missed:
            _log.error("%s has not answered for %.0f s", self.name, now - self._asked_at)
        self._missed = True
        if self.restart is None:
            return self.is_held_up()
        self.restart()
        self._answer = None
        return True


class Watchdog:
    """Looks at all parts, and feeds while all are alive."""

    def __init__(self, parts: Sequence[Part], feed: Callable[[], None], clock: Callable[[], float]) -> None:
        """`clock`: seconds that only go forward."""
        self._parts = parts
        self._feed = feed
        self._clock = clock

    def look(self) -> None:
        """Once."""
        now = self._clock()
        if all([part.is_alive(now) or part.miss(now) for part in self._parts]):
            self._feed()

    async def run(self, pause: float) -> None:
        """Never ends; `pause`: seconds between two looks."""
        while True:
            self.look()
            await asyncio.sleep(pause)
