"""A person at the console of a desk: what is typed, and the screen; time is moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from frontdesk.console.console import Console
from tests.console.screen import Screen
from tests.control.desk import Desk

TURNS = 50
"""Of the loop; no command of a desk waits for anything but its own steps."""


@dataclass
class Alarm:
    """A call that is to come."""

    seconds: float
    call: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class Visit:
    """The console of a desk, without a port."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.sent = bytearray()
        self.screen = Screen()
        self.alarms: list[Alarm] = []
        self._loop = asyncio.new_event_loop()
        self.dropped = 0
        """How often what was still to be sent was not to be shown any more."""
        self.is_busy = False
        self.console = Console(desk.box, self, self._later)
        self._do(self.console.found)

    def type(self, text: str | bytes) -> str:
        """What the screen shows for it."""
        data = text if isinstance(text, bytes) else text.encode()
        return self._do(lambda: self.console.receive(data))

    def say(self, line: str) -> str:
        """What the screen shows for one line, less the line itself and the next prompt."""
        shown = self.type(line + "\r")
        return "\n".join(shown.split("\n")[1:-1])

    def wait(self, seconds: float) -> str:
        """So much time goes by, and nothing is typed."""
        due = [alarm for alarm in self.alarms if not alarm.cancelled and alarm.seconds <= seconds]
        self.alarms = [alarm for alarm in self.alarms if not alarm.cancelled and alarm not in due]

        def ring() -> None:
            for alarm in due:
                alarm.call()

        return self._do(ring)

    def lose(self) -> str:
        """The cable is pulled."""
        return self._do(self.console.lost)

    def together(self, *acts: Callable[[], None]) -> str:
        """What the screen shows for things that happen in one turn of the loop."""
        return self._do(lambda: [act() for act in acts])

    def close(self) -> None:
        self._loop.run_until_complete(self.console.close())
        self._loop.close()

    @property
    def prompt(self) -> str:
        return self.screen.row

    def write(self, data: bytes) -> None:
        self.sent += data

    def drop(self) -> None:
        self.dropped += 1
        self.is_busy = False

    def _later(self, seconds: float, call: Callable[[], None]) -> Alarm:
        alarm = Alarm(seconds, call)
        self.alarms.append(alarm)
        return alarm

    def _do(self, act: Callable[[], object]) -> str:
        async def turn() -> None:
            act()
            before = -1
            while before != len(self.sent):
                before = len(self.sent)
                for _ in range(TURNS):
                    await asyncio.sleep(0)

        self.sent.clear()
        self._loop.run_until_complete(turn())
        if b"\0" in self.sent:
            return ""
        shown = self.sent.decode()
        self.screen.show(shown)
        return shown.replace("\r\n", "\n")
