"""What a verb gets: the parts of the box that it may look at and change, running or not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableSequence, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

from ..config import DEFAULTS
from ..directory import Directory
from ..model import Account, AddressOfRecord, Binding, BindingState, Settings
from . import owed
from .admin import Admin
from .candidate import Candidate
from .errors import Answer, NotThere, Sentence, VerbError
from .host import ManagedElsewhere, System, take
from .parts import Clock, Journal, Location, Pair, Records, Site

__all__ = ["Answer", "Box", "VerbError"]

if TYPE_CHECKING:  # A command where no box runs does without it, and starts sooner.
    from ..core import Core
    from .day import Day

LISTENING = ("listen", "web", "web_listen")
"""Settings that say where the box listens."""


def _nothing() -> None: ...


async def _hear_nobody(settings: Settings) -> list[str]:
    return []


@dataclass(slots=True)
class Box:
    """The box, as `control` sees it. `core`, `journal` and `listeners` are there only where it serves."""

    directory: Directory
    location: Location
    records: Records
    settings: Settings
    """As they are kept; what `serve` was told by its options comes on top in `configure`."""
    clock: Clock
    admin: Admin = field(kw_only=True)
    defaults: Settings = DEFAULTS
    """The settings of this box while none is kept: its board's."""
    notices: list[Sentence] = field(default_factory=list)
    candidate: Candidate = field(default_factory=Candidate)
    """Settings that are staged, or on trial."""
    system: System = field(default_factory=ManagedElsewhere)
    """The machine that it runs on."""
    core: Core | None = None
    settle: Callable[[], None] = _nothing
    """Carries out what the core wishes; called after each call into the core."""
    configure: Callable[[Settings], None] = lambda settings: None
    """Takes changed settings into use."""
    listen: Callable[[Settings], Awaitable[list[str]]] = _hear_nobody
    """Listens where the settings say, with notes for people. Raises VerbError where it cannot, and then goes on."""
    journal: Journal | None = None
    listeners: Sequence[str] = ()
    site: Site | None = None
    """The setup page, where there is one."""
    log: MutableSequence[str] = field(default_factory=list)
    """The last lines of the log, oldest first."""
    disk: Callable[[], tuple[int, int]] = lambda: (0, 0)
    """Bytes that are free, and all, where the data are."""
    refused_at: Callable[[], float] = lambda: -inf
    """When a request was answered 503 last, since there were too many."""
    day: Day | None = None
    """The last 24 hours."""
    started_at: float = 0.0
    turn: AbstractAsyncContextManager[Any] = field(default_factory=nullcontext)
    """Held by a verb that changes something, so that they come one after the other (the loop's Lock in the box)."""

    # -- settings ------------------------------------------------------------------------------------------------------

    async def take(self, old: Settings, new: Settings) -> list[str]:
        """Machine and listeners are as the new settings say, or both as before; notes. Raises VerbError."""
        notes = await take(self.system, old, new)
        if any(getattr(old, field) != getattr(new, field) for field in LISTENING):
            try:
                notes += await self.listen(new)
            except VerbError:
                await take(self.system, new, old)
                raise
            await self.announce(new.hostname)
        return notes

    async def keep(
        self, settings: Settings, write: Callable[[Sequence[Pair]], Awaitable[None]], reset: bool | None = None
    ) -> list[str]:
        """The same, and `write` has kept the new settings, with the rows that it is given; or neither; notes. `reset`:
        see `owed.paid`. Raises VerbError, OSError."""
        old, trial = self.settings, self.candidate.trial
        way_back = owed.way_back(old, settings) if self.core is not None else {}  # whoever is cut off pulls the plug
        before = await owed.promise(self.records, way_back) if way_back else None
        try:
            notes = await self.take(old, settings)
        except BaseException:
            await owed.withdraw(self.records, before)
            raise
        try:
            await write(await owed.paid(self.records, {*way_back, *(trial.way_back if trial else ())}, reset))
        except BaseException:
            await self.take(settings, old)  # where it refuses, the next start has the way back
            await owed.withdraw(self.records, before)
            raise
        return notes

    def use(self, settings: Settings) -> None:
        """These from now on; machine and listeners have been brought to them."""
        self.settings = settings
        self.configure(settings)

    async def announce(self, hostname: str) -> None:
        """The computer tells its network that name and where the page is, if it can."""
        site = self.site
        ports = (site.http_port, site.https_port) if site else (0, 0)
        with suppress(VerbError):
            await self.system.announce(hostname, *ports)

    @property
    def all_notices(self) -> list[Sentence]:
        """What whoever looks at the box has to know: of itself, the admin password, the settings and the journal."""
        of_settings = self.candidate.notices(self.clock.now())
        return [*self.notices, *self.admin.notices, *of_settings, *(self.journal.notices if self.journal else ())]

    # -- accounts ------------------------------------------------------------------------------------------------------

    def account(self, user: str) -> Account:
        """The account of that name. Raises VerbError."""
        account = self.directory.account(user)
        if account is None:
            raise NotThere("There is no account {user!r}.", user=user)
        return account

    async def save(self, *accounts: Account, drop: Callable[[Binding], bool] = lambda binding: False) -> None:
        """Takes accounts' new forms, at once in memory and on disk when this returns, all or none; the phones of one
        that is disabled go, and the bindings that `drop` names."""
        before = [old for account in accounts if (old := self.directory.account(account.username))]
        dropped: list[Binding] = []
        for account in accounts:
            self.directory.put(account)
            self.forget(account.username)
            phones = [] if account.enabled else self.phones(account.aor)
            dropped += [each for each in self.location.every(account.aor) if each in phones or drop(each)]
        try:
            await self.take_away(dropped, accounts=accounts)
        except BaseException:
            for account in accounts:
                self.directory.drop(account.username)
                self.forget(account.username)  # a phone may have shown the new password meanwhile
            for old in before:
                self.directory.put(old)
            raise

    def phones(self, aor: AddressOfRecord) -> list[Binding]:
        """What goes when its account is disabled: a phone registers again, a place that was set by hand could not."""
        return [each for each in self.location.every(aor) if each.state is not BindingState.STATIC]

    async def remove(self, account: Account) -> None:
        """Takes an account away with all its bindings."""
        self.directory.drop(account.username)
        self.forget(account.username)
        try:
            await self.take_away(self.location.every(account.aor), removed=[account.username])
        except BaseException:
            self.directory.put(account)
            raise

    def forget(self, username: str) -> None:
        """No nonce of that account is good any longer."""
        if self.core is not None:
            self.core.forget(username)

    def forget_past(self) -> None:
        """Nobody reads here what happened on the box before: events, calls, the last day, the lines of the log."""
        if self.core is not None:
            self.core.forget_past()
        if self.day is not None:
            self.day.forget()
        self.log.clear()

    def rename(self, realm: str) -> None:
        """Another realm, where there is no account; nothing of it goes to the disk."""
        self.directory.realm = realm
        if self.core is not None:
            self.core.rename(realm)

    async def take_away(self, bindings: Sequence[Binding], **changes: Any) -> None:
        """Takes bindings away, together with further changes of the records, or changes nothing."""
        with self.holding({each.aor for each in bindings}):
            await self.records.change(dropped=[each.id for each in bindings], **changes)
            self.drop(bindings)

    @contextmanager
    def holding(self, aors: Iterable[AddressOfRecord]) -> Iterator[None]:
        """While bindings of these are taken away on disk, and then here: no phone brings one back."""
        if self.core is None:
            yield
            return
        tickets = self.core.hold(aors)
        try:
            yield
        except BaseException as error:
            if not isinstance(error, Exception):  # the box stops: what waits must not come behind what is being written
                tickets = []
            raise
        finally:
            for ticket in tickets:
                self.core.committed(ticket, self.clock.now())
            self.settle()

    def drop(self, bindings: Iterable[Binding]) -> None:
        """Takes bindings away in the running box, which are gone from the disk."""
        if self.core is not None:
            self.core.drop(bindings, self.clock.now())
            self.settle()
