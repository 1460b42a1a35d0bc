"""SIP over TCP, TLS and WebSockets: where connections come from, their limit and their turns (RFC 3261 section 18)."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections import deque
from collections.abc import Callable, Collection
from functools import partial
from time import monotonic
from typing import Any

from ..accepting import ListeningSocket
from ..sip.errors import TransportError
from ..sip.wire import SECURE, Destination, Flow, HostPort
from .connection import Connection, Driver, framing_of
from .interfaces import is_own
from .tls import GOODBYE, Contexts, Handshake, SecureConnection, why

CONNECT = 10.0
"""Seconds until a connection that can't be opened is given up."""
BACKLOG = 128
"""Connections accepted in one turn of the loop, and waiting for the next."""
ON_THE_WAY = 4 * BACKLOG
"""Files that a burst may hold beyond the limit, for each listener: asyncio needs four turns from accept to close."""
TURN_TIME = 0.005
"""Seconds in which all connections are worked on before datagrams, timers and the journal's word get their turn."""
KEEP_ALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 15_000),
)
"""A phone that is gone without a word is found out within 75 s, or 15 s (in milliseconds) after something was sent to
it (tcp(7), RFC 5482): else each call to it would be silence until Timer B."""


class Turns:
    """Connections that share the time of a turn, which lasts for as many rounds of the loop as it takes to spend it.
    Then who brings more waits for the next round, behind those that wait already; each has an equal part of it."""

    def __init__(self) -> None:
        self._left = TURN_TIME
        self._waiting: deque[Connection] = deque()
        """Paused until all that they have brought is worked on; empty while time is left."""

    def serve(self, connection: Connection) -> bool:
        """Works on what it has brought while there is time; whether that was all. Else it is to wait."""
        return self._left > 0 and self._work(connection)

    def wait(self, connection: Connection) -> None:
        """What `serve` has left goes on in the next rounds."""
        connection.fall_behind()
        self._waiting.append(connection)

    def _work(self, connection: Connection) -> bool:
        now, left = monotonic(), self._left
        self._left = 0.0  # an error ends the turn, and the connection; the others go on
        try:
            is_all = connection.work(now + left / (1 + len(self._waiting)))
            self._left = now + left - monotonic()
        except Exception:
            connection.abort()
            raise
        finally:
            if self._left <= 0:
                asyncio.get_running_loop().call_soon(self._take_turn)
        return is_all

    def _take_turn(self) -> None:
        self._left = TURN_TIME
        while self._waiting and self._left > 0:
            connection = self._waiting.popleft()
            if not self.serve(connection):
                self._waiting.append(connection)


