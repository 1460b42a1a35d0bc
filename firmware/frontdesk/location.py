"""The location service: address-of-record -> bindings, and when they expire (RFC 3261 section 10; RFC 5626 section 6).

Two views of an address-of-record: what is committed, which look-ups see, and what is to be once its open tickets are
on disk, on which the registrar builds. A ticket that is committed makes its view visible; one that fails takes every
later one of its address-of-record with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import inf

from .model import AddressOfRecord, Binding, Changes
from .sip.wire import Flow, HostPort

Place = HostPort | int | tuple[str, HostPort]
"""What of a Flow says where a device is: over UDP the remote address, else the connection, whose number is unique;
after a restart, when there is none, transport and remote address."""

MAX_HEIRS = 1024
"""Bindings that are gone, while another flow of their device was there."""


@dataclass(slots=True)
class _Ticket:
    number: int
    bindings: list[Binding]


class LocationService:
    """All bindings, in memory."""

    def __init__(self, bindings: Iterable[Binding] = (), next_id: int = 1) -> None:
        self._committed: dict[AddressOfRecord, tuple[Binding, ...]] = {}
        self._pending: dict[AddressOfRecord, list[_Ticket]] = {}
        """Oldest first; nearly always one."""
        self._aor_of: dict[int, AddressOfRecord] = {}
        self._doomed: dict[int, list[Binding]] = {}  # tickets after one that failed: what of them reaches the disk goes
        self._by_id: dict[int, Binding] = {}
        self._at: dict[Place, list[int]] = {}
        self._heirs: dict[int, int] = {}
        """Of a device with several flows: the binding of one that is gone -> that of another that was there then."""
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

    # -- changes: staged, then committed or failed ---------------------------------------------------------------------

    def latest(self, aor: AddressOfRecord) -> Sequence[Binding]:
        """The bindings as they will be when all open tickets are on disk: what the registrar builds on."""
        pending = self._pending.get(aor)
        return pending[-1].bindings if pending else self._committed.get(aor, ())

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

    def stage(self, aor: AddressOfRecord, ticket: int, bindings: list[Binding]) -> None:
        """Opens a ticket: `bindings` will be all of that address-of-record once it is on disk."""
        staged = _Ticket(ticket, bindings)
        pending = self._pending.get(aor)
        if pending is None:
            self._pending[aor] = [staged]
        else:
            pending.append(staged)
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
        gone = [binding for binding in self.latest(aor) if binding.id in ids]
        for ticket in self._pending.get(aor, ()):
            ticket.bindings = [binding for binding in ticket.bindings if binding.id not in ids]
        self._show(aor, [binding for binding in self._committed.get(aor, ()) if binding.id not in ids])
        return gone

    def commit(self, ticket: int) -> Changes | None:
        """The ticket is on disk: its bindings become visible. Returns what is to be written, if anything is, to take
        back a commit that follows a failed one."""
        aor = self._aor_of.pop(ticket)
        doomed = self._doomed.pop(ticket, None)
        if doomed is not None:
            return self._take_back(aor, doomed)
        pending = self._pending[aor]
        bindings = pending.pop(0).bindings
        if not pending:
            del self._pending[aor]
        self._show(aor, bindings)
        return None

    def fail(self, ticket: int) -> list[int]:
        """The ticket is not on disk: the committed bindings stand, and what comes from now on builds on them. Returns
        it and the tickets after it, none of which may be answered with 200."""
        aor = self._aor_of.pop(ticket)
        if self._doomed.pop(ticket, None) is not None:
            return []  # told when the one before it failed
        failed, *later = self._pending.pop(aor)
        self._doomed.update({each.number: each.bindings for each in later})
        return [failed.number, *(each.number for each in later)]

    def _take_back(self, aor: AddressOfRecord, written: list[Binding]) -> Changes:
        # As it is to be, not as it is committed: this is written after all tickets that are open now. But what comes or
        # goes by these they write themselves, or it does neither.
        kept = {binding.id: binding for binding in self.latest(aor)}
        return Changes(
            saved=[binding for id, binding in kept.items() if id in self._by_id],
            removed=[binding.id for binding in written if binding.id not in kept and binding.id not in self._by_id],
        )

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
        """Takes the bindings away whose time is over and returns them."""
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
            else:
                gone.append(binding)
        for binding in gone:
            self._forget(binding)
        return gone

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
        self._enter(binding)

    def _unindex(self, binding: Binding) -> None:
        self._by_id.pop(binding.id, None)
        self._leave(binding)

    def _enter(self, binding: Binding) -> None:
        if binding.flow is not None:
            ids = self._at.setdefault(_place(binding.flow), [binding.id])
            if ids[-1] != binding.id:
                ids.append(binding.id)

    def _leave(self, binding: Binding) -> None:
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
