"""What the LED says: one pattern for each state of the box."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol

Pattern = tuple[float, ...]
"""Seconds lit, dark, lit and so on; then it begins anew."""
BOOTING: Pattern = (0.1, 0.1)
READY: Pattern = (1.0,)
CALL: Pattern = (0.5, 0.5)
ALARM: Pattern = (0.1, 0.15, 0.1, 0.15, 0.1, 0.9)
"""Three short ones and a pause: something needs a look."""
ASKING: Pattern = (0.05, 0.05)
"""The button was held long enough: pressed once more, it resets the box."""


class Lamp(Protocol):
    """What can be lit. Raises OSError."""

    def set(self, active: bool) -> None: ...


def steps(state: Callable[[], Pattern]) -> Iterator[tuple[bool, float]]:
    """Without end: lit or dark, and for how long; the state is looked at when a pattern is over."""
    while True:
        for at, length in enumerate(state()):
            yield at % 2 == 0, length


async def blink(lamp: Lamp, state: Callable[[], Pattern]) -> None:
    """Never ends. Raises OSError."""
    for lit, length in steps(state):
        lamp.set(lit)
        await asyncio.sleep(length)
