"""A console or the front panel at its port, from the start of the box to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from ..control import Box
from .console import Console
from .panel import Panel
from .serial_port import Behind, Device, Port, Pty, Serial

PTY = "pty"
"""Makes a pseudo-terminal, and says where it is."""


class End(Behind, Protocol):
    """What sits behind a port, and ends with the box."""

    async def close(self) -> None: ...


class Line:
    """One of the serial lines of the box."""

    def __init__(self, where: str, what: str, behind: Callable[[Port], End]) -> None:
        """`where`: `pty`, a device, or a URL of pyserial; `what`: is behind it, for the log.

        Raises OSError where no pty can be had.
        """
        self._pty = Pty() if where == PTY else None
        self.name = self._pty.path if self._pty is not None else where
        self._port = Port(self.name, self._open, what)
        self._behind = behind(self._port)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Opens the port, and greets whoever is there once it is open."""
        self._task = asyncio.get_running_loop().create_task(self._port.serve(self._behind))

    async def close(self) -> None:
        """Ends the visit and closes the port."""
        await self._behind.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _open(self) -> Device:
        return self._pty if self._pty is not None else Serial(self.name)


def console(box: Box, where: str) -> Line:
    """A line at which people and programs administer the box."""
    return Line(where, "console", lambda port: Console(box, port, asyncio.get_running_loop().call_later))


def panel(box: Box, where: str) -> Line:
    """The front panel's line."""
    return Line(where, "front panel", lambda port: Panel(box, port))
