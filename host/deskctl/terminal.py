"""`deskctl console`: the box's console on this terminal, by pyserial's own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Event

from serial.tools.miniterm import Miniterm

from .cable import Cable, CableGone

LEAVES = "\x1d"
"""Ctrl-]"""
MENU = "\x14"
"""Ctrl-T: pyserial's menu."""


class NoTerminal(Exception):
    """Nobody is here who could type; the text is one sentence."""


def check() -> None:
    """Whether this is a terminal. Raises NoTerminal."""
    if not sys.stdin.isatty():
        raise NoTerminal("The console needs a terminal, and standard input is none; `provision` takes a file.")


class _Line(Miniterm):
    """It ends where the cable is gone, too."""

    def __init__(self, cable: Cable) -> None:
        super().__init__(cable.line, echo=False, eol="cr", filters=())
        self.exit_character = LEAVES
        self.menu_character = MENU
        self.raw = True
        self.set_rx_encoding("UTF-8", errors="replace")
        self.set_tx_encoding("UTF-8")
        self.is_gone = False
        self.over = Event()
        """Set by whichever of the two threads ends first: the other may wait for a key for as long as it likes."""

    def reader(self) -> None:
        """From the box to the screen."""
        self._until_over(super().reader)

    def writer(self) -> None:
        """From the keys to the box."""
        self._until_over(super().writer)

    def _until_over(self, copy: Callable[[], None]) -> None:
        try:
            copy()
        except OSError:
            self.is_gone = True
        finally:
            self.over.set()

    def end(self) -> None:
        """Nobody reads the line any more when it is closed."""
        self.stop()
        if self.receiver_thread and hasattr(self.serial, "cancel_read"):
            self.serial.cancel_read()
            self.receiver_thread.join()
        self.close()


def run(cable: Cable) -> None:
    """Over an open one, until Ctrl-]. Raises CableGone."""
    terminal = _Line(cable)
    terminal.start()
    try:
        terminal.over.wait()
    finally:
        terminal.end()
    if terminal.is_gone:
        terminal.console.write("\n")
        raise CableGone(f"{cable.url} is gone.")
