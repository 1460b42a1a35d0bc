"""The core on the wire, with a disk that takes its time: what the endpoint is in the real box."""

from __future__ import annotations

from hashlib import md5
from random import Random

from frontdesk.core import Core, Keys
from frontdesk.directory import Directory
from frontdesk.location import LocationService
from frontdesk.model import Account, Binding, CallRecord, Commit, Secret, Settings
from frontdesk.sip.parser import parse_message
from frontdesk.sip.wire import Flow, HostPort, Send, Target

from .clock import FakeClock
from .wire import Wire

BOX = ("192.0.2.1", 5060)
REALM = "desk.example"
DISK = 0.005
"""Seconds that a commit takes."""


class Box:
    """One Frontdesk at BOX."""

    def __init__(self, clock: FakeClock, wire: Wire, settings: Settings | None = None, seed: int = 0) -> None:
        self.directory = Directory(REALM)
        self.directory.listen(*BOX)
        self.location = LocationService()
        keys = Keys(b"r" * 32, b"p" * 32)
        self.core = Core(self.directory, self.location, settings or Settings(), keys, Random(seed).randbytes)
        self._clock = clock
        self._wire = wire
        self.records: list[CallRecord] = []
        """Of calls that have ended."""
        self._disk: list[tuple[float, int]] = []
        self._connections: dict[HostPort, int] = {}
        wire.attach("box", BOX, self._receive)
        clock.drive(self.core.next_timer, self._handle_timers)
        clock.drive(lambda: self._disk[0][0] if self._disk else None, self._commit)

    def add_account(self, username: str, password: str) -> None:
        """An account with one main secret."""
        ha1 = md5(f"{username}:{REALM}:{password}".encode()).hexdigest()
        self.directory.put(Account(username, f"sip:{username}@{REALM}", secrets=(Secret("", {"MD5": ha1}),)))

    def bindings(self, username: str) -> list[Binding]:
        """The account's committed bindings."""
        return self.location.bindings(f"sip:{username}@{REALM}", self._clock.now)

    def contacts(self, username: str) -> list[str]:
        """Their Contact URIs."""
        return [binding.contact for binding in self.bindings(username)]

    def _receive(self, data: bytes, source: HostPort) -> None:
        transport = self._wire.transport(source)
        connection = 0 if transport == "udp" else self._connections.setdefault(source, len(self._connections) + 1)
        self.core.receive(parse_message(data), Flow(transport, BOX, source, connection), self._clock.now)
        self.act()

    def _handle_timers(self, now: float) -> None:
        self.core.handle_timers(now)
        self.act()

    def _commit(self, now: float) -> None:
        _, ticket = self._disk.pop(0)
        self.core.committed(ticket, now)
        self.act()

    def act(self) -> None:
        """Does what the core wants done."""
        for action in self.core.take_actions():
            if isinstance(action, Send):
                self._wire.post(BOX, _address(action.target), action.data)
            elif isinstance(action, Commit):
                self.records += action.changes.calls
                self._disk.append((self._clock.now + DISK, action.ticket))


def _address(target: Target) -> HostPort:
    return target.remote if isinstance(target, Flow) else (target.host, target.port or 5060)
