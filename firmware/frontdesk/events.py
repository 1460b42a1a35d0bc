"""What happened, as typed events in a bounded ring in memory for each account: console, page and log tell the story
from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from .model import Sentence
from .sip.message import Response
from .sip.status import OUTCOMES, TRIED_AGAIN, reason_phrase
from .sip.wire import Flow

MAX_HOSTS = 8
"""That are told apart where the same is refused from several; there may be more than as many."""
RING = 64
"""Events kept for one account, and as many calls that were to ring it."""
_WORD = re.compile(r"\{(\w+)(?:!(r))?\}")


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


class Wording(str):
    """What events say that are alike but for some words: the template of a Sentence. There is one of each."""

    names: tuple[str, ...]
    """Of its words, in the order in which each event has them."""
    by_place: str
    """The same for `%`: the log fills it in for nearly every event, and by names that takes longer."""

    _known: ClassVar[dict[str, Wording]] = {}

    def __new__(cls, template: str) -> Wording:
        if known := cls._known.get(template):
            return known
        wording = cls._known[template] = super().__new__(cls, template)
        wording.names = tuple(word[1] for word in _WORD.finditer(template))
        wording.by_place = _WORD.sub(lambda word: f"%{word[2] or 's'}", template.replace("%", "%%"))
        return wording


@dataclass(slots=True)
class Event:
    """One thing that happened; `rule` names the rule that refused, `text` is for people and holds no secret."""

    at: float
    kind: Kind
    account: str
    """Username; "" for what concerns no account (strangers, the box itself)."""
    wording: Wording
    """What it says, but for the words; others have it as well."""
    words: tuple[object, ...] = ()
    origin: Flow | str = ""
    """Where it came from: kept as it is, since most are never read."""
    rule: str = ""
    times: int = 1
    """How often it happened in a row; `at` is the last time."""
    since: float = 0.0
    """The first time, where it happened more than once."""
    others: tuple[str, ...] = ()
    """The other hosts that it came from as well, at most MAX_HOSTS."""

    @property
    def text(self) -> str:
        """For people."""
        return self.wording.by_place % self.words

    @property
    def sentence(self) -> Sentence:
        """The same, for people of any language."""
        return Sentence(self.wording, **dict(zip(self.wording.names, self.words, strict=True)))

    @property
    def source(self) -> str:
        """host:port/transport that it came from; "" for what came from nowhere."""
        return self.origin if isinstance(self.origin, str) else self.origin.source

    @property
    def host(self) -> str:
        """Where it came from, without the port."""
        if not isinstance(self.origin, str):
            return self.origin.remote[0]
        hostport, slash, _ = self.origin.partition("/")
        return hostport.rpartition(":")[0].strip("[]") if slash else hostport


ELSEWHERE = Sentence("answered by another device")
UNREACHED = Sentence("its phone could not be reached")
NO_PHONE = Sentence("no phone was registered")
DISABLED = Sentence("the account is disabled")
NO_SIPS = Sentence("it was to be encrypted all the way (SIPS), which its phone does not do")
ONLY_SIPS = Sentence("its phone takes only what is encrypted all the way (SIPS)")
WARNINGS = {"380": NO_SIPS, "381": ONLY_SIPS}
"""What a 480 means that has one of these (RFC 5630 section 9)."""
ENDS = {status: Sentence(template) for status, template in OUTCOMES.items()} | {
    416: NO_SIPS, 480: Sentence("its phone is not available"), 487: Sentence("the caller gave up"),
}  # fmt: skip
"""What a status means to who is called. A phone that knows no SIPS says 416 (RFC 3261 section 8.2.2.1)."""
RUNG_ENDS = dict.fromkeys((408, 480, 486), Sentence("nobody answered"))
"""What the same status says where a phone has rung. It was not the one that is busy."""
DECLINED_ENDS = dict.fromkeys((486, 600), Sentence("declined"))
"""What it says of the phone that has rung itself: whoever presses its red button sends 486 most of the time."""
SILENT_ENDS = {
    408: Sentence("its phone said nothing"), 487: Sentence("its phone said nothing until the caller gave up"),
}  # fmt: skip


@dataclass(slots=True)
class Incoming:
    """A call as it looks from the account that it is to ring: filed there once, and what becomes of it is written into
    it. The log has it from the caller's side."""

    at: float
    account: str
    """Username of whoever is called."""
    caller: str
    dialled: str
    """The user part that led to the account: its name, an alias, a number for the trunk."""
    origin: Flow
    """Where the caller is."""
    rang_at: float | None = None
    ended_at: float = 0.0
    """When it was answered, or nobody called any more."""
    result: int = 0
    """The final status that the caller got; 0: none yet."""
    why: Sentence | None = None
    """What that does not say."""
    is_declined: bool = False
    """Whether a phone has rung and then said that it is busy."""
    scheme: Sentence | None = None
    """What a phone has said with a 480 of the scheme by which it was called."""
    is_silent: bool = False
    """Whether a phone gave no sign of life."""
    device: str = ""
    """The URI of the Contact that answered."""
    rule: ClassVar[str] = ""
    times: ClassVar[int] = 1

    def hear(self, status: int, now: float) -> None:
        """The caller got that status. The first final one counts, or a 2xx that crossed with it, or a 6xx though he had
        given up (RFC 3261 section 16.7 step 6)."""
        if status >= 200:
            if not self.result or status < 300 <= self.result:
                self.result, self.ended_at = status, now
            elif status >= 600:
                self.result = status
        elif 180 <= status < 190 and self.rang_at is None and not self.result:
            self.rang_at = now

    def refused(self, response: Response, *, rang: bool) -> None:
        """A phone said so, perhaps after it has rung."""
        if rang:
            self.is_declined = self.is_declined or response.status in DECLINED_ENDS
        elif response.status == 480:
            self.scheme = self.scheme or about_scheme(response.lines("warning"))

    def cancelled(self, now: float, *, elsewhere: bool) -> None:
        """The caller gave up, perhaps since another device has answered: a phone's 487 comes later, or never."""
        if not self.result:
            self.hear(487, now)
            self.why = ELSEWHERE if elsewhere else None

    @property
    def kind(self) -> Kind:
        """As that of the caller's events."""
        if self.result:
            return Kind.ANSWERED if self.result < 300 else Kind.ENDED
        return Kind.CALLING if self.rang_at is None else Kind.RINGING

    @property
    def sentence(self) -> Sentence:
        """For people, of any language."""
        words, by_its_name = {"caller": self.caller, "callee": self.dialled}, self.dialled == self.account
        if not self.result and self.rang_at is None:
            return Sentence("{caller} calls" if by_its_name else "{caller} calls {callee}", **words)
        if not self.result:
            return Sentence("{caller} calls: rings" if by_its_name else "{caller} calls {callee}: rings", **words)
        words["end"] = self._end()
        if self.rang_at is None:
            return Sentence("{caller} called: {end}" if by_its_name else "{caller} called {callee}: {end}", **words)
        words["seconds"] = f"{self.ended_at - self.rang_at:.0f}"
        template = "{caller} called {callee}: rang for {seconds} s, {end}"
        return Sentence("{caller} called: rang for {seconds} s, {end}" if by_its_name else template, **words)

    text = sentence

    def _end(self) -> Sentence:
        result = self.result
        if result < 300:
            return Sentence("answered by {device}", device=self.device)
        quiet = SILENT_ENDS if self.is_silent else {}
        rung = DECLINED_ENDS if self.is_declined else {}
        scheme = {480: self.scheme} if self.scheme else {}
        ends = ENDS | scheme | (quiet if self.rang_at is None else RUNG_ENDS | rung)
        end = self.why or ends.get(result)
        return end or Sentence("not put through: {status} {reason}", status=result, reason=reason_phrase(result))

    @property
    def source(self) -> str:
        """host:port/transport of the caller."""
        return self.origin.source


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


def about_scheme(warnings: Iterable[str]) -> Sentence | None:
    """What Warnings say of the scheme of a Request-URI; None where they say nothing of it."""
    return next((WARNINGS[each[:3]] for each in warnings if each[:3] in WARNINGS), None)


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
