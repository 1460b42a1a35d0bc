"""The calls that are up: learnt from INVITEs that the box stays in, each leaving one record when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from ..events import Event, Kind, Wording
from ..model import CallRecord
from ..sip.grammar import LWS, parse_number
from ..sip.message import Request, Response
from ..sip.status import RETRIED_WITHIN, STOPPED, TRIED_AGAIN
from ..sip.timers import TIMEOUT, Deadline, Deadlines
from ..sip.wire import Flow
from .admission import Caller
from .long_calls import LongCalls
from .parties import MAX_NAME, device_of, name_of, tag_of

MAX_CALLS = 10_000
"""Calls known at a time; beyond it the oldest is given up."""
MAX_DIALOGS = 32
"""Of one call: a hunt or a fork has fewer phones that answer it."""
MAX_AGE = 86_400.0
"""Seconds: a call without a session timer whose BYE never came is given up after a day."""
MIN_SESSION = 90
"""Seconds: no session is shorter, whatever a phone says (RFC 4028 section 4)."""
MAX_SESSION = 604_800
"""Seconds: a week, as no phone has it. One that says more is not believed, or its call might stay in the list."""
GRACE = TIMEOUT
"""Seconds after the expiry of a session, or of an account's last registration: a refresh or a BYE that was under way
then has its answer, or none."""

_CALLS = Wording("calls {callee}")
_RINGS = Wording("{callee} rings")
_ANSWERED = Wording("{callee} answered")
_FAILED = Wording("call to {callee} failed: {status}")
_LASTED = Wording("call to {callee} lasted {seconds} s")
_EXPIRED = Wording("call to {callee} lasted at most {seconds} s: nobody hung up")
_ELSEWHERE = Wording("call to {callee} was answered by another device")
_STOPPED = Wording("call to {callee} lasted {seconds} s: the box stopped")

Watch = Callable[[Response, float, int], None]
"""Told of each response that goes to the sender of a request, when, and of a 2xx the binding that it came from."""
Key = tuple[str, str]
"""Call-ID and the initiator's tag: all forks of one INVITE are one call, be they the box's or a trusted peer's."""


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
    """The user part that was dialled, or whose phone; of several the one that answered, else one that is still called,
    else the last that was: the result is his."""
    source: str
    started_at: float
    state: CallState = CallState.CALLING
    answered_at: float | None = None
    device: str = ""
    """The URI of the Contact that answered."""
    rung: Response | None = None
    """The first answer that said that it rings, while nobody has answered."""
    is_elsewhere: bool = False
    """Whether its caller has taken it back since another device has answered: one that a PBX calls beside it."""
    pending: dict[str, str] = field(default_factory=dict)
    """The INVITEs without a final response: whom each calls, by the key of its transaction."""
    dialogs: dict[str, bool | None] = field(default_factory=dict)
    """The tags of those that have answered (two phones may pick up at once), and whether their dialog is still up;
    None: another was, and the caller has not accepted this one yet (RFC 3261 section 13.2.2.4). He may never do."""
    expiries: dict[str, Deadline] = field(default_factory=dict)
    """What ends those dialogs that have a session timer, if no refresh does before (RFC 4028)."""
    phone: int = 0
    """The caller's binding; 0 where there is none, or who it is is not known."""
    phones: dict[str, int] = field(default_factory=dict)
    """The bindings of those that have answered, by their tags."""
    left: dict[int, float] = field(default_factory=dict)
    """Bindings whose device has started anew since anybody said anything in the call, and when."""

    @property
    def is_over(self) -> bool:
        """Whether nothing is left of it: it has ended, or is about to be tried again."""
        return not self.pending and not any(self.dialogs.values())

    @property
    def reached(self) -> str:
        """The URI of the Contact that answered, or of the first that rang while none has; what was dialled, where it
        says none; "": nothing rang."""
        return self.device if self.rung is None else device_of(self.rung) or self.callee

    @property
    def left_at(self) -> float | None:
        """When the first phone has left it, where all have: as far as is known nobody talks any more."""
        if self.phone not in self.left:
            return None
        others = [self.phones.get(tag, 0) for tag, is_up in self.dialogs.items() if is_up]
        phones = {self.phone, *others}
        return min(self.left[each] for each in phones) if phones <= self.left.keys() else None

    def record(self, ended: float, result: int, id: int) -> CallRecord:
        """What is kept of it."""
        times = self.started_at, self.answered_at, ended
        return CallRecord(self.key[0], self.caller, self.callee, *times, result, self.reached, id)


