"""The endpoint: the only driver of the core. Transports, journal and one timer meet here.

What was read goes into the core, at most a turn's worth at once; then `settle` does what the core wishes and arms the
timer. Datagrams that can't be worked on in one turn wait in the inbox (overload.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Protocol

from . import RELEASED
from .core import Core
from .events import Event, Kind, Wording
from .listeners import Listener
from .model import Commit
from .overload import Inbox, rank, refusal
from .sip.errors import ParseError, Rule, SipError, TransportError
from .sip.wire import Destination, Flow, HostPort, Send, Target, hostport
from .transport.deliveries import Deliveries
from .transport.listening import Listening
from .transport.resolver import numeric
from .transport.tcp import Connections
from .transport.tls import Contexts, rule_of, why
from .transport.udp import Datagram

AT_ONCE = 16
"""Tickets answered as they are heard of: more may take a slow board too long."""
TURN = 64
"""Datagrams worked on before timers, connections and the journal's word get their turn."""
TURN_TIME = 0.005
"""Seconds after which a turn ends early: at 20,000 datagrams a second a buffer of 208 KiB is full after 10 ms."""
SLEPT = 1.0
"""Seconds that a timer is late where the computer has slept: its clock stood still then, deadlines did not."""

boottime = partial(time.clock_gettime, time.CLOCK_BOOTTIME)
"""Seconds since boot, suspension included: what all deadlines are measured on."""

_log = logging.getLogger("frontdesk.endpoint")


class Journal(Protocol):
    """Puts commits on disk and calls `Endpoint.committed` on the loop."""

    def submit(self, *commits: Commit) -> None: ...


