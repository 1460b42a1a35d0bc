"""SIP over TCP: connections, their limit, turns, half-sent messages (RFC 3261 section 18, RFC 5626 section 4.4.1)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import socket
from collections import deque
from collections.abc import Callable, Collection, Iterator
from random import randrange
from time import monotonic
from typing import Protocol

from ..sip.errors import ParseError, TransportError
from ..sip.framing import KeepAlive, StreamReader
from ..sip.wire import Flow, HostPort
from .interfaces import is_own

HALF_SENT = 30.0
"""Seconds in which a message that has begun must be complete."""
CONNECT = 10.0
"""Seconds until a connection that can't be opened is given up."""
WRITE_BUFFER = 1 << 20
"""Bytes that may wait for a phone that does not read; more closes the connection."""
STRANGERS_BUFFER = 1 << 17
"""The same for a connection without a binding: 1,000 of them fill no memory with what they ask and do not read."""
UNREAD = 1 << 14
"""Bytes of answers that wait for a stranger: until he reads them, nothing more of his is read."""
BACKLOG = 128
"""Connections accepted in one turn of the loop, and waiting for the next."""
ON_THE_WAY = 4 * BACKLOG
"""Files that a burst may hold beyond the limit, for each listener: asyncio needs four turns from accept to close."""
READ = 8192
"""Bytes of one connection that are read before others get their turn (asyncio alone would read 256 KiB)."""
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
_BUFFER = bytearray(READ)
_connection_ids = itertools.count(randrange(1, 1 << 38))
"""Of 5 bytes. They begin anywhere: a call's token keeps one, and after a restart it must not mean somebody else."""


class Driver(Protocol):
    """Whom connections tell."""

    def received(self, data: bytes, flow: Flow) -> None: ...

    def broken(self, error: ParseError, flow: Flow) -> None:
        """The stream can't be read any further."""

    def closed(self, flow: Flow) -> None: ...

    def settle(self) -> None: ...

    def is_bound(self, flow: Flow) -> bool:
        """Whether a binding lives on that flow."""


