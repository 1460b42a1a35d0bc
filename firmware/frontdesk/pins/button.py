"""The button: held for 10 s from power-up and then pressed a second time, it resets the box."""

from __future__ import annotations

from enum import Enum, auto

HOLD = 10.0
"""Seconds that it is held; an earlier release is nothing."""
DECIDE = 30.0
"""Seconds in which the second press has to come; otherwise nothing happens."""
STEADY = 0.1
"""Seconds for which a contact has to stand as it does: it bounces for some milliseconds."""
POLL = 0.05
"""Seconds between two looks."""
POWER_UP = 120.0
"""Seconds since power-up, on CLOCK_BOOTTIME, in which the box has to find it held: a service that is started later
than that was not started by power."""


class Stage(Enum):
    """How far it has come."""

    HELD = auto()
    RELEASING = auto()
    """Held long enough, and still held."""
    ASKING = auto()
    """Released; a second press is waited for."""
    RESET = auto()
    OVER = auto()


class Button:
    """What its looks at the button add up to; `look` is called every POLL seconds until RESET or OVER."""

    def __init__(self, pressed: bool, now: float) -> None:
        """`now`: seconds on CLOCK_BOOTTIME, here and below."""
        self.stage = Stage.HELD if pressed and now <= POWER_UP else Stage.OVER
        self._since = now
        self._pressed, self._changed_at = pressed, now

    def look(self, pressed: bool, now: float) -> Stage:
        """How far it has come now."""
        if pressed is not self._pressed:
            self._pressed, self._changed_at = pressed, now
        steady = now - self._changed_at >= STEADY
        if self.stage is Stage.HELD:
            self._hold(now)
        elif self.stage in (Stage.RELEASING, Stage.ASKING) and now - self._since > HOLD + DECIDE:
            self.stage = Stage.OVER
        elif self.stage is Stage.RELEASING and steady and not pressed:
            self.stage = Stage.ASKING
        elif self.stage is Stage.ASKING and steady and pressed:
            self.stage = Stage.RESET
        return self.stage

    def _hold(self, now: float) -> None:
        if not self._pressed:
            self.stage = Stage.OVER
        elif now - self._since >= HOLD:
            self.stage = Stage.RELEASING
