"""`deskctl console`: the box's console on this terminal, by pyserial's own."""

from __future__ import annotations

import sys
from typing import Any

from serial.tools.miniterm import Miniterm

from .cable import Cable

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


def run(cable: Cable) -> None:
    """Over an open one, until Ctrl-]."""
    terminal: Any = Miniterm(cable.line, echo=False, eol="cr", filters=())
    terminal.exit_character = LEAVES
    terminal.menu_character = MENU
    terminal.raw = True
    terminal.set_rx_encoding("UTF-8", errors="replace")
    terminal.set_tx_encoding("UTF-8")
    terminal.start()
    try:
        terminal.join(transmit_only=True)
    finally:
        terminal.close()