class Endpoint:
    """Sockets outside, the core inside."""

    def __init__(self, core: Core, journal: Journal, contexts: Contexts | None = None) -> None:
        """`contexts`: for TLS."""
        self._core = core
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._turn_is_due = False
        self._refused = 0
        self._words: deque[tuple[list[int], Exception | None]] = deque()
        self._connections = Connections(self, lambda: core.settings.max_connections, contexts)
        self._listening = Listening(core.directory, self._connections, self.arrived, self.unreached)
        self._udp = self._listening.udp
        self._timer: asyncio.Handle | None = None
        self._timer_at = 0.0
        self._deliveries = Deliveries(self)
        self.waiting = Inbox()
        """Datagrams that have not had their turn."""
        self.listeners = self._listening.names

    async def listen(self, listeners: Iterable[Listener]) -> None:
        """See `Listening.listen`."""
        await self._listening.listen(listeners)

    async def close(self) -> None:
        """Stops listening and forgets what was still to be sent."""
        if self._timer is not None:
            self._timer.cancel()
        self._listening.close()
        self._deliveries.close()
        self._connections.close()
        await asyncio.sleep(0)

    # -- in ------------------------------------------------------------------------------------------------------------

    def arrived(self, datagrams: list[Datagram]) -> None:
        """All that a socket held. Nearly always worked on at once: the way through the inbox takes 3 us more."""
        if len(datagrams) <= TURN and not (self._turn_is_due or self._refused or self._core.is_backed_up):
            datagrams = self._work_on(datagrams)
            self.settle()
        if datagrams:
            self._admit(datagrams)

    def _work_on(self, datagrams: list[Datagram]) -> list[Datagram]:
        """As many as a turn's time is enough for; gives the others back.

        Kind by kind, so that each finds its code in the processor's cache: a tenth of a call's time, 16 at once.
        """
        end = boottime() + TURN_TIME
        if len(datagrams) > 1:
            datagrams.sort(key=rank)
        for number, (data, flow) in enumerate(datagrams):
            now = boottime()
            if now > end:
                return datagrams[number:]
            self.received(data, flow, now)
        return []

    def _admit(self, datagrams: list[Datagram]) -> None:
        """They wait for a turn, or are refused."""
        now = boottime()
        for data, flow in datagrams:
            if not self.waiting.admit(data, flow, now, registrations=not self._core.is_backed_up):
                self._refuse(data, flow, now)
        self._come_back()

    def _come_back(self) -> None:
        if not self._turn_is_due:
            self._turn_is_due = True
            self._loop.call_soon(self._take_turn)

    def _take_turn(self) -> None:
        """Works on what waits, until the turn is over."""
        self._turn_is_due = False
        began = now = boottime()
        for _ in range(TURN):
            waiting = self.waiting.take(now) if now < began + TURN_TIME else None
            if waiting is None:
                break
            if waiting.overdue:
                self._refuse(waiting.data, waiting.flow, now)
            else:
                self.received(waiting.data, waiting.flow, now)
            now = boottime()
        if self.waiting:
            self._come_back()
        elif self._refused and not self._core.is_backed_up:
            self._tell(now, Wording("{n} requests were answered 503 in an overload that is over"), self._refused)
            self._refused = 0
        self.settle()

    def _refuse(self, data: bytes, flow: Flow, now: float) -> None:
        if not self._refused:
            self._tell(now, Wording("more requests than the box can carry: new ones are answered 503 until it can"))
        self._refused += 1
        self.waiting.refused_at = now
        if answer := refusal(data, flow):
            with contextlib.suppress(TransportError):
                self.send_over(*answer)

    def _tell(self, now: float, wording: Wording, *words: object) -> None:
        self._core.events.add(Event(now, Kind.WARNING, "", wording, words, rule="overload"))

    def received(self, data: bytes, flow: Flow, now: float | None = None) -> None:
        """A datagram, or one message of a stream. Whatever it holds, the box goes on. `now`: the time, if it is at
        hand."""
        try:
            if len(data) <= 4 and not data.strip(b"\r\n\0"):
                return  # a keep-alive (RFC 5626 section 4.4.1; some phones send zeros)
            self._core.read(data, flow, boottime() if now is None else now)
        except Exception:
            _log.exception("a message from %s could not be dealt with", flow.source)

    def broken(self, error: ParseError, flow: Flow) -> None:
        """What came is no SIP message; its sender is told if there is a way back."""
        self._core.refuse(error, flow, boottime())

    def unreached(self, data: bytes) -> None:
        """ICMP says that a datagram which begins with these bytes can't arrive."""
        self._core.unreached(data, boottime())
        self.settle()

    def closed(self, flow: Flow) -> None:
        """A connection is gone."""
        self._deliveries.closed(flow)
        self._core.flow_closed(flow, boottime())

    def handshake_failed(self, flow: Flow, error: Exception) -> None:
        """TLS has not come about: told where an admin can do something about it."""
        if rule := rule_of(error):
            self._refused_tls(rule, why(error), flow.remote[0] if rule is Rule.TURNED_AWAY else flow)

    def _refused_tls(self, rule: Rule, why: str, origin: Flow | str) -> None:
        self._core.events.add(Event(boottime(), Kind.REFUSED, "", Wording("no TLS for '{why}'"), (why,), origin, rule))
        self.settle()

    def is_bound(self, flow: Flow) -> bool:
        """Whether a binding lives on that flow."""
        return bool(self._core.location.at(flow))

    def committed(self, tickets: list[int], error: Exception | None) -> None:
        """The journal's word on these tickets. After a slow sync they are many: some at a time, in their order."""
        self._words.append((tickets, error))
        if len(self._words) == 1:
            self._hear()

    def _hear(self) -> None:
        tickets, error = self._words.popleft()
        for ticket in tickets[:AT_ONCE]:
            self._hear_of(ticket, error)
        if later := tickets[AT_ONCE:]:
            self._words.appendleft((later, error))
        if self._words:
            self._loop.call_soon(self._hear)
        self.settle()

    def _hear_of(self, ticket: int, error: Exception | None) -> None:
        """Whatever becomes of one, the others are heard of: an address-of-record waits for each of its tickets."""
        try:
            if error is None:
                self._core.committed(ticket, boottime())
            else:
                self._core.commit_failed(ticket, error, boottime())
        except Exception:
            _log.exception("what waited for the disk could not be dealt with")

    # -- out -----------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Does what the core wishes, then arms the timer."""
        wall, now = time.time(), boottime()
        self._core.wall_offset = wall - now if wall >= RELEASED else None
        while actions := self._core.take_actions():
            commits: list[Commit] = []
            for action in actions:
                if isinstance(action, Send):
                    self._send(action)
                elif isinstance(action, Commit):
                    commits.append(action)
                else:
                    self._connections.close_flow(action.flow)
            if commits:  # the whole turn's at once: the writer wakes up once, and one sync serves them all
                self._journal.submit(*commits)
        self._core.events.publish()
        self._arm(now)

    def _arm(self, now: float) -> None:
        due = self._core.next_timer()
        if due is None or (self._timer is not None and now - SLEPT < self._timer_at <= max(due, now)):
            return  # an armed timer that is too early finds nothing to do and arms the next
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at, wait, do = max(due, now), due - boottime(), self._handle_timers
        # What is due comes before what the sockets bring next, which might find it late once more.
        self._timer = self._loop.call_later(wait, do) if wait > 0.0 else self._loop.call_soon(do)

    def _handle_timers(self) -> None:
        self._timer = None
        try:
            self._core.handle_timers(boottime())
        except Exception:
            _log.exception("a timer could not be dealt with")
        self.settle()

    def _send(self, send: Send) -> None:
        target = send.target
        try:
            if isinstance(target, Flow):
                self.send_over(send.data, target)
            elif (known := numeric(target)) is not None and known[0] == "udp":
                self._send_datagram(send.data, known[1])
            else:
                self._deliveries.deliver(send, target)
        except Exception as error:  # what else this turn has to send, and to write, goes on
            if not isinstance(error, SipError):
                _log.exception("what was to go to %s could not be sent", target)
            self._core.transport_failed(send.key, boottime())

    def send_over(self, data: bytes, flow: Flow) -> None:
        """Over a flow that is there. Raises TransportError."""
        if flow.transport != "udp":
            self._connections.send(data, flow)
        elif (udp := self._udp.get(flow.local)) is not None:
            udp.send(data, flow.remote)
        else:  # a flow from before a restart with other addresses
            self._send_datagram(data, flow.remote)

    def _send_datagram(self, data: bytes, remote: HostPort) -> None:
        if remote not in self._udp and self._core.directory.listens_on(remote):
            # To the box itself, which is heard there by TCP alone: a spiral needs no socket.
            self._loop.call_soon(self.arrived, [(data, Flow("udp", remote, remote))])
        else:
            self._listening.towards(remote).send(data, remote)

    # -- ways that take a while --------------------------------------------------------------------------------------

    async def way_to(self, place: Destination) -> tuple[Flow, bool]:
        """The flow there, and whether it is a connection that was open already. Raises TransportError."""
        if place.transport == "udp":
            address = place.host, place.port or 0
            return Flow("udp", self._listening.towards(address).address, address), False
        if place.transport == "tls" and not self._core.directory.secure:  # nobody there could hang up
            self._refused_tls(Rule.TLS_OFF, "listen", f"{hostport((place.host, place.port or 0))}/tls")
            raise TransportError(f"TLS to {place.host}: the box itself is not heard over TLS (`listen`)")
        if place.transport not in ("tcp", "tls"):  # never in the clear instead
            raise TransportError(f"no {place.transport} yet to {place.host}")
        known = self._connections.open_to(place)
        return (known or await self._connections.connect(place)).flow, known is not None

    def is_wanted(self, key: str) -> bool:
        """Whether what is sent with that key is still to go out."""
        return self._core.is_wanted(key)

    def sent_over(self, key: str, target: Target, others: Sequence[Destination] = ()) -> None:
        """It has gone there, and there are others; or it is on the way there once more."""
        self._core.sent_over(key, target, now := boottime(), others)
        self._arm(now)

    def failed(self, key: str) -> None:
        """It has not gone out."""
        self._core.transport_failed(key, boottime())
        self.settle()
