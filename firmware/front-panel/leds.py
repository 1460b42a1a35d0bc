"""The light: one colour for each state, seen from across a room."""

import pins
from machine import Pin
from micropython import const

try:
    from neopixel import NeoPixel

    HAS_LIGHT = True
except ImportError:  # A firmware without it: the panel does without a light.
    HAS_LIGHT = False

WAITING = (0, 0, 24)
READY = (0, 16, 0)
CALLING = (0, 24, 24)
ALARM = (40, 0, 0)
ASKING = NEW = (32, 16, 0)
DARK = (0, 0, 0)
_BLINK = const(512)
"""Milliseconds on, and off; a power of two."""


class Light:
    """Steady for what is well, blinking for what wants somebody."""

    def __init__(self) -> None:
        self._pixel = NeoPixel(Pin(pins.LED, Pin.OUT), 1) if HAS_LIGHT else None
        self._shown: tuple[int, int, int] | None = None

    def show(self, colour: "tuple[int, int, int]", blinking: bool, now: int) -> None:
        """Called often; the pixel is written when it changes."""
        wanted = DARK if blinking and now & _BLINK else colour
        if wanted != self._shown and self._pixel is not None:
            self._pixel[0] = wanted
            self._pixel.write()
        self._shown = wanted
