"""What happened, as typed events in a bounded ring in memory for each account: console, page and log tell the story from them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

RING = 64
"""Events kept for one account."""
RINGS = 10_000
"""Rings kept; the one that was quiet for the longest goes first."""


class Kind(StrEnum):
    """What an event tells."""

    REGISTERED = "registered"
    MOVED = "moved"
    UNREGISTERED = "unregistered"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REFUSED = "refused"
    CALLING = "calling"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"
    WARNING = "warning"


@dataclass(slots=True)
class Event:
    """One thing that happened; `rule` names the rule that refused, `text` is for people and holds no secret."""

    at: float
    kind: Kind
    account: str
    """Username; "" for what concerns no account (strangers, the box itself)."""
    text: str = ""
    source: str = ""
    """host:port/transport that it came from."""
    rule: str = ""


class EventLog:
    """The rings. `subscribe` (the log, the console) is called with each event."""

    def __init__(self) -> None:
        self._rings: dict[str, deque[Event]] = {}

    def add(self, event: Event) -> None:
        """Files an event under its account."""
        ring = self._rings.pop(event.account, None)
        if ring is None:
            ring = deque(maxlen=RING)
            if len(self._rings) >= RINGS:
                del self._rings[next(iter(self._rings))]
        self._rings[event.account] = ring
        ring.append(event)

    def of(self, account: str) -> list[Event]:
        """The events of one account, oldest first."""
        return list(self._rings.get(account, ()))

    def __iter__(self) -> Iterator[Event]:
        return iter(sorted((event for ring in self._rings.values() for event in ring), key=lambda event: event.at))