class Connections:
    """All open connections, the least recently active first."""

    def __init__(self, driver: Driver, limit: Callable[[], int], contexts: Contexts | None = None) -> None:
        """`contexts`: for TLS; without them there is none."""
        self.driver = driver
        self.contexts = contexts or Contexts(_no_tls, _no_tls)
        self._limit = limit
        self._open: dict[int, Connection] = {}
        self._opening: dict[Destination, asyncio.Task[Connection]] = {}
        self._handshakes: dict[Handshake, None] = {}
        """Those that shake hands, or wait for a hello or for their turn, the oldest first."""
        self.pace = asyncio.Lock()
        """Held by the one whose hello is answered."""
        self._turns, self._phones_turns = Turns(), Turns()
        self._servers: dict[tuple[str, HostPort], asyncio.Server] = {}

    def __len__(self) -> int:
        return len(self._open) + len(self._handshakes)

    async def listen(self, transport: str, address: HostPort) -> HostPort:
        """Accepts connections, "tcp", "tls", "ws" or "wss"; returns the address with its real port. Raises OSError."""
        if (transport, address) in self._servers:
            return address
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        if address[1] not in (port for _, (_, port) in self._servers):
            _look_whether_free(family, address)
        framing_of(transport)  # imported before anybody connects
        # The box itself may listen at all addresses of a port and at one of them, until the one or the other is closed.
        made = partial(Handshake if transport in SECURE else Connection, self, transport)
        server = await asyncio.get_running_loop().create_server(
            made, sock=_bound(family, address), backlog=BACKLOG
        )
        _keep_alive(server.sockets[0])  # what it accepts inherits that
        bound: HostPort = server.sockets[0].getsockname()[:2]
        self._servers[transport, bound] = server
        return bound

    def stop_all_but(self, ends: Collection[tuple[str, HostPort]]) -> None:
        """Accepts no more elsewhere, by (transport, address); connections that are open stay so."""
        for end in [end for end in self._servers if end not in ends]:
            self._servers.pop(end).close()

    def abort_cut_off(self) -> None:
        """Those of an address that the machine has no more: nothing comes over them."""
        for connection in list(self._open.values()):
            if not is_own(connection.flow.local[0]):
                connection.abort()

    def open_to(self, place: Destination) -> Connection | None:
        """The open connection to that address; over TLS one that the box has opened, and whose other end has shown to
        be who that place is (RFC 5923 section 9.1)."""
        name, remote = _name(place), _address(place)
        for each in self._open.values():
            if each.flow.remote == remote and each.flow.transport == place.transport and each.name == name:
                return each
        return None

    async def connect(self, place: Destination) -> Connection:
        """A new connection to that address, one for all who ask while it is being opened. Raises TransportError."""
        opening = self._opening.get(place)
        if opening is None:
            opening = self._opening[place] = asyncio.get_running_loop().create_task(self._connect(place))
            opening.add_done_callback(lambda _: self._opening.pop(place, None))
        try:
            return await asyncio.shield(opening)  # who no longer waits for it leaves it to the others
        finally:
            del opening  # it holds the error whose frames would hold it

    async def _connect(self, place: Destination) -> Connection:
        made = SecureConnection(self, name=_name(place)) if place.transport == "tls" else Connection(self)
        try:
            async with asyncio.timeout(CONNECT):
                how = await self._handshake(made.name)
                line, _ = await asyncio.get_running_loop().create_connection(lambda: made, *_address(place), **how)
                _keep_alive(line.get_extra_info("socket"))
        except (OSError, ValueError, TimeoutError) as error:
            error.__traceback__ = None  # as in a `Handshake`: its frames hold what holds it
            self.handshake_failed(made.flow._replace(remote=_address(place)), error)
            transport, host, port = made.flow.transport.upper(), place.host, place.port
            raise TransportError(f"{transport} to {host}:{port}: {why(error)}") from error
        return made

    async def _handshake(self, name: str) -> dict[str, Any]:
        """How asyncio is to do it."""
        if not name:
            return {}
        return {"ssl": await self.contexts.client(), "server_hostname": name, "ssl_shutdown_timeout": GOODBYE}

    def send(self, data: bytes, flow: Flow) -> None:
        """Sends over an open connection. Raises TransportError."""
        connection = self._open.get(flow.connection)
        if connection is None or connection.flow != flow:
            raise TransportError(f"the connection to {flow.remote[0]}:{flow.remote[1]} is closed")
        connection.write(data)

    def close_flow(self, flow: Flow) -> None:
        """Closes one; nothing happens where it is closed already."""
        connection = self._open.get(flow.connection)
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Closes all."""
        self.stop_all_but(())
        for opening in list(self._opening.values()):
            opening.cancel()
        for handshake in list(self._handshakes):
            handshake.abort()
        for connection in list(self._open.values()):
            connection.close()

    # -- what connections tell -----------------------------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """Takes a new one in."""
        self._open[connection.flow.connection] = connection
        self._make_room(connection)

    def handshake_begun(self, handshake: Handshake) -> None:
        """Somebody has connected who is to speak TLS."""
        self._handshakes[handshake] = None
        self._make_room(handshake)

    def _make_room(self, newest: Connection | Handshake) -> None:
        """At the limit the handshake that has taken the longest goes, then the longest idle connection without a
        binding, then the new one."""
        if len(self) <= self._limit():
            return
        oldest = next((each for each in self._handshakes if each is not newest), None)
        if oldest is not None:
            oldest.abort()
            return
        idle = next((each for each in self._open.values() if not self.driver.is_bound(each.flow)), newest)
        idle.abort()
        if isinstance(idle, Connection):
            self.lost(idle)  # asyncio tells so only later; until then the next one would choose the same

    def handshake_over(self, handshake: Handshake) -> None:
        """Well or not."""
        self._handshakes.pop(handshake, None)

    def handshake_failed(self, flow: Flow, error: Exception) -> None:
        """The driver is told what went wrong, where that is more than a line that broke."""
        if isinstance(error, ssl.SSLError):
            self.driver.handshake_failed(flow, error)

    def serve(self, connection: Connection) -> None:
        """Works on what it has brought, or lets that wait. All share one time; where it is used up phones with a
        binding have as much again, and wait for nobody else."""
        if self._turns.serve(connection):
            return
        if not self.driver.is_bound(connection.flow):
            self._turns.wait(connection)
        elif not self._phones_turns.serve(connection):
            self._phones_turns.wait(connection)

    def active(self, connection: Connection) -> None:
        """It has brought bytes: it is the last to go."""
        if self._open.pop(connection.flow.connection, None) is not None:
            self._open[connection.flow.connection] = connection

    def lost(self, connection: Connection) -> None:
        """It is closed."""
        if self._open.pop(connection.flow.connection, None) is not None:
            self.driver.closed(connection.flow)
            self.driver.settle()


def _look_whether_free(family: socket.AddressFamily, address: HostPort) -> None:
    """Raises OSError where somebody else listens: two whose ports may be reused would share the connections."""
    _bound(family, address, reuse=False).close()


def _bound(family: socket.AddressFamily, address: HostPort, *, reuse: bool = True) -> ListeningSocket:
    """`reuse`: beside another one of the box. Raises OSError."""
    line = ListeningSocket(family, socket.SOCK_STREAM)
    try:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        line.bind(address)
    except OSError:
        line.close()
        raise
    return line


def _no_tls() -> ssl.SSLContext:
    raise OSError(errno.EPROTONOSUPPORT, os.strerror(errno.EPROTONOSUPPORT))


def _address(place: Destination) -> HostPort:
    return place.host, place.port or 0


def _name(place: Destination) -> str:
    """Whose certificate the other end is to show, without a final dot (RFC 6066 section 3); over TCP nobody's."""
    return (place.name or place.host).removesuffix(".") if place.transport == "tls" else ""


def _keep_alive(line: socket.socket) -> None:
    for option in KEEP_ALIVE:
        line.setsockopt(*option)
