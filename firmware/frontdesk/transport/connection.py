"""A connection: its stream cut into messages, half-sent ones, what it reads and does not (RFC 3261 section 18, RFC 5626
section 4.4.1)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterator
from random import randrange
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from ..sip.errors import ParseError, TransportError
from ..sip.framing import Framing, Reply, Stream
from ..sip.wire import WEB, Flow

if TYPE_CHECKING:
    from .tcp import Connections

HALF_SENT = 30.0
"""Seconds in which a message that has begun must be complete."""
WRITE_BUFFER = 1 << 20
"""Bytes that may wait for a phone that does not read; more closes the connection."""
STRANGERS_BUFFER = 1 << 17
"""The same for a connection without a binding: 1,000 of them fill no memory with what they ask and do not read."""
UNREAD = 1 << 14
"""Bytes of answers that wait for a stranger: until he reads them, nothing more of his is read."""
READ = 8192
"""Bytes of one connection that are read before others get their turn (asyncio alone would read 256 KiB)."""
_BUFFER = memoryview(bytearray(READ))
_connection_ids = itertools.count(randrange(1, 1 << 38))
"""Of 5 bytes. They begin anywhere: a call's token keeps one, and after a restart it must not mean somebody else."""


class Driver(Protocol):
    """Whom connections tell."""

    def received(self, data: bytes, flow: Flow) -> None: ...

    def broken(self, error: ParseError, flow: Flow) -> None:
        """The stream can't be read any further."""

    def closed(self, flow: Flow) -> None: ...

    def handshake_failed(self, flow: Flow, error: Exception) -> None:
        """A connection has not come about: one of the two does not trust the other, or they have no TLS in common."""

    def settle(self) -> None: ...

    def is_bound(self, flow: Flow) -> bool:
        """Whether a binding lives on that flow."""


class Connection(asyncio.BufferedProtocol):
    """One connection, accepted or opened."""

    name = ""
    """Whose certificate the other end has shown; over TCP, and where it was not asked for any, nobody's."""

    def __init__(self, connections: Connections, transport: str = "tcp") -> None:
        self._connections = connections
        self._framing = framing_of(transport)()
        self._half_sent: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._frames: Iterator[bytes] = iter(())
        self._is_behind = self._is_unread = False
        self.flow = Flow(transport, ("", 0), ("", 0), next(_connection_ids))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(UNREAD)
        local, remote = transport.get_extra_info("sockname")[:2], transport.get_extra_info("peername")[:2]
        self.flow = self.flow._replace(local=local, remote=remote)
        self._connections.opened(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _BUFFER  # of all connections: what is read into it is taken out at once

    def buffer_updated(self, nbytes: int) -> None:
        self._connections.active(self)
        self.take(bytes(_BUFFER[:nbytes]))

    def take(self, data: bytes) -> None:
        """The stream goes on with these bytes."""
        self._frames = self._framing.feed(data)
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
        if self._framing.is_over:
            self.close()
        return is_all

    def _receive(self, end: float) -> bool:
        replies, is_all = [], True
        for frame in self._frames:
            if isinstance(frame, Reply):
                replies.append(frame)
            else:
                self._complete()
                self._connections.driver.received(frame, self.flow)
            if self._framing.pending and monotonic() > end:
                is_all = False
                break
        self._reply(replies)
        return is_all

    def _reply(self, replies: list[Reply]) -> None:
        # All at once: a stream of nothing but pings would keep the loop busy with writes of two bytes.
        if data := b"".join(replies):
            with contextlib.suppress(TransportError):
                self._write(data)

    def _watch_half_sent(self) -> None:
        if not self._framing.pending:
            self._complete()
        elif self._half_sent is None:
            self._half_sent = asyncio.get_running_loop().call_later(HALF_SENT, self.close)

    def _complete(self) -> None:
        """The message that had begun is here; the next one has its own time."""
        if self._half_sent is not None:
            self._half_sent.cancel()
            self._half_sent = None

    def write(self, data: bytes) -> None:
        """Sends a message; a peer that does not read what it gets is cut off. Raises TransportError."""
        self._write(self._framing.frame(data))

    def _write(self, data: bytes) -> None:
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
        if self._transport is not None and not self._transport.is_closing():
            if goodbye := self._framing.goodbye():
                self._transport.write(goodbye)
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


def framing_of(transport: str) -> type[Framing]:
    """What is spoken over it. WebSockets' is imported where there are any: it takes 50 ms and 2 MB."""
    if transport not in WEB:
        return Stream
    from .websocket import WebSocket

    return WebSocket