class CallBook:
    """All calls that are up, oldest first."""

    def __init__(
        self,
        emit: Callable[[Event], None],
        record: Callable[[CallRecord], None],
        keep: Callable[[list[CallRecord]], None],
        deadlines: Deadlines,
        has_phone: Callable[[str, float], bool],
    ) -> None:
        """`keep` is LongCalls'. `has_phone`: whether whoever is called by that name has a phone that is registered."""
        self._has_phone = has_phone
        self._deadlines = deadlines
        self._emit = emit
        self._record = record
        self._calls: dict[Key, Call] = {}
        self.long = LongCalls(self._calls, keep, deadlines)
        self.answered_twice: dict[Key, Call] = {}
        """Those in which some dialog may still wait for its ACK."""
        self._lost: dict[str, float] = {}

    def __len__(self) -> int:
        return sum(call.left_at is None for call in self._calls.values())

    def active(self, now: float) -> list[Call]:
        """The calls that are up, oldest first."""
        self._give_up(now, MAX_CALLS)
        return [call for call in self._calls.values() if call.left_at is None]

    def left(self) -> list[Call]:
        """The calls that seem to be over, and would be up again if anybody said anything in them; oldest first."""
        return [call for call in self._calls.values() if call.left_at is not None]

    def forget(self) -> None:
        """As if nobody had called yet: what becomes of those that are up is told to nobody."""
        self._calls.clear()
        self.long.forget()
        self.answered_twice.clear()

    def give_up(self, now: float) -> None:
        """The box ends: the calls go on without it, and what it knows of them is kept."""
        for call in [*self.active(now), *self.left()]:
            answered = STOPPED if call.left_at is None else 200
            self._end(call, answered if call.answered_at is not None else 408, now)

    # -- from the proxy ------------------------------------------------------------------------------------------------

    def invited(
        self, request: Request, flow: Flow, caller: Caller, phone: int, callee: str, transaction: str, now: float
    ) -> Watch | None:
        """An INVITE was let through, from that binding and under the key of its transaction; None where it is one of
        the box's own that came round again (a spiral)."""
        call = _call(request, flow, caller, callee, now)
        known = self._calls.get(call.key)
        if known is not None:
            if caller.peer or known.is_over:  # one more fork, the next one of a hunt, or the answer to a challenge
                call = known
            elif known.account == call.account and call.account:  # a phone that names two calls alike hides neither
                self._close(known, now)
            elif call.account:  # nor does one that names its call as another's
                call.key = call.key[0], f"{call.key[1]} {call.account}"
            else:
                return None
        call.phone = phone
        call.pending[transaction] = callee[:MAX_NAME]
        self.begin(call)
        return partial(self.progress, call, transaction)

    def caller_of(self, request: Request, peer: str) -> str:
        """Who calls through a trusted peer; of a request of the box's own that comes round again, who did."""
        call = self._calls.get((request.call_id, request.from_.tag or ""))
        return call.caller if call is not None else name_of(request, peer)

    def of(self, request: Request) -> Call | None:
        """The call that is up and whose tags a request in it has."""
        ends = request.from_.tag, request.to.tag
        return next((call for tag in ends if (call := self._calls.get((request.call_id, tag or "")))), None)

    def answered_elsewhere(self, cancel: Request, transaction: str) -> None:
        """The caller takes that INVITE back for it (RFC 3326 section 3.1): nobody has missed the call."""
        call = self._calls.get((cancel.call_id, cancel.from_.tag or ""))
        if call is not None and transaction in call.pending:
            call.is_elsewhere = True

    def refused(self, request: Request, flow: Flow, caller: Caller, callee: str, status: int, now: float) -> None:
        """An INVITE got no further than the box: to nobody, or to somebody without a phone."""
        call = _call(request, flow, caller, callee, now)
        if self.begin(call):
            self._end(call, status, now)

    def in_dialog(self, request: Request, initiator: str) -> Watch | None:
        """What the answers to a request of a call that is up mean to it; None: nothing. Whoever sends one has not left
        it."""
        call = self._calls.get((request.call_id, initiator))
        if call is not None and call.left:
            call.left.clear()
        if request.method not in ("BYE", "INVITE", "UPDATE"):
            return None
        tags = request.from_.tag or "", request.to.tag or ""
        other = tags[tags[0] == initiator]
        return partial(self._answered_in_dialog, (request.call_id, initiator), other, request.method == "BYE")

    def acknowledged(self, request: Request, initiator: str) -> None:
        """An ACK has gone to one of several that have answered."""
        call = self.answered_twice.get((request.call_id, initiator))
        if call is not None and call.dialogs.get(request.to.tag or "", False) is None:
            call.dialogs[request.to.tag or ""] = True

    def _answered_in_dialog(self, key: Key, tag: str, bye: bool, response: Response, now: float, _: int = 0) -> None:
        # Any end of a BYE ends the dialog; a refresh's 481 or 408 says that it is gone (section 12.2.1.2).
        if response.status in (408, 481) or (bye and response.status >= 200):
            self.hung_up(key, tag, now)
        elif 200 <= response.status < 300 and (call := self._calls.get(key)) is not None:
            self._refreshed(call, tag, response, now)

    def lost(self, names: Iterable[str], now: float) -> None:
        """A registration of the account with these names has run out: without a session timer nothing else says that
        its phones are gone. Its calls end in GRACE if it has none then."""
        if not self._calls:
            return
        if not self._lost:
            self._deadlines.set(now + GRACE, self._end_lost)
        self._lost.update(dict.fromkeys(names, now))

    def left_by(self, phones: Iterable[int], now: float) -> None:
        """The devices with these bindings have started anew, or are there no longer: what they talked in goes on
        without them. Where all have, it does not seem to go on; but some phone may have taken another Call-ID and
        talked on, so the end is told when it is certain."""
        gone = set(phones)
        for call in self._calls.values() if gone else ():
            if call.answered_at is not None:
                call.left |= dict.fromkeys(gone & {call.phone, *call.phones.values()} - call.left.keys(), now)

    def _end_lost(self, now: float) -> None:
        due = {name: since for name, since in self._lost.items() if now >= since + GRACE}
        self._lost = {name: since for name, since in self._lost.items() if name not in due}
        if self._lost:
            self._deadlines.set(min(self._lost.values()) + GRACE, self._end_lost)
        gone = {name: since for name, since in due.items() if not self._has_phone(name, now)}
        for call in list(self._calls.values()):
            parties = (call.account, call.callee) if len(call.dialogs) == 1 else (call.account,)
            since = [gone[name] for name in parties if name in gone]
            if since and call.answered_at is not None and not call.pending:
                self._end(call, 200, now, min(since))

    # -- the life of a call --------------------------------------------------------------------------------------------

    def begin(self, call: Call) -> bool:
        """A call is being set up; False where it is known."""
        if call.key in self._calls:
            return False
        self._give_up(call.started_at, MAX_CALLS - 1)
        self._calls[call.key] = call
        self._tell(Kind.CALLING, call, call.started_at, _CALLS, call.callee)
        return True

    def progress(self, call: Call, transaction: str, response: Response, now: float, phone: int = 0) -> None:
        """What the caller was answered to one INVITE, by that binding; nothing counts when the call has ended."""
        status = response.status
        if self._calls.get(call.key) is not call:
            return
        callee = call.pending.get(transaction, call.callee)
        if status >= 200:
            call.pending.pop(transaction, None)
        if status >= 300 and call.answered_at is None:
            call.callee = next(iter(call.pending.values()), callee)
        if 180 <= status < 190 and call.state is CallState.CALLING:
            call.state = CallState.RINGING
            call.rung = response
            self._tell(Kind.RINGING, call, now, _RINGS, callee)
        elif 200 <= status < 300:
            tag = tag_of(response)
            if call.answered_at is None:
                call.dialogs[tag], call.phones[tag] = True, phone
                self._answered(call, callee, response, now)
            elif tag not in call.dialogs:
                self._answered_again(call, tag, phone)
            self._refreshed(call, tag, response, now)
        elif status in TRIED_AGAIN:
            self._deadlines.set(now + RETRIED_WITHIN, partial(self._end_with_the_last, call, status))
        elif status >= 300:
            self._end_with_the_last(call, status, now)

    def _answered_again(self, call: Call, tag: str, phone: int) -> None:
        if len(call.dialogs) < MAX_DIALOGS:
            is_first = not any(call.dialogs.values())
            call.dialogs[tag], call.phones[tag] = is_first or None, phone
            if not is_first:
                self.answered_twice[call.key] = call

    def hung_up(self, key: Key, tag: str, now: float) -> None:
        """A BYE is through. It is no news where the box does not know the call (it was restarted), nor before that
        phone has answered: the INVITE's own final response ends an early dialog (section 15.1.2)."""
        call = self._calls.get(key)
        if call is not None and call.dialogs.get(tag, False) is not False:
            call.dialogs[tag] = False
            self._end_with_the_last(call, 200, now)

    def _refreshed(self, call: Call, tag: str, response: Response, now: float) -> None:
        """A 2xx says how long the session lasts from now on; where it does not, no timer ends it any more (RFC 4028
        section 7.2)."""
        interval = response.first("session-expires")
        if tag in call.expiries:
            call.expiries.pop(tag).cancel()
        if not interval or call.dialogs.get(tag, False) is False:
            return
        if (seconds := parse_number(interval.partition(";")[0].strip(LWS))) is not None:
            expires_at = now + min(max(seconds, MIN_SESSION), MAX_SESSION)
            call.expiries[tag] = self._deadlines.set(expires_at + GRACE, partial(self._expired, call, tag, expires_at))

    def _expired(self, call: Call, tag: str, expired_at: float, now: float) -> None:
        """No refresh has come, and no BYE: the phones are gone, or the way to them (RFC 4028 section 8.3)."""
        call.dialogs[tag] = False
        del call.expiries[tag]
        if call.is_over:
            self._end(call, 200, now, expired_at)

    def _answered(self, call: Call, callee: str, response: Response, now: float) -> None:
        call.callee = callee
        call.state = CallState.ANSWERED
        call.answered_at = now
        call.device, call.rung = device_of(response), None
        self._tell(Kind.ANSWERED, call, now, _ANSWERED, call.callee)
        self.long.watch(now)

    def _end_with_the_last(self, call: Call, result: int, now: float) -> None:
        """One of its INVITEs or dialogs has ended: the call does with the last of them."""
        if call.is_over:
            self._end(call, 200 if call.answered_at is not None else result, now)

    def _end(self, call: Call, result: int, now: float, expired_at: float | None = None) -> None:
        """`expired_at`: nobody has said when it ended, but its session has not outlived that."""
        if self._calls.get(call.key) is not call:
            return
        if (left_at := call.left_at) is not None:
            expired_at = left_at if expired_at is None else min(left_at, expired_at)
        del self._calls[call.key]
        self.answered_twice.pop(call.key, None)
        for expiry in call.expiries.values():
            expiry.cancel()
        answered, ended = call.answered_at, now if expired_at is None else expired_at
        if answered is None and call.is_elsewhere and result == 487:
            result = 200
            self._tell(Kind.ENDED, call, now, _ELSEWHERE, call.callee)
        elif answered is None:
            self._tell(Kind.ENDED, call, now, _FAILED, call.callee, result)
        else:
            lasted = _STOPPED if result == STOPPED else _LASTED if expired_at is None else _EXPIRED
            self._tell(Kind.ENDED, call, now, lasted, call.callee, f"{ended - answered:.0f}")
        self._record(call.record(ended, result, self.long.ended(call.key)))

    def _give_up(self, now: float, most: int) -> None:
        """Those that are too old, and the oldest beyond so many."""
        oldest = next(iter(self._calls.values()), None)
        if oldest is None or (len(self._calls) <= most and now - oldest.started_at < MAX_AGE):
            return
        for call in list(self._calls.values()):
            too_many = len(self._calls) > most
            if not too_many and now - call.started_at < MAX_AGE:
                return
            if too_many:
                self._close(call, now)
            elif not call.expiries:
                self._end(call, 200 if call.answered_at is not None else 408, now, call.started_at + MAX_AGE)

    def _close(self, call: Call, now: float) -> None:
        """Gives it up: how it ends will not be known."""
        self._end(call, 200 if call.answered_at is not None else 408, now)

    def _tell(self, kind: Kind, call: Call, now: float, wording: Wording, *words: object) -> None:
        self._emit(Event(now, kind, call.account, wording, words, call.source))


def _call(request: Request, flow: Flow, caller: Caller, callee: str, now: float) -> Call:
    account = caller.account.username if caller.account else ""
    key = request.call_id, request.from_.tag or ""
    return Call(key, account, account or name_of(request, caller.peer), callee[:MAX_NAME], flow.source, now)