class Connection(asyncio.BufferedProtocol):
    """One connection, accepted or opened."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._reader = StreamReader()
        self._half_sent: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._frames: Iterator[bytes | KeepAlive] = iter(())
        self._is_behind = self._is_unread = False
        self.flow = Flow("tcp", ("", 0), ("", 0), next(_connection_ids))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(UNREAD)
        local, remote = transport.get_extra_info("sockname")[:2], transport.get_extra_info("peername")[:2]
        self.flow = Flow("tcp", local, remote, self.flow.connection)
        self._connections.opened(self)

    def get_buffer(self, sizehint: int) -> bytearray:
        return _BUFFER  # of all connections: what is read into it is taken out at once

    def buffer_updated(self, nbytes: int) -> None:
        self._connections.active(self)
        self._frames = self._reader.feed(bytes(_BUFFER[:nbytes]))
        self._connections.serve(self)

    def fall_behind(self) -> None:
        """What was read waits for its turn."""
        self._is_behind = True
        self._read_or_pause()

    def work(self, end: float) -> bool:
        """Works on what was read, until `end`; whether that was all."""
        if self._transport is None or self._transport.is_closing():
            return True
        try:
            is_all = self._receive(end)
        except ParseError as error:
            self._connections.driver.broken(error, self.flow)
            self._connections.driver.settle()
            self.close()
            return True
        if is_all:
            self._watch_half_sent()
        if is_all and self._is_behind:
            self._is_behind = False
            self._read_or_pause()
        self._connections.driver.settle()
        return is_all

    def _receive(self, end: float) -> bool:
        pings, is_all = 0, True
        for frame in self._frames:
            if frame is KeepAlive.PING:
                pings += 1
            elif isinstance(frame, bytes):
                self._complete()
                self._connections.driver.received(frame, self.flow)
            if self._reader.pending and monotonic() > end:
                is_all = False
                break
        self._answer(pings)
        return is_all

    def _answer(self, pings: int) -> None:
        # All at once: a stream of nothing but pings would keep the loop busy with writes of two bytes.
        if pings:
            with contextlib.suppress(TransportError):
                self.write(KeepAlive.PONG.value * pings)

    def _watch_half_sent(self) -> None:
        if not self._reader.pending:
            self._complete()
        elif self._half_sent is None:
            self._half_sent = asyncio.get_running_loop().call_later(HALF_SENT, self.close)

    def _complete(self) -> None:
        """The message that had begun is here; the next one has its own time."""
        if self._half_sent is not None:
            self._half_sent.cancel()
            self._half_sent = None

    def write(self, data: bytes) -> None:
        """Sends; a peer that does not read what it gets is cut off."""
        if self._transport is None or self._transport.is_closing():
            raise TransportError("the connection is closed")
        self._transport.write(data)
        waiting = self._transport.get_write_buffer_size()
        if waiting > STRANGERS_BUFFER and (waiting > WRITE_BUFFER or not self._connections.driver.is_bound(self.flow)):
            self._transport.abort()

    def pause_writing(self) -> None:
        self._is_unread = not self._connections.driver.is_bound(self.flow)
        self._read_or_pause()

    def resume_writing(self) -> None:
        self._is_unread = False
        self._read_or_pause()

    def _read_or_pause(self) -> None:
        """Nothing more is read while something waits here, of what was asked or of the answers."""
        if self._transport is None:
            return
        if self._is_behind or self._is_unread:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def close(self) -> None:
        """Closes after what is written has gone."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Closes at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._half_sent is not None:
            self._half_sent.cancel()
        self._connections.lost(self)
        # asyncio's transport holds a method of its own: a cycle, which would stay until the collector looks at it.
        transport, self._transport = self._transport, None
        if transport is not None:
            vars(transport).pop("_read_ready_cb", None)


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

    def __init__(self, driver: Driver, limit: Callable[[], int]) -> None:
        self.driver = driver
        self._limit = limit
        self._open: dict[int, Connection] = {}
        self._opening: dict[HostPort, asyncio.Task[Connection]] = {}
        self._turns, self._phones_turns = Turns(), Turns()
        self._servers: dict[HostPort, asyncio.Server] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def listen(self, address: HostPort) -> HostPort:
        """Accepts connections; returns the address with its real port. Raises OSError."""
        if address in self._servers:
            return address
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        if address[1] not in (port for _, port in self._servers):
            _look_whether_free(family, address)
        # The box itself may listen at all addresses of a port and at one of them, until the one or the other is closed.
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self), address[0], address[1], family=family, backlog=BACKLOG, reuse_port=True
        )
        if not server.sockets:  # asyncio passes over a family that the kernel does not have
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        _keep_alive(server.sockets[0])  # what it accepts inherits that
        bound: HostPort = server.sockets[0].getsockname()[:2]
        self._servers[bound] = server
        return bound

    def stop_all_but(self, addresses: Collection[HostPort]) -> None:
        """Accepts no more elsewhere; connections that are open stay so."""
        for address in [address for address in self._servers if address not in addresses]:
            self._servers.pop(address).close()

    def abort_cut_off(self) -> None:
        """Those of an address that the machine has no more: nothing comes over them."""
        for connection in list(self._open.values()):
            if not is_own(connection.flow.local[0]):
                connection.abort()

    def open_to(self, remote: HostPort) -> Connection | None:
        """The open connection to that address."""
        return next((each for each in self._open.values() if each.flow.remote == remote), None)

    async def connect(self, remote: HostPort) -> Connection:
        """A new connection to that address, one for all who ask while it is being opened. Raises TransportError."""
        opening = self._opening.get(remote)
        if opening is None:
            opening = self._opening[remote] = asyncio.get_running_loop().create_task(self._connect(remote))
            opening.add_done_callback(lambda _: self._opening.pop(remote, None))
        return await asyncio.shield(opening)  # who no longer waits for it leaves it to the others

    async def _connect(self, remote: HostPort) -> Connection:
        try:
            async with asyncio.timeout(CONNECT):
                line, made = await asyncio.get_running_loop().create_connection(lambda: Connection(self), *remote)
                _keep_alive(line.get_extra_info("socket"))
        except (OSError, TimeoutError) as error:
            raise TransportError(f"TCP to {remote[0]}:{remote[1]}: {error or 'no answer'}") from error
        return made

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
        for connection in list(self._open.values()):
            connection.close()

    # -- what connections tell -----------------------------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """Takes a new one in; at the limit the longest idle one without a binding goes (else the new one)."""
        self._open[connection.flow.connection] = connection
        if len(self._open) > self._limit():
            idle = self._idle(connection)
            idle.abort()
            self.lost(idle)  # asyncio tells so only later; until then the next one would choose the same

    def _idle(self, newest: Connection) -> Connection:
        return next((each for each in self._open.values() if not self.driver.is_bound(each.flow)), newest)

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
    with socket.socket(family, socket.SOCK_STREAM) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            line.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        line.bind(address)


def _keep_alive(line: socket.socket) -> None:
    for option in KEEP_ALIVE:
        line.setsockopt(*option)
