"""Verbs about bindings: who is where, and those that are made by hand."""

from __future__ import annotations

from ..model import AddressOfRecord, Binding, BindingState
from ..sip.wire import hostport
from .box import Answer, Box, VerbError
from .checks import checked_place, checked_q
from .errors import NotThere
from .times import iso

CLOSED = "closed"


async def show(box: Box) -> list[Answer]:
    """Who is where."""
    now = box.clock.now()
    offset = box.clock.offset()
    shown = [binding for binding in box.location if binding.expires_at is None or binding.expires_at > now]
    return [snapshot(binding, now, offset) for binding in sorted(shown, key=lambda binding: (binding.aor, binding.id))]


def snapshot(binding: Binding, now: float, offset: float) -> Answer:
    """One binding as the outside sees it."""
    flow = binding.flow
    return {
        "aor": binding.aor,
        "contact": binding.contact,
        "received": None if flow is None else hostport(flow.remote),
        "transport": None if flow is None else flow.transport,
        "expires": None if binding.expires_at is None else max(0, round(binding.expires_at - now)),
        "q": binding.q,
        "instance": binding.instance,
        "reg_id": binding.reg_id,
        "path": list(binding.path),
        "user_agent": binding.user_agent,
        "call_id": binding.call_id,
        "cseq": binding.cseq,
        "registered": iso(binding.registered_at + offset),
        "seen": iso(binding.seen_at + offset),
        "state": told_state(binding),
    }


def told_state(binding: Binding) -> str:
    """How far it is believed; `closed`: its connection is gone, so the phone is found again when it registers anew."""
    is_closed = binding.state is BindingState.LIVE and not binding.connected
    return CLOSED if is_closed else str(binding.state)


def set_by_hand(box: Box, aor: AddressOfRecord, uri: str, q: float | None = None) -> Binding:
    """A static binding."""
    now = box.clock.now()
    return Binding(
        box.location.new_id(), aor, uri, "", None, 0, None, q=q, registered_at=now, seen_at=now,
        state=BindingState.STATIC,
    )  # fmt: skip


def with_preference(binding: Binding, q: float | None) -> Binding:
    """The same place with another preference: for the store, before the one in use has it."""
    changed = binding.copy()
    changed.q = q
    return changed


async def add(box: Box, user: str, contact: str, static: bool = False, q: str | float | None = None) -> Answer:
    """A place for a device that cannot register."""
    if not static:
        raise VerbError("Only static bindings are added by hand; say --static.")
    account = box.account(user)
    uri, preference = checked_place(contact), None if q is None else checked_q(q)
    there = next((other for other in box.location.latest(account.aor) if other.contact == uri), None)
    if there is not None and (there.state is not BindingState.STATIC or there.q == preference):
        raise VerbError("The account {user!r} has the binding {uri} already.", user=user, uri=uri)
    binding = set_by_hand(box, account.aor, uri, preference) if there is None else with_preference(there, preference)
    await box.records.change(bound=[binding])
    if there is None:
        box.location.add(binding)
    else:
        there.q = preference
    return {"user": user, "contact": uri}


async def remove(box: Box, user: str, contact: str) -> Answer:
    """Takes a binding away."""
    account = box.account(user)
    found = [binding for binding in box.location.every(account.aor) if binding.contact == contact]
    if not found:
        raise NotThere("The account {user!r} has no binding {contact}.", user=user, contact=contact)
    await box.take_away(found)
    return {"user": user, "contact": contact}
