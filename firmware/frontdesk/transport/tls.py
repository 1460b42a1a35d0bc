"""SIP over TLS: handshakes, and whom they show to be whom (RFC 3261 section 26.2, RFC 5922)."""

from __future__ import annotations

import asyncio
import asyncio.sslproto
import ssl
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from ..sip.errors import Rule
from .connection import READ, UNREAD, Connection

if TYPE_CHECKING:
    from .tcp import Connections

HANDSHAKE = 10.0
"""Seconds that a handshake may take."""
PACE = 0.01
"""Seconds from one handshake to the next: each takes 0.7 ms of a fast processor and several of a small board's, and
calls go on while strangers shake hands (2,000 phones are through after 20 s)."""
GOODBYE = 2.0
"""Seconds in which the other end is to confirm that a connection is closed."""
FRESH = 60.0
"""Seconds for which a context is used before somebody looks whether its certificate is still the right one."""
DISTRUST = frozenset({
    "TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_CERTIFICATE_UNKNOWN", "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED", "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
})  # fmt: skip
"""What a phone says that does not trust the box's certificate, as OpenSSL names it (RFC 8446 section 6.2)."""
TOO_OLD = frozenset({"UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW", "NO_SHARED_CIPHER"})

# A buffer of its own for each connection: asyncio makes it 256 KiB.
asyncio.sslproto.SSLProtocol.max_size = READ


class Contexts:
    """The contexts of handshakes. They are made in a thread: a new certificate takes its time."""

    def __init__(self, server: Callable[[], ssl.SSLContext], client: Callable[[], ssl.SSLContext]) -> None:
        """What makes one for connections that are accepted, and for those that are opened; both raise OSError or
        ValueError."""
        self._make_server, self._make_client = server, client
        self._server: tuple[ssl.SSLContext, float] | None = None

    async def server(self) -> ssl.SSLContext:
        """One whose certificate is good now. Raises OSError, ValueError."""
        if self._server is None or monotonic() > self._server[1]:
            self._server = await asyncio.to_thread(self._make_server), monotonic() + FRESH
        return self._server[0]

    async def client(self) -> ssl.SSLContext:
        """One that trusts whom the box trusts now. Raises OSError, ValueError."""
        return await asyncio.to_thread(self._make_client)


class SecureConnection(Connection):
    """One whose handshake is done, or is being done by asyncio."""

    transport = "tls"

    def __init__(self, connections: Connections, name: str = "") -> None:
        """`name`: whose certificate the other end has shown, where the box has opened it."""
        super().__init__(connections)
        self.name = name
        self._early = b""
        """What came with the end of the handshake, before the loop has told that this is over: one or two buffers."""

    def buffer_updated(self, nbytes: int) -> None:
        if self._transport is None:
            self._early += bytes(self.get_buffer(nbytes)[:nbytes])
        else:
            super().buffer_updated(nbytes)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # What waits to be decrypted while nobody reads it: asyncio lets it be 256 KiB.
        transport.set_read_buffer_limits(UNREAD)  # type: ignore[attr-defined]
        super().connection_made(transport)
        if self._early:
            early, self._early = self._early, b""
            self.take(early)


class Greeting(asyncio.Protocol):
    """An accepted connection until its handshake is over."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._task: asyncio.Task[None] | None = None
        self._line: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()  # until there is a context
        transport.set_write_buffer_limits(UNREAD)
        self._line = transport
        self._task = asyncio.get_running_loop().create_task(self._shake_hands(transport))
        self._connections.greeting(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.abort()

    def abort(self) -> None:
        """Nobody waits for it any longer."""
        if self._task is not None:
            self._task.cancel()

    async def _shake_hands(self, line: asyncio.Transport) -> None:
        made = SecureConnection(self._connections)
        remote = line.get_extra_info("peername")[:2]
        flow = made.flow._replace(local=line.get_extra_info("sockname")[:2], remote=remote)
        try:
            async with self._connections.pace:
                await asyncio.sleep(PACE)
            context = await self._connections.contexts.server()
            secure = await asyncio.get_running_loop().start_tls(
                line, made, context, server_side=True, ssl_handshake_timeout=HANDSHAKE, ssl_shutdown_timeout=GOODBYE
            )
            self._connections.greeted(self)
            if secure is not None and not secure.is_closing():
                made.connection_made(secure)
        except (OSError, ValueError) as error:
            line.abort()
            self._connections.handshake_failed(flow, error)
        except asyncio.CancelledError:
            line.abort()
        finally:
            self._connections.greeted(self)


def rule_of(error: Exception) -> Rule | None:
    """What an admin may want to know of a handshake that has failed; None: nothing, as of a scan's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Rule.UNTRUSTED_PEER
    reason = getattr(error, "reason", "")
    if reason in DISTRUST:
        return Rule.UNTRUSTED
    return Rule.OLD_TLS if reason in TOO_OLD else None


def why(error: Exception) -> str:
    """For people, without where in OpenSSL it was found."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (getattr(error, "reason", "") or str(error) or "no answer").replace("_", " ").lower()
