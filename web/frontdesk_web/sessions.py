"""Who is logged in: sessions in memory, with an end for those who are idle."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from frontdesk.control import Role, VerbError
from frontdesk.control.first_boot import Answers

from .language import N_

IDLE = 1800.0
"""Seconds."""
MOST = 64
"""Sessions at once; the one that was idle for the longest goes first."""
MOST_CARDS = 500
"""Passwords that a session remembers for their cards; further ones are made when these have been printed."""


@dataclass(slots=True)
class Notice:
    """What was done, told on the next page."""

    text: str
    lines: tuple[str, ...]
    """What does the same at the console, or as commands of a shell where the console has no phrase."""
    secret: str
    """What is shown this once; empty: nothing."""
    failed: bool
    """Whether it could not be done."""


@dataclass(slots=True, frozen=True)
class Typed:
    """What somebody typed into a form that was not done."""

    fields: Mapping[str, str]
    said: str
    """Why it was not done."""


@dataclass(slots=True)
class Session:
    """One browser's."""

    role: Role
    epoch: int
    """The admin password's, when it began."""
    seen: float
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    notices: list[Notice] = field(default_factory=list)
    cards: dict[tuple[str, str], str] = field(default_factory=dict)
    """Account and device ("": the account's own) -> the password that was made for it in this session. Nobody else
    knows it, so it goes only when told."""
    made: int = 0
    """Passwords so far, by which a page of cards knows whether it shows the last one."""
    is_unseen: bool = False
    """Whether its browser has not seen the cards of first boot yet: it may be at a name or address that is gone."""
    answers: Answers | None = None
    """Of first boot, so far; None: it is no session of first boot."""
    finishing: threading.Lock = field(default_factory=threading.Lock)
    """Held while first boot does what was answered."""
    typed: dict[str, Typed] = field(default_factory=dict)
    """What was typed into forms that were not done, by the paths of their pages, until these are shown."""

    def remember(self, user: str, password: str, device: str = "") -> None:
        """For its card, as long as the session lasts."""
        self.cards.pop((user, device), None)
        self.cards[user, device] = password
        self.made += 1

    def inherit(self, other: Session) -> None:
        """The cards and notices of one that perhaps nobody comes back to."""
        self.cards = other.cards | self.cards
        self.made += other.made
        self.notices = other.notices + self.notices

    def check_cards(self, n: int) -> None:
        """Before so many passwords are made that only their cards will show. Raises VerbError."""
        if len(self.cards) + n > MOST_CARDS:
            text = N_("{most} cards have room, not {n} beside {cards}: print these and let go of them, or add fewer.")
            raise VerbError(text, cards=len(self.cards), most=MOST_CARDS, n=n)

    def forget(self, made: str) -> None:
        """Lets go of the cards, if `made` says that all of them were shown. Raises VerbError."""
        if made != str(self.made):
            raise VerbError(N_("Cards were made since that page was shown: here they all are."))
        self.cards.clear()


class Sessions:
    """All of them, by a hash of their cookie."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._kept: dict[bytes, Session] = {}

    def begin(self, role: Role, epoch: int, answers: Answers | None = None) -> tuple[str, Session]:
        """A new one, and its cookie."""
        cookie = secrets.token_urlsafe(32)
        session = Session(role, epoch, self._now(), answers=answers)
        with self._lock:
            if role is Role.ADMIN and answers is None:
                self._take_over(session)
            self._kept[_digest(cookie)] = session
            if len(self._kept) > MOST:
                del self._kept[min(self._kept, key=lambda each: self._kept[each].seen)]
        return cookie, session

    def _take_over(self, heir: Session) -> None:
        """Of sessions that ended by themselves, or whose browser may be cut off: the box itself does not know the
        passwords that they were to show."""
        for digest, other in list(self._kept.items()):
            is_over = self._is_over(other)
            is_left = is_over or other.is_unseen
            if is_left and (other.role, other.epoch, other.answers) == (Role.ADMIN, heir.epoch, None):
                heir.inherit(other)
                other.is_unseen = False
                if is_over:
                    del self._kept[digest]

    def _is_over(self, session: Session) -> bool:
        return self._now() - session.seen > IDLE

    def find(self, cookie: str, epoch: int, *, by_itself: bool = False) -> Session | None:
        """The session of that cookie, if it has not ended. `by_itself`: its browser asks, and perhaps nobody is there;
        that keeps no administrator logged in."""
        digest = _digest(cookie)
        with self._lock:
            session = self._kept.get(digest)
            if session is None:
                return None
            if session.epoch != epoch:
                del self._kept[digest]
                return None
            if self._is_over(session):  # kept for whoever logs in next, or until others need its room
                return None
            if not by_itself or session.role is not Role.ADMIN:
                session.seen = self._now()
            return session

    def end(self, cookie: str) -> None:
        """Logs out."""
        with self._lock:
            self._kept.pop(_digest(cookie), None)


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).digest()
