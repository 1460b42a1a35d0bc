"""The life of a REGISTER behind the registrar: to the disk, back, and out as its 200. None leaves before the disk has
it.

While an address-of-record has a ticket open, every REGISTER for it waits on that ticket or on the next, which goes to
the journal when the first is on disk. A ticket that fails leaves the committed bindings as they were, and all who
waited on it or on the next get 500 with Retry-After.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from ..auth import Authenticator, Caller
from ..events import Event, Kind, Wording
from ..location import LocationService
from ..model import AddressOfRecord, Binding, Changes, Close, Commit, Settings, username_of
from ..overload import retry_after
from ..registrar import Registrar, Registration
from ..registrar.answer import answer_headers, story
from ..sip.errors import Rejection
from ..sip.message import Request, Response
from ..sip.server_transaction import ServerTransaction
from ..sip.timers import Deadlines
from ..sip.transaction_layer import TransactionLayer
from ..sip.wire import Flow
from .answers import Answers
from .background import BackgroundWrites

MAX_HELD = 4096
"""REGISTERs that may wait for the disk at once: twice a building of 2,000 phones, some 40 MB. A card that is only slow
never gets there, since all that wait share one sync; one that hangs does."""

_NOT_STORED = Wording("not stored: {error}")
_EXPIRED = Wording("{contact} expired")
_DROPPED = Wording("{contact} dropped by the administrator")


@dataclass(slots=True)
class Accepted:
    """A REGISTER that is accepted, and the 200 that it gets."""

    request: Request
    registration: Registration
    caller: Caller
    answer: Response


class Waiting(Protocol):
    """One whose 200 waits for a ticket to be on disk."""

    @property
    def transaction(self) -> ServerTransaction: ...

    username: str

    def stored(self, now: float) -> None:
        """It is: the 200 goes out, and all that follows from it is done."""

    def is_of(self, ids: Collection[int]) -> bool:
        """Whether it registers one of these bindings."""


@dataclass(slots=True)
class _Parsed:
    """One that was parsed."""

    transaction: ServerTransaction
    username: str
    accepted: Accepted
    then: Callable[[Accepted, float], None]

    def stored(self, now: float) -> None:
        self.transaction.respond(self.accepted.answer, now)
        self.then(self.accepted, now)

    def is_of(self, ids: Collection[int]) -> bool:
        return any(binding.id in ids for binding in self.accepted.registration.changes.saved)


class Registrations:
    """Applies what the registrar decides."""

    def __init__(
        self,
        registrar: Registrar,
        location: LocationService,
        authenticator: Authenticator,
        layer: TransactionLayer,
        deadlines: Deadlines,
        answers: Answers,
        act: Callable[[Commit | Close], None],
        emit: Callable[[Event], None],
    ) -> None:
        self.settings: Settings = registrar.settings
        self._registrar = registrar
        self._location = location
        self._authenticator = authenticator
        self._layer = layer
        self._answers = answers
        self._act = act
        self.emit = emit
        self._next_ticket = 1
        self._waiting: dict[int, list[Waiting]] = {}
        self._held = 0
        self.last: Accepted | None = None
        """The last one that was accepted, for whoever wants to know its like again."""
        self.background = BackgroundWrites(location, deadlines, act, self._ticket)

    # -- a REGISTER ----------------------------------------------------------------------------------------------------

    def register(self, request: Request, flow: Flow, caller: Caller, now: float, wall_offset: float | None) -> None:
        """Answers an authenticated REGISTER, at once or when it is on disk. Raises Rejection and ParseError."""
        registration = self._registrar.register(request, flow, caller, now)
        if self.is_backed_up and self._needs_disk(registration):
            raise Rejection(503, headers=[_retry_after(request)])
        ticket = self._apply(registration, now)
        headers = answer_headers(registration, request, flow, self.settings, now, wall_offset)
        answer = self._answers.response(request, 200, headers=headers)
        self.last = accepted = Accepted(request, registration, caller, answer)
        if ticket is None:
            self._layer.answer(request, flow, answer, now)
            self._accepted(accepted, now)
        else:
            transaction = self._layer.server(request, flow, now)
            self._let_wait(ticket, _Parsed(transaction, registration.username, accepted, self._accepted))

    def write(self, binding: Binding, bindings: Iterable[Binding], waiting: Waiting) -> None:
        """Answers one that changes `binding`, one of `bindings`: all of its address-of-record, which has no ticket
        open."""
        self._let_wait(self._stage(binding.aor, list(bindings), Changes(saved=[binding])), waiting)

    def _let_wait(self, ticket: int, waiting: Waiting) -> None:
        self._waiting.setdefault(ticket, []).append(waiting)
        self._held += 1

    @property
    def is_backed_up(self) -> bool:
        """Whether as many wait for the disk as may."""
        return self._held >= MAX_HELD

    def _needs_disk(self, registration: Registration) -> bool:
        folded = bool(self.settings.flush) or not registration.refreshes
        return bool(registration.changes) or not folded or self._location.open_ticket(registration.aor) is not None

    def _apply(self, registration: Registration, now: float) -> int | None:
        """The ticket to wait on; None: nothing waits, and the refreshes are in memory."""
        ticket = self._location.open_ticket(registration.aor)
        if registration.refreshes and (ticket is not None or registration.changes or not self.settings.flush):
            registration.harden(now)
        if registration.changes:
            return self._stage(registration.aor, registration.bindings, registration.changes, is_first=ticket is None)
        if ticket is None:
            for refresh in registration.refreshes:
                refresh.write(refresh.binding, now)
                self.fold(refresh.binding, now + refresh.granted, now)
        return ticket

    def fold(self, binding: Binding, expires_at: float, now: float) -> None:
        """A committed binding lives on until `expires_at`; its row follows with the flush."""
        self._location.extend(binding, expires_at)
        self.background.refreshed(binding, now, self.settings.flush)

    def _accepted(self, accepted: Accepted, now: float) -> None:
        registration = accepted.registration
        expiries = [binding.expires_at for binding in registration.bindings if binding.expires_at is not None]
        self._authenticator.registered(accepted.caller, max(expiries, default=now))
        for event in story(registration, now):
            self.emit(event)

    # -- tickets -------------------------------------------------------------------------------------------------------

    def _ticket(self) -> int:
        self._next_ticket += 1
        return self._next_ticket - 1

    def _stage(
        self, aor: AddressOfRecord, bindings: list[Binding], changes: Changes, *, is_first: bool = True
    ) -> int:
        ticket = self._location.stage(aor, self._ticket(), bindings)
        if is_first:
            self._act(Commit(ticket, changes))
        return ticket

    def committed(self, ticket: int, now: float) -> None:
        """This ticket is on disk: its changes become visible and its 200s go out."""
        if self.background.committed(ticket):
            return
        following = self._location.commit(ticket)
        if following is not None:
            self._act(following)
        for waiting in self._answerable(ticket):
            waiting.stored(now)

    def failed(self, ticket: int, error: Exception, now: float) -> None:
        """This ticket is not on disk."""
        if self.background.failed(ticket, now, self.settings.call_records):
            return
        for waiting in [each for failed in self._location.fail(ticket) for each in self._answerable(failed)]:
            self._answer_unstored(waiting, now)
            self.emit(Event(now, Kind.WARNING, waiting.username, _NOT_STORED, (str(error),), rule="disk"))

    def _answerable(self, ticket: int) -> list[Waiting]:
        waiting = self._waiting.pop(ticket, [])
        self._held -= len(waiting)
        return waiting

    def _answer_unstored(self, waiting: Waiting, now: float) -> None:
        request = waiting.transaction.request
        answer = self._answers.response(request, 500, "Could Not Be Stored", [_retry_after(request)])
        waiting.transaction.respond(answer, now)

    # -- without a REGISTER --------------------------------------------------------------------------------------------

    def expire(self, now: float) -> list[Binding]:
        """Takes away, in memory and on disk, the bindings whose time is over, and returns them."""
        expired = self._location.expire(now)
        for binding in expired:
            self.emit(Event(now, Kind.EXPIRED, username_of(binding.aor), _EXPIRED, (binding.contact,)))
        self.background.write_soon(Changes(removed=[binding.id for binding in expired]), now)
        return expired

    def hold(self, aors: Iterable[AddressOfRecord]) -> list[int]:
        """Opens a ticket for each; what comes while it is open goes to the journal after it."""
        tickets = {self._ticket(): aor for aor in aors}
        for ticket, aor in tickets.items():
            self._location.hold(aor, ticket)
        return list(tickets)

    def drop(self, bindings: Iterable[Binding], now: float) -> None:
        """Bindings were taken away on disk (account disabled or removed, device revoked): so they are here, and their
        connections are closed."""
        by_aor: dict[AddressOfRecord, set[int]] = {}
        for binding in bindings:
            by_aor.setdefault(binding.aor, set()).add(binding.id)
        for aor, ids in by_aor.items():
            for gone in self._location.remove(aor, ids):
                self.emit(Event(now, Kind.UNREGISTERED, username_of(aor), _DROPPED, (gone.contact,)))
                if gone.flow is not None and gone.flow.connection:
                    self._act(Close(gone.flow))
            self._turn_away(aor, ids, now)

    def _turn_away(self, aor: AddressOfRecord, ids: Collection[int], now: float) -> None:
        """Who registered one of them while they were taken away is not registered, and comes again."""
        ticket = self._location.open_ticket(aor)
        if ticket is None:
            return
        waiting = self._answerable(ticket)
        for each in waiting:
            if each.is_of(ids):
                self._answer_unstored(each, now)
            else:
                self._let_wait(ticket, each)


def _retry_after(request: Request) -> tuple[str, str]:
    return "Retry-After", str(retry_after(request.call_id.encode("utf-8", "surrogateescape")))
