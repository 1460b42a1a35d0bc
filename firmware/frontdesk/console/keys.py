"""Keys out of bytes: UTF-8, line ends of all three kinds, and what terminals send for keys (ECMA-48 section 5.4)."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from ..control.checks import is_visible

ENTER, INTERRUPT, END, TAB, REDRAW = "enter", "interrupt", "end", "tab", "redraw"
LEFT, RIGHT, UP, DOWN, HOME, FINISH = "left", "right", "up", "down", "home", "finish"
BACKSPACE, DELETE, ERASE_LINE, ERASE_REST, ERASE_WORD = "backspace", "delete", "erase-line", "erase-rest", "erase-word"

CONTROLS = {
    "\x01": HOME, "\x02": LEFT, "\x03": INTERRUPT, "\x04": END, "\x05": FINISH, "\x06": RIGHT, "\x08": BACKSPACE,
    "\t": TAB, "\x0b": ERASE_REST, "\x0c": REDRAW, "\x0e": DOWN, "\x10": UP, "\x15": ERASE_LINE, "\x17": ERASE_WORD,
    "\x7f": BACKSPACE,
}  # fmt: skip
SEQUENCES = {
    "A": UP, "B": DOWN, "C": RIGHT, "D": LEFT, "H": HOME, "F": FINISH, "1~": HOME, "4~": FINISH, "3~": DELETE,
    "7~": HOME, "8~": FINISH,
}  # fmt: skip
LONGEST_SEQUENCE = 16
"""Characters; what is longer is noise on the line."""


class Keys:
    """Turns bytes into keys, however they are cut: a character is itself, every other key has a longer name."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._after_return = False
        self._sequence: str | None = None
        """What came since Escape."""

    @property
    def between(self) -> bool:
        """No key is half read."""
        return self._sequence is None and not self._decoder.getstate()[0]

    def skip(self) -> None:
        """Characters of plain ASCII were taken as they are."""
        self._after_return = False

    def read(self, byte: int) -> Iterator[str]:
        """The keys that are complete with this byte."""
        for char in self._decoder.decode(bytes([byte])):
            yield from self._char(char)

    def _char(self, char: str) -> Iterator[str]:
        after_return, self._after_return = self._after_return, char == "\r"
        if char == "\n" and after_return:
            return
        if char == "\x1b":
            self._sequence = ""
        elif char in "\r\n":
            self._sequence = None
            yield ENTER
        elif self._sequence is not None and char.isprintable():
            yield from self._continue(char)
        else:
            self._sequence = None
            yield from self._single(char)

    def _single(self, char: str) -> Iterator[str]:
        if char in CONTROLS:
            yield CONTROLS[char]
        elif is_visible(char):
            yield char

    def _continue(self, char: str) -> Iterator[str]:
        assert self._sequence is not None
        self._sequence += char
        if len(self._sequence) == 1 and char in "[O":
            return
        body = self._sequence[1:]
        if len(self._sequence) > 1 and not "@" <= char <= "~" and len(self._sequence) < LONGEST_SEQUENCE:
            return
        self._sequence = None
        if body in SEQUENCES:
            yield SEQUENCES[body]
