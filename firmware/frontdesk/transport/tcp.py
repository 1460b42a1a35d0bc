"""SIP over TCP: connections, their limit, and half-sent messages (RFC 3261 section 18, RFC 5626 section 4.4.1)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import socket
from collections.abc import Callable, Collection
from typing import Protocol

from ..sip.errors import ParseError, TransportError
from ..sip.framing import KeepAlive, StreamReader
from ..sip.wire import Flow, HostPort

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
"""Bytes of one connection that are worked on before others get their turn (asyncio alone would read 256 KiB)."""
_BUFFER = bytearray(READ)
_connection_ids = itertools.count(1)


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
        self._read(bytes(_BUFFER[:nbytes]))

    def _read(self, data: bytes) -> None:
        self._connections.active(self)
        pings = 0
        try:
            for frame in self._reader.feed(data):
                if frame is KeepAlive.PING:
                    pings += 1
                elif isinstance(frame, bytes):
                    self._complete()
                    self._connections.driver.received(frame, self.flow)
        except ParseError as error:
            self._connections.driver.broken(error, self.flow)
            self._connections.driver.settle()
            self.close()
            return
        self._answer(pings)
        self._watch_half_sent()
        self._connections.driver.settle()

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
        if self._transport is not None and not self._connections.driver.is_bound(self.flow):
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
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


class Connections:
    """All open connections, the least recently active first."""

    def __init__(self, driver: Driver, limit: Callable[[], int]) -> None:
        self.driver = driver
        self._limit = limit
        self._open: dict[int, Connection] = {}
        self._servers: dict[HostPort, asyncio.Server] = {}

    def __len__(self) -> int:
        return len(self._open)

    async def listen(self, address: HostPort) -> HostPort:
        """Accepts connections; returns the address with its real port. Raises OSError."""
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self), address[0], address[1], family=family, backlog=BACKLOG
        )
        if not server.sockets:  # asyncio passes over a family that the kernel does not have
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        bound: HostPort = server.sockets[0].getsockname()[:2]
        self._servers[bound] = server
        return bound

    def stop_all_but(self, addresses: Collection[HostPort]) -> None:
        """Accepts no more elsewhere; connections that are open stay so."""
        for address in [address for address in self._servers if address not in addresses]:
            self._servers.pop(address).close()

    async def connect(self, remote: HostPort) -> Connection:
        """The open connection to that address, or a new one. Raises TransportError."""
        for connection in self._open.values():
            if connection.flow.remote == remote:
                return connection
        try:
            async with asyncio.timeout(CONNECT):
                _, made = await asyncio.get_running_loop().create_connection(lambda: Connection(self), *remote)
        except (OSError, TimeoutError) as error:
            raise TransportError(f"TCP to {remote[0]}:{remote[1]}: {error or 'no answer'}") from error
        return made

    def send(self, data: bytes, flow: Flow) -> None:
        """Sends over an open connection. Raises TransportError."""
        connection = self._open.get(flow.connection)
        if connection is None:
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

    def active(self, connection: Connection) -> None:
        """It has brought bytes: it is the last to go."""
        if self._open.pop(connection.flow.connection, None) is not None:
            self._open[connection.flow.connection] = connection

    def lost(self, connection: Connection) -> None:
        """It is closed."""
        if self._open.pop(connection.flow.connection, None) is not None:
            self.driver.closed(connection.flow)
            self.driver.settle()
