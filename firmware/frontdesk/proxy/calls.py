"""The calls that are up: learnt from INVITEs that the box stays in, each leaving one record when it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ..events import Event, Kind
from ..model import CallRecord
from ..sip.address import Address
from ..sip.errors import ParseError
from ..sip.message import Response

MAX_CALLS = 10_000
"""Calls known at a time; beyond it the oldest is given up."""
MAX_AGE = 86_400.0
"""Seconds: a call whose BYE never came is given up after a day."""

Key = tuple[str, str]
"""Call-ID and the initiator's tag: all forks of one INVITE are one call."""


class CallState(StrEnum):
    """How far a call has come."""

    CALLING = "calling"
    RINGING = "ringing"
    ANSWERED = "answered"


@dataclass(slots=True)
class Call:
    """One call that is up. Times are monotonic seconds."""

    key: Key
    account: str
    """Username of the credentials; "" for a trusted peer."""
    caller: str
    callee: str
    """The user part that was dialled."""
    source: str
    started_at: float
    state: CallState = CallState.CALLING
    answered_at: float | None = None
    device: str = ""
    """The URI of the Contact that answered."""


class CallBook:
    """All calls that are up, oldest first."""

    def __init__(self, emit: Callable[[Event], None], record: Callable[[CallRecord], None]) -> None:
        self._emit = emit
        self._record = record
        self._calls: dict[Key, Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def active(self, now: float) -> list[Call]:
        """The calls that are up, oldest first."""
        self._give_up(now, MAX_CALLS)
        return list(self._calls.values())

    def begin(self, call: Call) -> bool:
        """An INVITE was let through; False where it is one that came round again."""
        if call.key in self._calls:
            return False
        self._give_up(call.started_at, MAX_CALLS - 1)
        self._calls[call.key] = call
        self._tell(Kind.CALLING, call, call.started_at, f"calls {call.callee}")
        return True

    def refused(self, call: Call, status: int, now: float) -> None:
        """A call that got no further than the box: to nobody, or to somebody without a phone."""
        if self.begin(call):
            self._end(call, status, now)

    def progress(self, call: Call, response: Response, now: float) -> None:
        """What the caller was answered."""
        status = response.status
        if 180 <= status < 190 and call.state is CallState.CALLING:
            call.state = CallState.RINGING
            self._tell(Kind.RINGING, call, now, f"{call.callee} rings")
        elif 200 <= status < 300 and call.answered_at is None:
            self._answered(call, response, now)
        elif status >= 300:
            self._end(call, status, now)

    def hung_up(self, key: Key, now: float) -> None:
        """The call's BYE is through; one that the box does not know (it was restarted) is no news."""
        call = self._calls.get(key)
        if call is not None:
            self._end(call, 200, now)

    def _answered(self, call: Call, response: Response, now: float) -> None:
        call.state = CallState.ANSWERED
        call.answered_at = now
        call.device = _contact(response)
        self._tell(Kind.ANSWERED, call, now, f"{call.callee} answered")

    def _end(self, call: Call, result: int, now: float) -> None:
        if self._calls.pop(call.key, None) is None:
            return
        answered = call.answered_at
        how = f"failed: {result}" if answered is None else f"lasted {now - answered:.0f} s"
        self._tell(Kind.ENDED, call, now, f"call to {call.callee} {how}")
        record = CallRecord(call.key[0], call.caller, call.callee, call.started_at, answered, now, result, call.device)
        self._record(record)

    def _give_up(self, now: float, most: int) -> None:
        while self._calls:
            oldest = next(iter(self._calls.values()))
            if len(self._calls) <= most and now - oldest.started_at < MAX_AGE:
                return
            self._end(oldest, 200 if oldest.answered_at is not None else 408, now)

    def _tell(self, kind: Kind, call: Call, now: float, text: str) -> None:
        self._emit(Event(now, kind, call.account, text, call.source))


def _contact(response: Response) -> str:
    try:
        contacts = response.values("contact")
        return str(Address.parse(contacts[0]).uri) if contacts else ""
    except ParseError:
        return ""
