"""Client-initiated connections: which flows count, and what the 200 says of one (RFC 5626 section 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..model import Binding
from ..sip.address import Address
from ..sip.errors import Rejection
from ..sip.message import Request
from ..sip.wire import Flow
from .contact import Contact

TAG = "outbound"
FLOW_TIMER = 120
"""Seconds between two looks of a phone at its connection: one to a box that has lost its power is found dead then, and
not with the next REGISTER. Over UDP a phone looks every 24 to 29 s by itself, as its router needs (section 4.4.2)."""


def counts(request: Request) -> bool:
    """Whether its phone means its reg-id: several flows of one phone are then several bindings."""
    return bool(request.first("path")) or supports(request)


def supports(request: Request) -> bool:
    """Whether its phone says that it has outbound."""
    return TAG in (tag.lower() for tag in request.values("supported"))


def check(request: Request, contacts: Sequence[Contact]) -> None:
    """One flow leads to one device, so a reg-id that counts stands in the only Contact, beside those that go. Raises
    Rejection."""
    if len(contacts) > 1 and counts(request) and any(each.instance and each.reg_id for each in contacts):
        raise Rejection(400, "A reg-id Needs A REGISTER Of Its Own")


def outbound_headers(own: Iterable[Binding], request: Request, flow: Flow) -> list[tuple[str, str]]:
    """For the 200 to a REGISTER that `own` are of: that a flow is registered, and how often it is to be looked at."""
    if not supports(request) or not any(each.instance and each.reg_id for each in own):
        return []
    if request.has_one_via:
        timer = [("flow-timer", str(FLOW_TIMER))] if flow.reliable else []
        return [("require", TAG), *timer]
    path = request.values("path")
    return [("require", TAG)] if path and "ob" in Address.parse(path[0]).uri.parameters else []
