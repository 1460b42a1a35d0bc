"""One serial line: people talk to the session, programs in frames to the machine, one at a time."""

from __future__ import annotations

import asyncio
from typing import Protocol

from ..control import Box
from ..control.candidate import CONSOLE, Alarm
from .programs import SILENCE, Programs
from .session import Session
from .terminal import Later, Terminal

INTERRUPT = b"\x03"
"""Ctrl-C."""
MACHINE = b"\0"
"""What begins a frame; at the start of a line it says that a program is there."""
ENTER = b"\r"
FEW = 16
"""Bytes, about as many as a greeting has."""


class Out(Protocol):
    """What is shown, on its way."""

    @property
    def is_busy(self) -> bool:
        """So much is on its way that no more should be asked for."""

    def write(self, data: bytes) -> None: ...
    def drop(self) -> None:
        """What waits is not shown any more."""


class Console:
    """What sits behind a port; it ends with the box."""

    def __init__(self, box: Box, line: Out, later: Later, editor: str = CONSOLE) -> None:
        self._clock = box.clock
        self._line = line
        self._later = later
        self._terminal = Terminal(self._send_to_people, later, lambda: line.is_busy)
        self._session = Session(box, self._terminal, editor)
        self._programs = Programs(box)
        self._silence: Alarm | None = None
        """Runs while the line is a program's."""
        self._unheard: bytes | None = None
        """The last that has come of a program not heard yet: a break, or the noise of a plug, may be one, too."""
        self._task: asyncio.Task[None] | None = None

    def found(self) -> None:
        """The port is open: greets whoever is there."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._session.serve())
        else:
            self._terminal.redraw()

    async def close(self) -> None:
        """Ends the session."""
        if self._silence is not None:
            self._silence.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def is_full(self) -> bool:
        """Nothing more should be read off the line for now."""
        return self._terminal.is_full or (self._silence is not None and self._line.is_busy)

    def receive(self, data: bytes) -> None:
        """Takes what came over the line."""
        while data and self._silence is None:
            typed, zero, rest = data.partition(MACHINE)
            if INTERRUPT in typed:
                self._line.drop()  # long output ends where it is
            if typed:
                self._terminal.receive(typed)
            if zero and self._terminal.at_start:
                self._terminal.hang_up()
                self._unheard = b""
                self._serve_program(zero + rest)
                return
            data = rest  # A zero in the middle of a line is noise.
        if data:
            self._serve_program(data)

    def lost(self) -> None:
        """The port is gone, and whoever was at it."""
        self._give_back()
        self._terminal.hang_up()

    def _serve_program(self, data: bytes) -> None:
        if self._is_somebody(data):
            self._give_back()
            self.receive(ENTER)
            return
        reply = self._programs.receive(data, self._clock.now())
        if self._programs.heard:
            self._unheard = None
        if self._silence is None or self._programs.heard:
            self._wait_for_silence()
        self._line.write(reply)
        if self._programs.left:
            self._give_back()

    def _is_somebody(self, data: bytes) -> bool:
        """Whether a person presses Enter: once behind zeros alone, or twice behind other noise. No greeting is that."""
        if self._unheard is None:
            return False
        self._unheard = (self._unheard + data.translate(None, MACHINE + b"\n"))[-FEW:]
        return self._unheard == ENTER or self._unheard.endswith(ENTER + ENTER)

    def _wait_for_silence(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
        self._silence = self._later(SILENCE, self._give_back)

    def _give_back(self) -> None:
        """The line is people's again."""
        if self._silence is None:
            return
        self._silence.cancel()
        self._silence = None
        self._programs.log_out()
        self._terminal.redraw()

    def _send_to_people(self, data: bytes) -> None:
        if self._silence is None:
            self._line.write(data)
