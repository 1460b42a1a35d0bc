"""A response context: one received request, its branches, and which answer goes back.

RFC 3261 sections 16.7 to 16.10, RFC 4320, RFC 6026. Targets are candidates (in groups still to be tried), active (a
branch that is open) or terminated (a branch that is done).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from ..events import UNREACHED, Incoming
from ..sip.client_transaction import ClientTransaction
from ..sip.message import Response
from ..sip.server_transaction import ServerTransaction
from ..sip.timers import Deadlines
from ..sip.wire import Flow, Target
from .best_response import after_cancel, best_response
from .branch import NO_WORD, Branch
from .calls import Watch
from .loop import shares
from .reason import COMPLETED_ELSEWHERE, Header, is_elsewhere, reason
from .target_set import Candidate

NOT_THE_CALLERS = {503: 500, 430: 480}
"""What he gets instead: a phone's 503 is not the box's (section 16.7 step 6), a flow that has failed is nobody else's
(RFC 5626 section 7)."""
COME_BACK = 20.0
"""Seconds that a phone has for it whose connection closes while it rings."""
SILENCE = 4.0
"""Seconds in which a phone that is there has said something, if only 100; it was asked four times by then."""
BACK_SOON = "10"
"""Seconds that a start takes, and more."""


class Surroundings(Protocol):
    """What a context needs of the box."""

    @property
    def deadlines(self) -> Deadlines: ...

    @property
    def random(self) -> Callable[[], str]: ...

    @property
    def whereabouts(self) -> Callable[[Candidate], Target]: ...

    @property
    def passed_over(self) -> Callable[[Candidate, Candidate, float], None]: ...

    @property
    def silent(self) -> Callable[[Candidate, float], None]: ...


class Forwarder(Protocol):
    """Section 16.6 for one target."""

    def start(self, branch: Branch, share: int, now: float) -> ClientTransaction:
        """Sends the branch's request with that Max-Breadth."""


