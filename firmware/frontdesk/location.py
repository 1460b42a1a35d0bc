"""The location service: address-of-record -> bindings, and when they expire (RFC 3261 section 10; RFC 5626 section 6).

Two views of an address-of-record: what is committed, which look-ups see, and what is to be once its open tickets are
on disk, on which the registrar builds. One ticket of it at a time is with the journal, and one more gathers what comes
meanwhile. One that is committed makes its view visible, and lets the other go to the journal; one that fails takes the
other with it, of which nothing has been written. While bindings are taken away by hand a ticket holds the place, and
what comes is gathered as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import inf

from .model import AddressOfRecord, Binding, BindingState, Changes, Commit
from .sip.wire import Flow, HostPort

Place = HostPort | int | tuple[str, HostPort]
"""What of a Flow says where a device is: over UDP the remote address, else the connection, whose number is unique;
after a restart, when there is none, transport and remote address."""

LOCAL = ("10.", "192.168.", *(f"172.{n}." for n in range(16, 32)), "169.254.", "127.", "fc", "fd", "fe80:", "::1")
"""How addresses begin that no router leads to from outside (RFC 1918, 3927, 4193, 4291)."""
MAX_HEIRS = 1024
"""Bindings that are gone, while another flow of their device was there; and places that were taken away."""


@dataclass(slots=True)
class _Ticket:
    number: int
    bindings: list[Binding]
    waits: bool = False
    """For those before it; nothing of it is with the journal."""
    holds: bool = False
    """And changes nothing."""


class LocationService:
    """All bindings, in memory."""

    def __init__(self, bindings: Iterable[Binding] = (), next_id: int = 1) -> None:
        self._committed: dict[AddressOfRecord, tuple[Binding, ...]] = {}
        self._pending: dict[AddressOfRecord, list[_Ticket]] = {}
        """The one that is with the journal, one that holds, the one that waits; nearly always there is none."""
        self._aor_of: dict[int, AddressOfRecord] = {}
        self._by_id: dict[int, Binding] = {}
        self._at: dict[Place, list[int]] = {}
        self._heirs: dict[int, int] = {}
        """Of a device with several flows: the binding of one that is gone -> that of another that was there then."""
        self._taken_away: dict[int, Binding] = {}
        """Places that were set by hand: calls that were up there have yet to end."""
        self._expiries: list[tuple[float, int]] = []
        self._armed: dict[int, float] = {}  # id -> its earliest entry in the heap; others of that id are void
        self._next_id = next_id
        for binding in bindings:
            self._committed[binding.aor] = (*self._committed.get(binding.aor, ()), binding)
            self._index(binding)

    # -- look-ups: committed bindings only -----------------------------------------------------------------------------

    def bindings(self, aor: AddressOfRecord, now: float) -> list[Binding]:
        """Those of one address-of-record that have not expired."""
        found = self._committed.get(aor, ())
        return [binding for binding in found if binding.expires_at is None or binding.expires_at > now]

    def binding(self, id: int) -> Binding | None:
        """The binding with that id, or None."""
        return self._by_id.get(id)

    def is_alone(self, binding: Binding) -> bool:
        """Whether its address-of-record has no other, not even one that has expired."""
        return len(self._committed.get(binding.aor, ())) < 2

    def device(self, id: int) -> Binding | None:
        """The binding with that id, or once it is gone that of another flow of its device (RFC 5626 section 5.3.2),
        which was there when it went: not of one that has registered since, which may have started anew."""
        while (binding := self._by_id.get(id)) is None and id in self._heirs:
            id = self._heirs[id]
        return binding

    def place(self, id: int) -> Binding | None:
        """The place with that id that was set by hand and is gone, since the start."""
        return self._taken_away.get(id)

    def at(self, flow: Flow) -> list[Binding]:
        """The bindings that were registered over that flow."""
        return [self._by_id[id] for id in self._at.get(_place(flow), ())]

    def disconnect(self, flow: Flow) -> None:
        """That connection is gone: no binding is reached over it any longer, nor one that is still to be on disk."""
        for binding in self.at(flow):
            binding.connected = False
        for tickets in self._pending.values():
            for binding in (each for ticket in tickets for each in ticket.bindings if each.flow == flow):
                binding.connected = False

    def __iter__(self) -> Iterator[Binding]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def behind_routers(self) -> list[Flow]:
        """Those over UDP of phones that are not where they say, or not on this network: a router may lead there."""
        udp = [(each.flow, each.contact) for each in self if each.flow is not None and each.flow.transport == "udp"]
        placed = ((flow, flow.remote[0], contact) for flow, contact in udp)
        behind = (flow for flow, host, contact in placed if not host.startswith(LOCAL) or _host(contact) != host)
        return [*dict.fromkeys(behind)]  # a PBX has registered many accounts from one

    # -- changes: staged, then committed or failed ---------------------------------------------------------------------

    def latest(self, aor: AddressOfRecord) -> Sequence[Binding]:
        """The bindings as they will be when all open tickets are on disk: what the registrar builds on."""
        pending = self._pending.get(aor)
        return pending[-1].bindings if pending else self._committed.get(aor, ())

    def every(self, aor: AddressOfRecord) -> list[Binding]:
        """The same and the committed ones, which stand where those tickets fail; each as it was staged last."""
        staged = (ticket.bindings for ticket in self._pending.get(aor, ()))
        found = {each.id: each for bindings in (self._committed.get(aor, ()), *staged) for each in bindings}
        return list(found.values())

    def settled(self, binding: Binding) -> tuple[Binding, ...]:
        """All of its address-of-record, itself among them, if they are committed and no ticket is open; else none."""
        aor = binding.aor
        committed = () if aor in self._pending else self._committed.get(aor, ())
        return committed if binding in committed else ()

    def open_ticket(self, aor: AddressOfRecord) -> int | None:
        """The newest ticket of that address-of-record that is not on disk yet."""
        pending = self._pending.get(aor)
        return pending[-1].number if pending else None

    def new_id(self) -> int:
        """An id for a binding that is to be added."""
        self._next_id += 1
        return self._next_id - 1

    def stage(self, aor: AddressOfRecord, ticket: int, bindings: list[Binding]) -> int:
        """`bindings` will be all of that address-of-record once `ticket` is on disk, or the one that waits already
        behind another. Returns which it is."""
        pending = self._pending.get(aor)
        if pending is None:
            self._pending[aor] = [_Ticket(ticket, bindings)]
        elif not pending[-1].waits:
            pending.append(_Ticket(ticket, bindings, waits=True))
        else:
            pending[-1].bindings = bindings
            return pending[-1].number
        self._aor_of[ticket] = aor
        return ticket

    def hold(self, aor: AddressOfRecord, ticket: int) -> None:
        """What is staged from now on, or waits already, does not go to the journal before this ticket is committed."""
        pending = self._pending.setdefault(aor, [])
        at = len(pending) - bool(pending and pending[-1].waits)
        before = pending[at - 1].bindings if at else self._committed.get(aor, ())
        pending.insert(at, _Ticket(ticket, list(before), holds=True))
        self._aor_of[ticket] = aor

    def add(self, binding: Binding) -> None:
        """One more, which is on disk already; the tickets that are open do not take it away."""
        for ticket in self._pending.get(binding.aor, ()):
            ticket.bindings = [*ticket.bindings, binding]
        self._committed[binding.aor] = (*self._committed.get(binding.aor, ()), binding)
        self._index(binding)

    def remove(self, aor: AddressOfRecord, ids: Collection[int]) -> list[Binding]:
        """Those go, on disk already; the tickets that are open do not bring them back. Returns them as they were to
        be."""
        gone = [binding for binding in self.every(aor) if binding.id in ids]
        for binding in (each for each in gone if each.state is BindingState.STATIC):
            if len(self._taken_away) >= MAX_HEIRS:
                del self._taken_away[next(iter(self._taken_away))]
            self._taken_away[binding.id] = binding
        for ticket in self._pending.get(aor, ()):
            ticket.bindings = [binding for binding in ticket.bindings if binding.id not in ids]
        self._show(aor, [binding for binding in self._committed.get(aor, ()) if binding.id not in ids])
        return gone

    def commit(self, ticket: int) -> Commit | None:
        """The ticket is on disk: its bindings become visible. Returns the one that waited for it, which is the
        journal's now: what it changes."""
        aor = self._aor_of.pop(ticket)
        pending = self._pending[aor]
        done = pending.pop(0 if pending[0].number == ticket else 1)
        if done.holds:
            self._arm_all(aor)
        else:
            self._show(aor, done.bindings)
        if not pending:
            del self._pending[aor]
        elif pending[0].waits:
            pending[0].waits = False
            return Commit(pending[0].number, self._changes(aor, pending[0].bindings))
        return None

    def _changes(self, aor: AddressOfRecord, bindings: list[Binding]) -> Changes:
        before, kept = self._committed.get(aor, ()), {binding.id for binding in bindings}
        saved = [binding for binding in bindings if binding not in before]  # one that has changed is another object
        return Changes(saved, [binding.id for binding in before if binding.id not in kept])

    def fail(self, ticket: int) -> list[int]:
        """The ticket is not on disk: the committed bindings stand, and what comes from now on builds on them. Returns
        it and those behind it: who waited on one of them until now may not be answered with 200."""
        pending = self._pending.pop(aor := self._aor_of[ticket])
        for each in pending:
            if each.holds:
                each.bindings = list(self._committed.get(aor, ()))
                self._pending[aor] = [each]
            else:
                del self._aor_of[each.number]
        self._arm_all(aor)
        return [each.number for each in pending]

    def _show(self, aor: AddressOfRecord, bindings: list[Binding]) -> None:
        before = self._committed.get(aor, ())
        if len(before) == len(bindings) == 1 and before[0].id == bindings[0].id and before[0].flow == bindings[0].flow:
            # One device has moved within its place, as nearly always: no index changes.
            self._committed[aor] = tuple(bindings)
            self._by_id[bindings[0].id] = bindings[0]
            self._arm(bindings[0])
            return
        for old in self._committed.pop(aor, ()):
            self._unindex(old)
        for binding in bindings:
            self._index(binding)
        if bindings:
            self._committed[aor] = tuple(bindings)
        kept = [binding for binding in bindings if any(binding.id == old.id for old in before)]
        for old in before:
            if old.id not in self._by_id:
                self._inherit(old, kept)

    # -- expiry --------------------------------------------------------------------------------------------------------

    def extend(self, binding: Binding, expires_at: float) -> None:
        """A pure refresh: the committed binding lives until `expires_at`."""
        later = binding.expires_at is not None and expires_at > binding.expires_at
        binding.expires_at = expires_at
        if not later and expires_at < self._armed.get(binding.id, 0.0):  # what is armed is never after its end
            self._arm(binding)

    def next_expiry(self) -> float | None:
        """When to call `expire` next, or None. May be early: an extended binding keeps its old entry in the heap."""
        return self._expiries[0][0] if self._expiries else None

    def expire(self, now: float) -> list[Binding]:
        """Takes the bindings away whose time is over and returns them; one that is in an open ticket, which may renew
        it, is seen no longer and waits for that."""
        gone: list[Binding] = []
        while self._expiries and self._expiries[0][0] <= now:
            at, id = heappop(self._expiries)
            if self._armed.get(id) != at:
                continue
            del self._armed[id]
            binding = self._by_id.get(id)
            if binding is None or binding.expires_at is None:
                continue
            if binding.expires_at > now:
                self._arm(binding)
            elif not self._is_staged(binding):
                gone.append(binding)
        for binding in gone:
            self._forget(binding)
        return gone

    def _is_staged(self, binding: Binding) -> bool:
        pending = self._pending.get(binding.aor, ())
        return any(each.id == binding.id for ticket in pending for each in ticket.bindings)

    def _arm_all(self, aor: AddressOfRecord) -> None:
        """The time of one may have come while a ticket was open."""
        for binding in self._committed.get(aor, ()):
            self._arm(binding)

    def _arm(self, binding: Binding) -> None:
        at = binding.expires_at
        if at is None or at >= self._armed.get(binding.id, inf):
            return
        self._armed[binding.id] = at
        heappush(self._expiries, (at, binding.id))
        if len(self._expiries) > 2 * len(self._by_id) + 64:  # void entries of bindings that came and went
            self._armed = {each.id: each.expires_at for each in self if each.expires_at is not None}
            self._expiries = [(at, id) for id, at in self._armed.items()]
            heapify(self._expiries)

    def _forget(self, binding: Binding) -> None:
        self._unindex(binding)
        left = tuple(other for other in self._committed[binding.aor] if other.id != binding.id)
        if left:
            self._committed[binding.aor] = left
        else:
            del self._committed[binding.aor]
        self._inherit(binding, left)

    def _inherit(self, gone: Binding, left: Iterable[Binding]) -> None:
        # It is found out anew each time that a binding goes, so that no two can be each other's heirs.
        self._heirs.pop(gone.id, None)
        if gone.reg_id is None or not gone.instance:
            return  # a device without outbound has one binding alone
        flows = [each for each in left if each.instance == gone.instance and each.reg_id is not None]
        if flows:
            if len(self._heirs) >= MAX_HEIRS:
                del self._heirs[next(iter(self._heirs))]
            self._heirs[gone.id] = max(flows, key=lambda each: each.seen_at).id

    # -- indexes -------------------------------------------------------------------------------------------------------

    def _index(self, binding: Binding) -> None:
        self._by_id[binding.id] = binding
        self._arm(binding)
        if binding.flow is not None:
            ids = self._at.setdefault(_place(binding.flow), [binding.id])
            if ids[-1] != binding.id:
                ids.append(binding.id)

    def _unindex(self, binding: Binding) -> None:
        self._by_id.pop(binding.id, None)
        if binding.flow is None:
            return
        place = _place(binding.flow)
        ids = self._at.get(place)
        if ids is not None and binding.id in ids:
            ids.remove(binding.id)
            if not ids:
                del self._at[place]


def _place(flow: Flow) -> Place:
    return flow.connection or (flow.remote if flow.transport == "udp" else (flow.transport, flow.remote))


def _host(contact: str) -> str:
    """As it stands there; for ten thousand phones the parser would take too long."""
    place = (contact.partition("@")[2] or contact.partition(":")[2]).partition(";")[0]
    return place[1:].partition("]")[0] if place[:1] == "[" else place.partition(":")[0]
