"""The rings of events, one for each account, and who is told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..sip.status import TRIED_AGAIN
from .event import MAX_HOSTS, Event, Kind
from .incoming import Incoming

RING = 64
"""Events kept for one account, and as many calls that were to ring it."""


class EventLog:
    """The rings, and who wants to hear of each event."""

    def __init__(self, most: int = 40_000) -> None:
        """`most`: events kept in all, about 300 bytes each; the ring that was quiet for the longest goes first."""
        self.most = most
        self._rings: dict[str, Event | list[Event]] = {}
        """The only event of an account without a list around it: of 10,000 phones most have no other."""
        self._incoming: dict[str, list[Incoming]] = {}
        """Apart from them: neither an account's calls nor its phones push out the other's story."""
        self._count = 0
        self._subscribers: list[Callable[[list[Event]], None]] = []
        self._unpublished: list[Event] = []

    def subscribe(self, subscriber: Callable[[list[Event]], None]) -> None:
        """From now on it is called with the events of each turn (the log, the console)."""
        self._subscribers.append(subscriber)

    def add(self, event: Event) -> None:
        """Files an event under its account. The same once more is only counted: a phone with a wrong password tries
        for ever."""
        ring = self._rings.pop(event.account, None)
        if ring is None:
            self._rings[event.account] = event
            self._count += 1
        else:
            self._rings[event.account] = events = _events(ring)  # the last: it has had news
            self._file(events, event)
        while self._count > self.most:
            self._drop_quietest()
        if self._subscribers:
            self._unpublished.append(event)

    def add_incoming(self, call: Incoming) -> None:
        """Files a call under the account that it is to ring; one that its phone has challenged comes once more."""
        calls = self._incoming.pop(call.account, None) or []
        self._incoming[call.account] = calls  # the last: it has had news
        if calls and calls[-1].result in TRIED_AGAIN and calls[-1].caller == call.caller:
            calls[-1] = call
            return
        calls.append(call)
        if len(calls) > RING:
            del calls[0]
        else:
            self._count += 1
        while self._count > self.most:
            self._drop_quietest()

    def _drop_quietest(self) -> None:
        own, calls = next(iter(self._rings.items()), None), next(iter(self._incoming.items()), None)
        if calls is None or (own is not None and _events(own[1])[-1].at <= calls[1][-1].at):
            assert own is not None
            self._count -= len(_events(self._rings.pop(own[0])))
        else:
            self._count -= len(self._incoming.pop(calls[0]))

    def publish(self) -> None:
        """The turn is over: tells the subscribers of its events, all at once."""
        if self._unpublished:
            events, self._unpublished = self._unpublished, []
            for subscriber in self._subscribers:
                subscriber(events)

    def _file(self, ring: list[Event], event: Event) -> None:
        at = _repeated(ring, event) if ring[-1].kind is event.kind else None
        if at is not None:
            event.times = ring[at].times + 1
            event.since = ring[at].since or ring[at].at
            event.others = _others(ring[at], event.host)
            ring[at] = event  # not the old one counted up: that may still be unpublished
            return
        ring.append(event)
        if len(ring) > RING:
            del ring[0]
        else:
            self._count += 1

    def forget(self) -> None:
        """As if nothing had happened yet; who subscribes has heard of it, or never will."""
        self._rings.clear()
        self._incoming.clear()
        self._count = 0
        self._unpublished.clear()

    def of(self, account: str) -> list[Event | Incoming]:
        """The events of one account and the calls that were to ring it, oldest first."""
        events, calls = _events(self._rings.get(account, [])), self._incoming.get(account, [])
        return sorted([*events, *calls], key=lambda each: each.at)

    def last_calls(self) -> Iterator[Incoming]:
        """Of each account that was called, the last one."""
        return (calls[-1] for calls in self._incoming.values())

    def since(self, at: float) -> Iterator[Event]:
        """All events from then on, in no order."""
        for ring in reversed(self._rings.values()):  # the one with the last news first
            found = [event for event in _events(ring) if event.at >= at]
            if not found:
                return
            yield from found

    def __iter__(self) -> Iterator[Event]:
        events = (event for ring in self._rings.values() for event in _events(ring))
        return iter(sorted(events, key=lambda event: event.at))


def _events(ring: Event | list[Event]) -> list[Event]:
    return [ring] if isinstance(ring, Event) else ring


def _others(before: Event, host: str) -> tuple[str, ...]:
    """Whence it came before, but for that host."""
    if before.host == host:
        return before.others
    return tuple(each for each in (before.host, *before.others) if each != host)[:MAX_HOSTS]


def _repeated(ring: list[Event], event: Event) -> int | None:
    """Which of the last events, of which the very last is of its kind, it repeats.

    A refusal repeats the last one by the same rule, wherever both came from, until something else happens: whoever
    knows an account's name and not its password could else push out its story, and fill the log, from ever new ports.
    """
    last = len(ring) - 1
    if event.kind is not Kind.REFUSED or not event.account:
        return last if _is_same(ring[last], event) else None
    for at in range(last, -1, -1):
        if ring[at].kind is not Kind.REFUSED:
            return None
        if ring[at].rule == event.rule:
            return at
    return None


def _is_same(one: Event, other: Event) -> bool:
    is_said_alike = one.words == other.words and one.wording == other.wording and one.rule == other.rule
    return is_said_alike and one.source == other.source
