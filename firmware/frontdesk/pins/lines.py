"""Single lines of the board's GPIO chips, through gpiod 2 (https://libgpiod.readthedocs.io/en/stable/python_api.html)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..board import Pin

if TYPE_CHECKING:
    from gpiod import LineRequest, LineSettings

DEVICES = Path("/dev")
CONSUMER = "frontdesk"
"""What `gpioinfo` shows as the user of the line."""


class Line:
    """One line that is held until it is closed."""

    def __init__(self, request: LineRequest, line: int) -> None:
        self._request = request
        self._line = line

    def set(self, active: bool) -> None:
        """Switches an output. Raises OSError."""
        from gpiod.line import Value

        self._request.set_value(self._line, Value.ACTIVE if active else Value.INACTIVE)

    def is_active(self) -> bool:
        """How an input stands. Raises OSError."""
        from gpiod.line import Value

        return self._request.get_value(self._line) is Value.ACTIVE

    def close(self) -> None:
        """Lets it go."""
        self._request.release()


def output(pin: Pin) -> Line:
    """Takes a line for an LED, dark at first. Raises OSError, and ImportError where gpiod 2 is not installed."""
    from gpiod import LineSettings
    from gpiod.line import Direction, Value

    return _take(pin, LineSettings(direction=Direction.OUTPUT, output_value=Value.INACTIVE, active_low=pin.low))


def input(pin: Pin) -> Line:
    """Takes a line for a button, drawn to where it is not pressed. Raises as `output`."""
    from gpiod import LineSettings
    from gpiod.line import Bias, Direction

    bias = Bias.PULL_UP if pin.low else Bias.PULL_DOWN
    return _take(pin, LineSettings(direction=Direction.INPUT, bias=bias, active_low=pin.low))


def _take(pin: Pin, settings: LineSettings) -> Line:
    import gpiod

    request = gpiod.request_lines(_device(pin.chip), config={pin.line: settings}, consumer=CONSUMER)
    return Line(request, pin.line)


def _device(label: str) -> str:
    """The device of the chip with that label. Raises OSError."""
    import gpiod

    for path in sorted(DEVICES.glob("gpiochip*")):
        with gpiod.Chip(str(path)) as chip:
            if chip.get_info().label == label:
                return str(path)
    raise OSError(f"there is no GPIO chip {label}")
