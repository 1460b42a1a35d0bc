"""The two buttons."""

from machine import Pin
from micropython import const

_SETTLING = const(30)
"""Milliseconds in which a contact bounces."""
LONG = const(3000)
"""Milliseconds for which a long press is held."""
NOTHING, PRESSED, HELD = 0, 1, 2


class Key:
    """One button to GND; it says PRESSED when it is let go, and HELD once while it is held."""

    def __init__(self, pin: int) -> None:
        self._pin = Pin(pin, Pin.IN, Pin.PULL_UP)
        self._is_down = False
        self._told = False
        self._since = 0

    @property
    def is_down(self) -> bool:
        """Right now, bouncing or not."""
        return self._pin.value() == 0

    def turn(self, now: int) -> int:
        """What has happened; called often."""
        down = self.is_down
        lasted = (now - self._since) & 0x3FFFFFFF
        if down != self._is_down:
            if lasted < _SETTLING:
                return NOTHING
            self._is_down = down
            self._since = now
            told, self._told = self._told, False
            return NOTHING if down or told else PRESSED
        if down and not self._told and lasted >= LONG:
            self._told = True
            return HELD
        return NOTHING
