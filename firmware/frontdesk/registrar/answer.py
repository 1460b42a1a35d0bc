"""The 200 to a REGISTER and the story of what it did (RFC 3261 section 10.3 step 8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil

from ..events import TAKEN_FOR_ONE, Event, Kind, Wording
from ..model import Binding, Sentence, Settings
from ..sip.message import Request
from ..sip.wire import Flow
from .outbound import outbound_headers
from .registration import Registration

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def answer_headers(
    registration: Registration, request: Request, flow: Flow, settings: Settings, now: float, wall_offset: float | None
) -> list[tuple[str, str]]:
    """All bindings with the seconds they have left, the Path echoed (RFC 3327 section 5.3), what is said of a flow
    (RFC 5626), Date once the clock is set."""
    headers = [("contact", contact_value(binding, settings, now)) for binding in registration.bindings]
    headers += [("path", value) for value in request.lines("path")]
    headers += outbound_headers(registration.own, request, flow)
    if wall_offset is not None:
        headers.append(("date", sip_date(int(now + wall_offset))))
    return headers


def contact_value(binding: Binding, settings: Settings, now: float) -> str:
    """One binding as a Contact value; a static one has the longest interval that there is.

    Rounded first: (now + granted) - now may come out a hair above what was granted.
    """
    left = settings.max_expires if binding.expires_at is None else max(0, ceil(round(binding.expires_at - now, 3)))
    return f"<{binding.contact}>{binding.parameters};expires={left}"


@lru_cache(maxsize=2)
def sip_date(wall: int) -> str:
    """Seconds since 1970 as a SIP-date (section 20.17)."""
    at = datetime.fromtimestamp(wall, UTC)
    return f"{_DAYS[at.weekday()]}, {at.day:02} {_MONTHS[at.month - 1]} {at:%Y %H:%M:%S} GMT"


_STORY = {
    "add": (Kind.REGISTERED, Wording("registered {contact} ({device})"), ""),
    "move": (Kind.MOVED, Wording("moved to {contact} ({device})"), ""),
    "return": (Kind.MOVED, Wording("moved back to {contact} ({device}): two phones are taken for one"), TAKEN_FOR_ONE),
    "remove": (Kind.UNREGISTERED, Wording("unregistered {contact} ({device})"), ""),
    "replace": (Kind.REPLACED, Wording("made room for a newer device: {contact} ({device})"), ""),
}
_NAMELESS = Sentence("no name")


def story(registration: Registration, now: float) -> Iterator[Event]:
    """One event for each binding that was added, moved or removed; a refresh tells nothing."""
    for what, binding in registration.told:
        yield told(what, binding, registration.username, now)


def told(what: str, binding: Binding, username: str, now: float) -> Event:
    """That a binding was added, moved, removed or replaced."""
    kind, wording, rule = _STORY[what]
    words = binding.contact, binding.user_agent or _NAMELESS
    return Event(now, kind, username, wording, words, binding.flow or "", rule)
