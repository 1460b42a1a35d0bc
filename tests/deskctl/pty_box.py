"""A box at the other end of a pty, in a thread of its own: the real machine mode over the real verbs and store."""

from __future__ import annotations

import asyncio
import os
import threading
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

from frontdesk.console.programs import Programs
from tests.control.desk import Desk

PATIENCE = 10.0
"""Seconds; only a broken test waits that long."""


class PtyBox:
    """`port` is a link to the pty, so that it has the same name when it is plugged in again."""

    def __init__(self, directory: Path, password: str = "", serial: str = "B0X") -> None:
        self.port = str(directory / "port")
        self.received = 0
        self.sent = 0
        self.unplug_after: int | None = None
        """Bytes from the laptop."""
        self.instead: PtyBox | None = None
        """The box that is plugged in where this one was."""
        self.noise: Callable[[bytes], bytes] = lambda data: data
        self.desk: Desk
        self.machine: Programs
        self._directory = directory
        self._serial = serial
        self._loop = asyncio.new_event_loop()
        self._ends: tuple[int, ...] = ()
        self._thread = threading.Thread(target=self._live)
        self._thread.start()
        self.do(self._boot)
        if password:
            self.verb("passwd admin", password=password)
        self.do(self.plug)

    def do(self, work: Callable[[], Any]) -> Any:
        """Done where the box lives."""

        async def on_the_loop() -> Any:
            return work()

        return asyncio.run_coroutine_threadsafe(on_the_loop(), self._loop).result(PATIENCE)

    def verb(self, words: str, **arguments: object) -> Any:
        """The answer to a verb, past the line."""
        return self.do(lambda: self.desk.do(words, **arguments))

    def close(self) -> None:
        """Switches it off."""
        self.do(self.unplug)
        self.do(self.desk.store.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def reboot_now(self) -> None:
        """The process ends and starts again; the cable stays."""
        self.desk.store.close()
        self._boot()

    def plug(self) -> None:
        """The cable is in."""
        if self._ends:
            return
        self._ends = os.openpty()
        tty.setraw(self._ends[1])
        link = Path(self.port)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._ends[1]))
        self._loop.add_reader(self._ends[0], self._read)

    def _plug_again(self) -> None:
        if self.instead is None:
            self.plug()
        else:
            Path(self.port).symlink_to(Path(self.instead.port).readlink())

    def unplug(self) -> None:
        """The cable is out."""
        if self._ends:
            self._loop.remove_reader(self._ends[0])
            Path(self.port).unlink(missing_ok=True)
            for end in self._ends:
                os.close(end)
            self._ends = ()

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _boot(self) -> None:
        self.desk = Desk(self._directory)
        self.machine = Programs(self.desk.box, self._serial)

    def _read(self) -> None:
        data = os.read(self._ends[0], 4096)
        if self.unplug_after is not None:
            data, self.unplug_after = data[: self.unplug_after], self.unplug_after - len(data)
        self.received += len(data)
        answer = self.machine.receive(self.noise(data), self._loop.time())
        if self.unplug_after is not None and self.unplug_after <= 0:
            self.unplug_after = None
            self.unplug()
            self._loop.call_later(0.05, self._plug_again)
            return
        self.sent += len(answer)
        os.write(self._ends[0], self.noise(answer))
