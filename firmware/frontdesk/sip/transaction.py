"""What the four transaction machines share: a table of arrows, timers that are events, an end (RFC 3261 section 17)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from .timers import Deadlines, Delay
from .wire import Send, Target

EACH = 4096
"""Bytes that are kept for one while it is open, besides its messages."""
Arrow = tuple[str, str]
"""(state, event)"""
TRANSPORT_ERROR = "Transport Err."
"""The event that all four have."""


class Surroundings(Protocol):
    """What a transaction needs of the layer that it lives in."""

    @property
    def deadlines(self) -> Deadlines: ...

    def send(self, send: Send, /) -> None: ...

    def forget(self, transaction: Any) -> None: ...


class Transaction:
    """One machine. A subclass is one figure of section 17: each (state, event) is in `ARROWS`, or in `IGNORED`.

    An arrow changes the state first, then sends, and tells the user last, who may call back at once.
    """

    __slots__ = ("_layer", "_waits_in", "key", "state", "target")

    ARROWS: ClassVar[Mapping[Arrow, Callable[[Any, float], None]]]
    IGNORED: ClassVar[frozenset[Arrow]]

    def __init__(self, key: str, target: Target, layer: Surroundings, state: StrEnum) -> None:
        self.key = key
        self.target = target
        self.state = state
        self._layer = layer
        self._waits_in: tuple[Delay, ...] = ()
        """One for each timer that runs, or has fired."""

    @property
    def reliable(self) -> bool:
        """Whether the transport repeats for us (table 4 has two columns)."""
        return self.target.reliable

    def _take(self, event: str, now: float) -> None:
        arrow = self.ARROWS.get((self.state, event))
        if arrow is not None:
            arrow(self, now)

    def fires(self, timer: str, now: float) -> None:
        """One of its timers has."""
        self._take(timer, now)

    def transport_failed(self, now: float) -> None:
        """The transport could not send (17.1.4, 17.2.4)."""
        self._take(TRANSPORT_ERROR, now)

    def _start(self, timer: StrEnum, seconds: float, now: float) -> None:
        # A timer of zero seconds (reliable transports) fires at once, so this is the last thing that an arrow does.
        if seconds <= 0:
            self._take(timer, now)
        else:
            delay = self._layer.deadlines.delays[timer, seconds]
            if self._waits_in:
                self._waits_in += (delay,)
            else:
                self._waits_in = delay.alone
            delay.start(self, now)

    def _stop_all(self) -> None:
        for delay in self._waits_in:
            delay.stop(self)
        self._waits_in = ()

    def _send(self, message: bytes) -> None:
        self._layer.send(Send(message, self.target, self.key))

    def _leave(self) -> None:
        # "MUST be destroyed the instant it enters the Terminated state": the subclass has set that state.
        self._stop_all()
        self._layer.forget(self)
