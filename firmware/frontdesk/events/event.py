"""One thing that happened, and its wording."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from ..model import Sentence
from ..sip.wire import Flow

MAX_HOSTS = 8
"""That are told apart where the same is refused from several; there may be more than as many."""
TAKEN_FOR_ONE = "taken-for-one"
"""The rule of a move by which a phone takes its place back from another, which seems to be the same device."""
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
