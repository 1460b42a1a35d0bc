"""Who has so many requests open that no more of his are let through, and how that is told (RFC 3261 section 21.5.4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ..directory import Directory
from ..events import Event, Kind, Wording
from ..model import username_of
from ..overload import LATEST, Room, retry_after
from ..sip.errors import Rejection
from ..sip.message import Request
from ..sip.timers import Deadlines
from ..sip.wire import Flow

_BEGINS = Wording("has too many requests open that nobody answers: further ones get a 503 until some are answered")
_IS_OVER = Wording("{n} requests got a 503 while too many were open")


@dataclass(slots=True)
class Crowd:
    """What is refused of one sender. It is over when all that got a 503 may have come again."""

    since: float
    at: float
    """The last time."""
    account: str
    """"" of a trusted peer, and of a host that speaks in a dialog."""
    flow: Flow
    times: int = 0


class OpenRequests:
    """What is open for whom. Only what is let through is counted, and a stranger has nothing."""

    def __init__(self, directory: Directory, deadlines: Deadlines, emit: Callable[[Event], None]) -> None:
        self.room = Room()
        self.crowds: dict[str, Crowd] = {}
        """By name."""
        self._directory = directory
        self._deadlines = deadlines
        self._emit = emit

    def admit(self, sender: str, request: Request, flow: Flow, now: float) -> str:
        """Gives that sender back (an account's address-of-record, a name or a host); Rejection(503) where he has too
        much open."""
        if self.room.taken.get(sender, 0) >= self.room.left and self._has_too_much(sender, request.method):
            self._refuse(username_of(sender) if sender.startswith("sip:") else sender, flow, now)
            after = retry_after(request.call_id.encode("utf-8", "surrogateescape"))
            raise Rejection(503, headers=[("Retry-After", str(after))])
        return sender

    def _has_too_much(self, sender: str, method: str) -> bool:
        opens = sender != "" and method != "REGISTER"  # an OPTIONS to the box, which needs no account, opens nothing
        return opens and self.room.is_used_up(sender, ends=method == "BYE")

    def _refuse(self, name: str, flow: Flow, now: float) -> None:
        crowd = self.crowds.get(name)
        if crowd is None:
            account = name if name in self._directory.accounts else ""
            crowd = self.crowds[name] = Crowd(now, now, account, flow)
            self._tell(crowd, now, _BEGINS)
            self._deadlines.set(now + LATEST, partial(self._look, name))
        crowd.at = now
        crowd.times += 1

    def _look(self, name: str, now: float) -> None:
        crowd = self.crowds[name]
        if now < crowd.at + LATEST:
            self._deadlines.set(crowd.at + LATEST, partial(self._look, name))
            return
        del self.crowds[name]
        self._tell(crowd, now, _IS_OVER, crowd.times)

    def _tell(self, crowd: Crowd, now: float, wording: Wording, *words: object) -> None:
        self._emit(Event(now, Kind.WARNING, crowd.account, wording, words, crowd.flow, "overload"))
