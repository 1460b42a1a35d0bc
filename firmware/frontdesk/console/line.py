"""A console at its port, from the start of the box to its end."""

from __future__ import annotations

import asyncio

from ..control import Box
from .console import Console
from .serial_port import Device, Port, Pty, Serial

PTY = "pty"
"""Makes a pseudo-terminal, and says where it is."""


class Line:
    """One of the lines over which the box is administered."""

    def __init__(self, box: Box, where: str) -> None:
        """`where`: `pty`, a device, or a URL of pyserial. Raises OSError where no pty can be had."""
        self._pty = Pty() if where == PTY else None
        self.name = self._pty.path if self._pty is not None else where
        self._port = Port(self.name, self._open)
        self._console = Console(box, self._port.write, asyncio.get_running_loop().call_later)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Opens the port, and greets whoever is there once it is open."""
        self._task = asyncio.get_running_loop().create_task(self._port.serve(self._console))

    async def close(self) -> None:
        """Ends the visit and closes the port."""
        await self._console.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _open(self) -> Device:
        return self._pty if self._pty is not None else Serial(self.name)
