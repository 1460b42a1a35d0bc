"""What happened, as typed events in a bounded ring in memory for each account: console, page and log tell the story
from them."""

from .event import MAX_HOSTS, TAKEN_FOR_ONE, Event, Kind, Wording
from .event_log import RING, EventLog
from .incoming import DISABLED, ELSEWHERE, NO_PHONE, NO_SIPS, ONLY_SIPS, UNREACHED, Incoming, about_scheme

__all__ = [
    "DISABLED", "ELSEWHERE", "MAX_HOSTS", "NO_PHONE", "NO_SIPS", "ONLY_SIPS", "RING", "TAKEN_FOR_ONE", "UNREACHED",
    "Event", "EventLog", "Incoming", "Kind", "Wording", "about_scheme",
]  # fmt: skip
