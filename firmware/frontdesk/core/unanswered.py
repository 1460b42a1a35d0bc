"""Who calls and never shows a password: nearly always a PBX that is not trusted yet, of which nobody would hear."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

from ..events import Event, Kind, Wording
from ..sip.errors import Rule
from ..sip.timers import Deadlines
from ..sip.wire import Flow

PATIENCE = 10.0
"""Seconds that a caller has to answer a challenge."""
MOST = 32
"""Hosts that are looked at at a time."""


class Unanswered:
    """Hosts of the local network that were challenged. Strangers from outside are none: a scan has thousands."""

    def __init__(self, deadlines: Deadlines, emit: Callable[[Event], None]) -> None:
        self._deadlines = deadlines
        self._emit = emit
        self._since: dict[str, tuple[float, Flow | None]] = {}
        """Host -> when it was challenged, and where; None once it has answered. It stays until the patience is over: a
        late copy of what was challenged, as some networks make, finds that there was an answer."""
        self._armed = False

    def challenged(self, flow: Flow, now: float) -> None:
        """An INVITE without credentials came from there."""
        host = flow.remote[0]
        if host in self._since or len(self._since) >= MOST or not _is_local(host):
            return
        self._since[host] = now, flow
        if not self._armed:
            self._armed = True
            self._deadlines.set(now + PATIENCE, self._look)

    def answered(self, flow: Flow) -> None:
        """A request with credentials came from there, or one that is refused for a reason of its own."""
        if self._since and (waiting := self._since.get(flow.remote[0])):
            self._since[flow.remote[0]] = waiting[0], None

    def _look(self, now: float) -> None:
        self._armed = False
        for host, (since, flow) in list(self._since.items()):
            if now - since >= PATIENCE:
                del self._since[host]
                if flow is not None:
                    wording = Wording("INVITE refused: no credentials from {host}")
                    self._emit(Event(now, Kind.REFUSED, "", wording, (host,), flow, Rule.NEVER_ANSWERED))
        if self._since:
            self._armed = True
            self._deadlines.set(now + PATIENCE, self._look)


@lru_cache(256)
def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return False