class ResponseContext:
    """Owns the branches of one server transaction. It stays for as long as another 2xx may come, so it keeps few
    objects, and none in a cycle: looking at them took the garbage collector a tenth of a call's time."""

    def __init__(
        self,
        transaction: ServerTransaction,
        groups: Iterable[list[Candidate]],
        breadth: int,
        forwarder: Forwarder,
        around: Surroundings,
        timer_c: float,
        watch: Watch | None,
        incoming: Incoming | None = None,
    ) -> None:
        """`incoming`: what the account that is called is told."""
        self._transaction = transaction
        self._forwarder: Forwarder | None = forwarder
        self._around = around
        self._timer_c = timer_c
        self._branches: list[Branch] = []
        """Those that are active. One that is terminated is let go: it is in no cycle then."""
        self._groups = tuple(groups)
        self._breadth = breadth
        total = sum(map(len, self._groups)) if len(self._groups) > 1 else 0
        self._apart: Sequence[int] = shares(breadth, total) if 0 < total <= breadth else ()
        """What each candidate gets where the groups may be open beside each other."""
        self._watch = watch
        self._incoming = incoming
        self._invite = transaction.request.method == "INVITE"
        self._responses: tuple[Response, ...] = ()
        self._answered = 0
        """The final status that was passed on; 0: none yet."""
        self._cancelled = self._timed_out = False

    def start(self, now: float) -> None:
        """Forwards to the first group of candidates."""
        assert self._forwarder is not None
        group, self._groups = self._groups[0], self._groups[1:]
        given = self._apart[: len(group)] or shares(self._breadth, len(group))
        self._apart = self._apart[len(group) :]
        for candidate, share in zip(group, given, strict=True):
            self._begin(Branch(self, candidate, now), share, now)
        self._look(now)

    def _look(self, now: float) -> None:
        """Where all that are open stay silent, the next group is tried beside them: somebody may need help. Where there
        is none, a place that was set by hand is no longer waited for, if another has refused."""
        if not self._invite or self._answered or not (self._apart or self._responses):
            return
        if any(branch.heard for branch in self._branches):
            return
        is_last = not self._groups and bool(self._responses) and not any(branch.is_phone for branch in self._branches)
        if not self._apart and not is_last:
            return
        patience = max((branch.group_asked_at for branch in self._branches), default=now) + SILENCE
        if now < patience:
            self._around.deadlines.set(patience, self._look)
        elif self._groups:
            self.start(now)
        else:
            self._respond(self._final(), now)
            self._cancel_pending((), now)

    def _begin(self, branch: Branch, share: int, now: float) -> None:
        """`share`: for it and for those that may be open beside it, where that is enough for all (RFC 5393)."""
        assert self._forwarder is not None
        further = len(branch.others) or branch.candidate.leads_on
        if further and share > further:
            own = shares(share, 1 + further)[0]
            share, branch.spare = own, share - own
        if branch.others:
            self._await(branch, now)
        self._branches.append(branch)
        branch.client = self._forwarder.start(branch, share, now)
        if self._invite:
            branch.arm(self._around.deadlines.delays, self._timer_c, now)

    # -- several ways to one phone: the addresses of a name (RFC 3263 section 4.3), its flows (RFC 5626 section 7) -----

    def found_others(self, branch: Branch, now: float) -> None:
        """The name that it was sent to leads to further addresses; it goes out now."""
        branch.asked_at = now
        self._await(branch, now)

    def _await(self, branch: Branch, now: float) -> None:
        self._around.deadlines.set(now + SILENCE, branch.is_silent)

    def fell_silent(self, branch: Branch, now: float) -> None:
        """Whatever it is, the phone is asked by its next way too, and who speaks first is the only one: a phone that
        sleeps may be slow to say something. Strictly, its flows are tried one at a time. But an INVITE alone is asked
        at another address: a server may take its time for a message, and would send it twice."""
        other = branch.next_flow if not self._invite else branch.others[0] if branch.others else None
        if branch.spare and now >= branch.asked_at + SILENCE:
            self._go_on(branch, other, now)

    def _go_on(self, branch: Branch, candidate: Candidate | None, now: float) -> bool:
        """Asks there, by a branch of its own; whether that was possible."""
        if candidate is None or branch.cancelled or self._answered or self._forwarder is None:
            return False
        branch.others = ()
        other = Branch(self, candidate, now)
        alike = (*(branch.alike or (branch,)), other)
        for each in alike:
            each.alike = alike
        self._begin(other, max(branch.spare, 1), now)
        self._look(now)
        return True

    def _is_first_word(self, branch: Branch, now: float) -> None:
        """Of several ways it is the one: what was asked by the others is given up, and called off when they say
        something after all."""
        for other in branch.alike:
            if other.spoke:
                continue
            self._around.passed_over(other.candidate, branch.candidate, now)
            self._give_up(other, now)

    def _is_asked_elsewhere(self, branch: Branch) -> bool:
        """Whether another way to its phone is still open."""
        return any(not (other.done or other.cancelled) for other in branch.alike if other is not branch)

    # -- from the client transactions: section 16.7 --------------------------------------------------------------------

    def received(self, branch: Branch, response: Response, now: float) -> None:
        """Steps 2 to 6 for one response."""
        if not branch.spoke and not branch.done and branch.is_word(response.status):
            branch.heard = branch.spoke = True
            if branch.alike:
                self._is_first_word(branch, now)
        if response.status == 100:
            branch.heard = branch.heard or not branch.candidate.is_spiral
            return
        branch.heard = branch.heard or response.status != 430
        if not response.pop_via():
            self._lost(branch, response, now)
        elif response.status < 200:
            self._provisional(branch, response, now)
        elif response.status < 300:
            self._success(branch, response, now)
        elif not branch.done:
            self._failure(branch, response, now)

    def _lost(self, branch: Branch, response: Response, now: float) -> None:
        """Step 3: without another Via it is not forwarded. The phone has spoilt it; the branch is over."""
        if response.status >= 200:
            self.failed(branch, now)

    def _provisional(self, branch: Branch, response: Response, now: float) -> None:
        """Steps 2 and 5: Timer C starts anew; passed on until a final has been. INVITE alone has them (RFC 4320)."""
        if not self._invite or branch.done:
            return
        branch.rings = True
        if not branch.cancelled:
            branch.is_cut_off = False
            branch.arm(self._around.deadlines.delays, self._timer_c, now)
        if not self._answered:
            self._respond(response, now)

    def _success(self, branch: Branch, response: Response, now: float) -> None:
        """Steps 5 and 10: every 2xx to an INVITE is passed on, also after another one; the others lose."""
        self._terminate(branch)
        if self._incoming is not None and not self._incoming.device:
            self._incoming.device = branch.candidate.uri
        if self._invite or not self._answered:
            self._respond(response, now, branch.candidate.side.binding)
        self._cancel_pending([COMPLETED_ELSEWHERE], now)

    def _failure(self, branch: Branch, response: Response, now: float) -> None:
        """Steps 4 and 5: kept for the choice; a 6xx of a phone calls off all others."""
        self._terminate(branch)
        if self._go_on(branch, branch.next_after(response.status), now):
            return
        self._tell_silent(branch, now)
        if self._incoming is not None:
            self._incoming.refused(response, rang=branch.rings)
        if response.status not in NO_WORD:  # its phone has spoken, and comes back by no other way
            for other in branch.alike:
                if other.is_cut_off:
                    self._give_up(other, now)
        if response.status == 408 and not self._invite:
            self._timed_out = True  # never passed on (RFC 4320 section 4.2)
        elif not branch.expired:
            self._responses += (response,)
            self._transaction.keep(response.encode())
        if response.status >= 600:
            self._groups = ()
            if not branch.is_at_place:  # else one of a group, for itself (21.6)
                self._cancel_pending([reason(response.status)], now)
        self._proceed(now)

    def timed_out(self, branch: Branch, now: float) -> None:
        """As a 408 without a response (section 16.6 step 7)."""
        if not branch.done:
            self._timed_out = True
            if not (self._invite and self._go_on(branch, branch.next_flow, now)):
                self._tell_silent(branch, now)
            self._terminate(branch)
            if not self._invite:
                self._groups = ()  # the sender has timed out as well (RFC 4321 section 1.5)
            self._proceed(now)

    def failed(self, branch: Branch, now: float) -> None:
        """As a 503 of that branch alone (section 16.9): the others go on."""
        if not branch.done:
            if not self._go_on(branch, branch.others[0] if branch.others else None, now):
                self._tell_silent(branch, now)
            self._terminate(branch)
            self._proceed(now)

    def cut_off(self, branch: Branch, now: float) -> None:
        """A phone may come back and answer over another connection; when it does not, or nobody waits for it, its
        branch is over. A peer or static device opens one for its answer (18.2.2), and has until Timer C."""
        if isinstance(branch.candidate.target, Flow) and not branch.done:
            branch.is_cut_off = True
            if branch.spare:
                self._go_on(branch, branch.next_flow, now)
            branch.arm(self._around.deadlines.delays, 0.0 if branch.cancelled else COME_BACK, now)

    def timer_c_fired(self, branch: Branch, now: float) -> None:
        """Section 16.8: CANCEL where something was heard, else as a 408. Either way its answer counts as none."""
        if branch.is_cut_off and self._is_back(branch):
            branch.is_cut_off = False
            branch.arm(self._around.deadlines.delays, self._timer_c, now)
            return
        branch.expired = self._timed_out = True
        if branch.heard or branch.candidate.is_spiral:
            self._cancel(branch, [reason(408)], now)
        else:
            self.timed_out(branch, now)

    def _tell_silent(self, branch: Branch, now: float) -> None:
        """Somebody has to look after that phone."""
        if not self._invite or branch.heard or branch.cancelled or self._is_asked_elsewhere(branch):
            return
        if not any(other.heard for other in branch.alike):
            self._around.silent(branch.candidate, now)
            if self._incoming is not None:
                self._incoming.is_silent = True

    def _is_back(self, branch: Branch) -> bool:
        there = self._around.whereabouts(branch.candidate)
        return isinstance(there, Flow) and there != branch.candidate.target

    # -- from the caller: section 16.10 --------------------------------------------------------------------------------

    def cancel(self, headers: Sequence[Header], now: float) -> None:
        """The caller gave up: no more targets, CANCEL with his own Reason to all that are open. Their 487 ends it."""
        self._cancelled = True
        if self._incoming is not None:
            self._incoming.cancelled(now, elsewhere=any(map(is_elsewhere, headers)))
        self._groups = ()
        self._cancel_pending(headers, now)

    def stop(self, now: float) -> None:
        """The box stops: who calls is told, and may dial again; no phone goes on ringing for nobody."""
        if not self._invite or self._answered:
            return
        self._groups = ()
        self._respond(self._own(503, [("Retry-After", BACK_SOON)]), now)
        self._cancel_pending([reason(503)], now)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _proceed(self, now: float) -> None:
        """Step 6: when all branches are done, the next group, or the best response."""
        if self._answered:
            return
        if self._branches:
            self._look(now)
            return
        if self._groups:
            self.start(now)
            return
        self._respond(self._final(), now)

    def _final(self) -> Response:
        responses = after_cancel(self._responses) if self._cancelled else self._responses
        best = best_response(responses) if responses else None
        timed_out = self._timed_out and self._invite  # as a 408, before another's 5xx (sections 16.7 step 6 and 16.8)
        if best is not None and not (timed_out and best.status // 100 == 5):
            own = NOT_THE_CALLERS.get(best.status)
            return self._own(own) if own else best
        if self._cancelled:
            return self._own(487)
        if not self._timed_out:
            return self._own(480)  # nothing but failures to send: there is no way to the account
        return self._own(408)  # which ends a non-INVITE transaction silently (RFC 4320 section 4.2)

    def _own(self, status: int, headers: Sequence[Header] = ()) -> Response:
        if status == 480 and self._incoming is not None:
            self._incoming.why = UNREACHED  # as no phone says of itself with it
        return Response.to_request(self._transaction.request, status, headers=headers, to_tag=self._around.random())

    def _respond(self, response: Response, now: float, phone: int = 0) -> None:
        """`phone`: the binding that has sent it, where that counts."""
        if self._answered >= 300:
            return  # who was refused hears of no 2xx any more, nor does his transaction take one (RFC 6026 figure 7)
        self._answered = response.status if response.status >= 200 else 0
        self._transaction.respond(response, now)
        if self._watch is not None:
            self._watch(response, now, phone)
        if self._incoming is not None:
            self._incoming.hear(response.status, now)
        if self._answered and self._forwarder is not None:
            self._forwarder = None  # for more 2xx the context stays, but nothing is started any more
            self._transaction.let_go()

    def _terminate(self, branch: Branch) -> None:
        if branch.done:
            return
        branch.done = True
        branch.client = None
        branch.disarm()
        self._branches.remove(branch)

    def _give_up(self, branch: Branch, now: float) -> None:
        """Its phone has spoken by another way."""
        if (client := branch.client) is not None:
            self._terminate(branch)
            client.give_up(now)

    def _cancel_pending(self, headers: Sequence[Header], now: float) -> None:
        """Step 10. To a client transaction that is no INVITE's, `cancel` means nothing (section 9.1)."""
        for branch in list(self._branches):
            if not branch.cancelled:
                self._cancel(branch, headers, now)

    def _cancel(self, branch: Branch, headers: Sequence[Header], now: float) -> None:
        if now - branch.asked_at >= SILENCE:
            self._tell_silent(branch, now)
        branch.cancelled = True
        branch.disarm()  # from here the client transaction gives up by itself, 64*T1 after the CANCEL (section 9.1)
        if branch.client is not None:
            if (target := self._around.whereabouts(branch.candidate)) != branch.candidate.target:
                branch.client.target = target
            branch.client.cancel(now, headers)
        if branch.is_cut_off and not self._is_back(branch):
            self.timed_out(branch, now)
