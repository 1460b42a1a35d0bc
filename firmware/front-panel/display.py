"""The display: sixteen letters in eight rows, on the SSD1306 driver of micropython-lib."""

import framebuf
import pins
from machine import I2C, Pin
from micropython import const
from ssd1306 import SSD1306_I2C

WIDTH, HEIGHT = 128, 64
COLUMNS, ROWS = 16, 8
_LETTER = const(8)
_ASCII = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
"""The font has no others."""
_SIGNS = "/:.-_"


class Display:
    """Draws into memory; `show` sends it only when it differs from what is there. Where no display answers, all else of
    the panel goes on, and the display is set up once it answers again.
    """

    def __init__(self) -> None:
        self._bus = I2C(pins.I2C, sda=Pin(pins.SDA), scl=Pin(pins.SCL), freq=400_000)
        self._screen: SSD1306_I2C | None = None
        self._pixels = bytearray(WIDTH * HEIGHT // 8)
        self._shown = bytearray(WIDTH * HEIGHT // 8)
        self._canvas = framebuf.FrameBuffer(self._pixels, WIDTH, HEIGHT, framebuf.MONO_VLSB)
        self._letter = bytearray(_LETTER)
        self._stamp = framebuf.FrameBuffer(self._letter, _LETTER, _LETTER, framebuf.MONO_VLSB)

    def doubt(self) -> None:
        """Sets it up with the next picture: one that had no power for a moment is dark, and takes all the same."""
        self._screen = None

    def clear(self) -> None:
        """An empty picture."""
        self._canvas.fill(0)

    def title(self, text: str) -> None:
        """Row 0, dark on light."""
        self._canvas.fill_rect(0, 0, WIDTH, _LETTER + 2, 1)
        self._canvas.text(plain(text)[:COLUMNS], 1, 1, 0)

    def row(self, number: int, text: str) -> None:
        """One row; 0 is the title's."""
        self._canvas.text(plain(text)[:COLUMNS], 0, number * _LETTER, 1)

    def rows(self, number: int, text: str) -> int:
        """As many rows as the words take; the row after them."""
        for line in wrapped(plain(text)):
            if number >= ROWS:
                break
            self.row(number, line)
            number += 1
        return number

    def pair(self, number: int, text: str, count: int) -> None:
        """Words at the left and a number at the right of a row."""
        self.row(number, text)
        digits = str(count)
        self._canvas.text(digits, WIDTH - _LETTER * len(digits), number * _LETTER, 1)

    def large(self, y: int, text: str) -> None:
        """Eight letters of twice the size."""
        for place, letter in enumerate(text[:8]):
            self._stamp.fill(0)
            self._stamp.text(letter, 0, 0, 1)
            for dot in range(_LETTER * _LETTER):
                if self._stamp.pixel(dot % _LETTER, dot // _LETTER):
                    x = 2 * (place * _LETTER + dot % _LETTER)
                    self._canvas.fill_rect(x, y + 2 * (dot // _LETTER), 2, 2, 1)

    def show(self) -> None:
        """Sends the picture, if it is another."""
        if self._screen is not None and self._pixels == self._shown:
            return
        try:
            if self._screen is None:
                self._screen = SSD1306_I2C(WIDTH, HEIGHT, self._bus, pins.ADDRESS)
            self._screen.fill(0)
            self._screen.blit(self._canvas, 0, 0)
            self._screen.show()
            self._shown[:] = self._pixels
        except OSError:
            self._screen = None


def plain(text: str) -> str:
    """With letters that the font has."""
    if all(ord(letter) < 127 for letter in text):
        return text
    return "".join([letter if ord(letter) < 127 else _ASCII.get(letter, "?") for letter in text])


def wrapped(text: str) -> "list[str]":
    """Lines of at most sixteen letters, cut between words, and long words behind one of their signs."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) <= COLUMNS:
            lines[-1] += " " + word
            continue
        while len(word) > COLUMNS:
            cut = _cut(word)
            lines.append(word[:cut])
            word = word[cut:]
        lines.append(word)
    return lines[1:]


def _cut(word: str) -> int:
    """Letters of a word that is too long for a line which stay on it: addresses and URLs are read in their parts."""
    for place in range(COLUMNS, 0, -1):
        if word[place - 1] in _SIGNS:
            return place
    return COLUMNS
