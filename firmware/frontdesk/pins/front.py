"""LED and button together, beside the calls; whatever is wrong with them is told once, and the box goes on without."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from ..board import Board
from . import lines
from .button import POLL, Button, Stage
from .led import ALARM, ASKING, BOOTING, CALL, READY, Pattern, blink

_log = logging.getLogger("frontdesk")


class Front:
    """What a board shows and hears on its pins."""

    def __init__(self, board: Board, now: Callable[[], float]) -> None:
        """`now`: seconds on CLOCK_BOOTTIME."""
        self._board = board
        self._now = now
        self._stage = Stage.OVER
        self._ready = False
        self._is_alarmed: Callable[[], bool] = lambda: False
        self._is_calling: Callable[[], bool] = lambda: False
        self._tasks: list[asyncio.Task[None]] = []
        self._start("LED", self._shine)

    def ready(
        self, is_alarmed: Callable[[], bool], is_calling: Callable[[], bool], reset: Callable[[], Awaitable[Any]]
    ) -> None:
        """The box serves: what the LED shows from now on, and what the button does."""
        self._ready, self._is_alarmed, self._is_calling = True, is_alarmed, is_calling
        self._start("button", lambda: self._listen(reset))

    async def close(self) -> None:
        """Lets both go; the LED is dark."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def pattern(self) -> Pattern:
        """What the LED is to show; what needs a hand goes first."""
        if self._stage in (Stage.RELEASING, Stage.ASKING):
            return ASKING
        if not self._ready:
            return BOOTING
        if self._is_alarmed():
            return ALARM
        return CALL if self._is_calling() else READY

    # -- the two -------------------------------------------------------------------------------------------------------

    def _start(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.create_task(_told(what, work)))

    async def _shine(self) -> None:
        if self._board.led is None:
            return
        lamp = lines.output(self._board.led)
        try:
            await blink(lamp, self.pattern)
        finally:
            lamp.set(False)
            lamp.close()

    async def _listen(self, reset: Callable[[], Awaitable[Any]]) -> None:
        if self._board.button is None:
            return
        line = lines.input(self._board.button)
        try:
            button = Button(line.is_active(), self._now())
            self._stage = button.stage
            while self._stage not in (Stage.RESET, Stage.OVER):
                await asyncio.sleep(POLL)
                self._stage = button.look(line.is_active(), self._now())
        finally:
            line.close()
        if self._stage is Stage.RESET:
            _log.warning("the button was held and pressed again: factory reset")
            try:
                await reset()
            except Exception as error:  # Whatever it was, nobody else hears of it.
                _log.error("there was no factory reset: %s", error)


async def _told(what: str, work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except ImportError:
        _log.warning("the %s is not used: gpiod 2 is not installed", what)
    except OSError as error:
        _log.warning("the %s is not used: %s", what, error)
