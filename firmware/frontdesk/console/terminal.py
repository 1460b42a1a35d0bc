"""A person at the other end of a line: questions and answers over the line editor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..control.candidate import Alarm
from .line_editor import Ending, LineEditor, Prompt, Typed

MOST_WAITING = 8 << 10
"""Bytes typed ahead; the line is not read on until they are fewer."""
LOOK = 0.02
"""Seconds between two looks at a line that has enough to show."""
GONE = "The line was taken over, or is dead."


class Interrupted(Exception):
    """Ctrl-C."""


class Left(Exception):
    """The person is gone: Ctrl-D, nothing typed for too long, or the line is dead."""


Later = Callable[[float, Callable[[], None]], Alarm]
"""Calls something in so many seconds (the loop's call_later)."""


class Terminal:
    """Shows text and asks for lines, over bytes that go to `send` and come by `receive`."""

    def __init__(self, send: Callable[[bytes], None], later: Later, is_busy: Callable[[], bool]) -> None:
        """`is_busy`: so much is still to be shown that nothing more is asked for now."""
        self._send = send
        self._later = later
        self._is_busy = is_busy
        self._look: Alarm | None = None
        self._editor = LineEditor()
        self._answer: asyncio.Future[Typed] | None = None
        self._patience: float | None = None
        self._alarm: Alarm | None = None
        self._is_dead = False
        """Whoever was there is gone: what is still said to him is not for whoever comes next."""

    # -- the line's side -----------------------------------------------------------------------------------------------

    @property
    def at_start(self) -> bool:
        """Nothing was typed of the line that comes next."""
        return self._editor.at_start

    @property
    def is_full(self) -> bool:
        """Nothing more should be read off the line for now."""
        return self._editor.waiting >= MOST_WAITING

    def receive(self, data: bytes) -> None:
        """Takes what was typed."""
        self._editor.receive(data)
        self._advance()

    def hang_up(self) -> None:
        """Whoever was there is gone."""
        self._editor.forget()
        self._is_dead = True  # Where a command is at work, the visit ends with the next prompt.
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Left(GONE))

    def redraw(self) -> None:
        """Shows the open prompt once more."""
        self._editor.redraw()
        self._write(self._editor.take_output())

    # -- the session's side --------------------------------------------------------------------------------------------

    def show(self, text: str) -> None:
        """Shows lines."""
        if text:
            self._write(text.replace("\n", "\r\n") + "\r\n")

    def forget(self) -> None:
        """The last person's visit is over, and what he typed is dropped."""
        self._editor.forget()
        self._is_dead = False

    async def ask(self, prompt: Prompt, patience: float | None = None) -> str:
        """The answer to a prompt. Raises Interrupted, and Left where nothing was typed for `patience` seconds."""
        assert self._answer is None, "a prompt is open already"
        if self._is_dead:
            raise Left(GONE)
        self._answer = asyncio.get_running_loop().create_future()
        self._patience = patience
        self._editor.ask(prompt)
        self._advance()
        try:
            typed = await self._answer
        finally:
            self._answer = None
            self._wind(None)
        await asyncio.sleep(0)  # Between two lines that were typed ahead, calls have their turn.
        if typed.ending is Ending.INTERRUPT:
            raise Interrupted
        if typed.ending is Ending.END:
            raise Left("Logged out.")
        return typed.text

    def _advance(self) -> None:
        if self._answer is None or self._answer.done():
            return
        if self._is_busy():
            self._look = self._look or self._later(LOOK, self._look_again)
            return
        typed = self._editor.read()
        self._write(self._editor.take_output())
        if typed is None:
            self._wind(self._patience)
        else:
            self._answer.set_result(typed)

    def _look_again(self) -> None:
        self._look = None
        self._advance()

    def _wind(self, patience: float | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None if patience is None else self._later(patience, self._ring)

    def _ring(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._write("\r\n")
            self._answer.set_exception(Left("Nothing was typed for too long."))

    def _write(self, text: str) -> None:
        if text and not self._is_dead:
            self._send(text.encode("utf-8", "replace"))
