"""A branch of a response context: one request that was forwarded (RFC 3261 section 16.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..sip.client_transaction import ClientTransaction
from ..sip.message import Response
from ..sip.timers import Delay, Delays
from ..sip.wire import Destination, Flow
from .target_set import Candidate

if TYPE_CHECKING:
    from .response_context import ResponseContext

TIMER_C = "Timer C"
FLOW_FAILED = (408, 430)
"""What an edge proxy says of a flow, and not of its phone: no other answer lets the phone be asked over another one
(RFC 5626 section 7)."""
NO_WORD = (*FLOW_FAILED, 482, 503)
"""What one of several ways may answer while the phone has heard the call by another; 482 is the phone's own, which does
not take it twice (section 8.2.2.2)."""


class Branch:
    """One forwarded request: the user of its client transaction."""

    __slots__ = (
        "alike", "asked_at", "cancelled", "candidate", "client", "context", "done", "expired", "heard", "is_cut_off",
        "others", "rings", "spare", "spoke", "timer_c",
    )  # fmt: skip

    def __init__(self, context: ResponseContext, candidate: Candidate, now: float) -> None:
        self.context = context
        self.asked_at = now
        self.candidate = candidate
        self.client: ClientTransaction | None = None
        self.timer_c: Delay | None = None
        self.alike: tuple[Branch, ...] = ()
        """Those to other flows of the same phone, or addresses of the same name, itself among them, where there are
        any."""
        self.others = candidate.others
        """Where else the phone is tried, for when nothing is heard from there."""
        self.spare = 0
        """Of the Max-Breadth, what is kept for those."""
        self.heard = self.spoke = self.rings = self.done = self.cancelled = self.expired = self.is_cut_off = False

    @property
    def is_phone(self) -> bool:
        """Whether it goes to one that has registered, by way of the box itself perhaps, and so may ring late."""
        return isinstance(self.candidate.target, Flow) or self.candidate.is_spiral

    @property
    def is_at_place(self) -> bool:
        """Whether it goes where no phone has registered from: to one of a group, or by way of a PBX, such as Asterisk,
        which says 603 when its dialplan just ends."""
        return not isinstance(self.candidate.target, Flow) and not self.candidate.path

    @property
    def group_asked_at(self) -> float:
        """When its group's patience began: a phone's further flows have no more of it, a name's addresses do."""
        first = self.alike[0] if self.alike else self
        return self.asked_at if first.candidate.side is self.candidate.side else first.asked_at

    def is_word(self, status: int) -> bool:
        """Whether that is the phone's own: not an edge proxy's, which has only taken the request in."""
        return status not in NO_WORD and not (status == 100 and (self.candidate.path or self.candidate.is_spiral))

    @property
    def next_flow(self) -> Candidate | None:
        """Of the phone's other flows, the one to be tried first."""
        return next((other for other in self.others if other.side is not self.candidate.side), None)

    def next_after(self, status: int) -> Candidate | None:
        """Who is asked instead after that answer: another flow, or another address of the name."""
        if status in FLOW_FAILED:
            return None if self.rings and status == 408 else self.next_flow  # a phone that has rung says its own 408
        is_address = status == 503 and bool(self.others) and self.others[0].side is self.candidate.side
        return self.others[0] if is_address else None

    def received(self, client: ClientTransaction, response: Response, now: float) -> None:
        """A response of this branch came."""
        self.context.received(self, response, now)

    def found(self, client: ClientTransaction, others: Sequence[Destination], now: float) -> None:
        """It went to the first address of several."""
        for place in reversed(others):
            self.others = [replace(self.candidate, target=place, others=self.others), *self.others]
        self.spare = max(self.spare, len(self.others))  # at least one each, though it be too many: they are one place
        self.context.found_others(self, now)

    def is_silent(self, now: float) -> None:
        """Whoever is there would have said something by now."""
        if not self.heard and not self.done:
            self.context.fell_silent(self, now)

    def timed_out(self, client: ClientTransaction, now: float) -> None:
        """Timer B or F fired."""
        self.context.timed_out(self, now)

    def failed(self, client: ClientTransaction, now: float) -> None:
        """The request could not be sent."""
        self.context.failed(self, now)

    def cut_off(self, client: ClientTransaction, now: float) -> None:
        """Its connection has closed while it rang. One that the box can open anew takes its CANCEL (section 18.1.1), to
        the same address (section 9.1)."""
        place, closed = self.candidate.target, client.target
        if isinstance(place, Destination) and isinstance(closed, Flow):
            client.target = Destination(*closed.remote, closed.transport, place.name or place.host)
        self.context.cut_off(self, now)

    def arm(self, delays: Delays, seconds: float, now: float) -> None:
        """Sets Timer C, anew where it runs."""
        delay = delays[TIMER_C, seconds]
        if self.timer_c is not delay:
            self.disarm()
            self.timer_c = delay
        delay.start(self, now)

    def disarm(self) -> None:
        """Stops Timer C."""
        if self.timer_c is not None:
            self.timer_c.stop(self)
            self.timer_c = None

    def fires(self, timer: str, now: float) -> None:
        """Timer C."""
        self.context.timer_c_fired(self, now)
