"""SIP over TLS: handshakes, and whom they show to be whom (RFC 3261 section 26.2, RFC 5922)."""

from __future__ import annotations

import asyncio
import asyncio.constants
import asyncio.sslproto
import contextlib
import ssl
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from ..sip.errors import ParseError, Rule
from ..sip.wire import Flow
from .connection import READ, UNREAD, Connection

if TYPE_CHECKING:
    from .tcp import Connections

HANDSHAKE = 10.0
"""Seconds that a handshake may take."""
HELLO = 0x16
"""The first byte of a handshake (RFC 8446 section 5.1)."""
LONGEST_HELLO = READ
GOODBYE = 2.0
"""Seconds in which the other end is to confirm that a connection is closed."""
AT_ONCE = 5.0
"""Seconds in which a phone closes that does not like the box's certificate."""
FRESH = 60.0
"""Seconds for which a context is used before somebody looks whether its certificate is still the right one."""
AGAIN = 10.0
"""Seconds after which a certificate that could not be had is asked for once more."""
DISTRUST = frozenset({
    "TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_CERTIFICATE_UNKNOWN", "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED", "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
})  # fmt: skip
"""What a phone says that does not trust the box's certificate, as OpenSSL names it (RFC 8446 section 6.2)."""
TOO_OLD = frozenset({"UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW", "NO_SHARED_CIPHER"})

# A buffer of its own for each connection: asyncio makes it 256 KiB.
asyncio.sslproto.SSLProtocol.max_size = READ
# An answer to who has closed is lost without a word, as over TCP: asyncio would log each, and a stranger may ask for
# thousands.
asyncio.constants.LOG_THRESHOLD_FOR_CONNLOST_WRITES = 1 << 62  # type: ignore[misc]


class TurnedAway(ssl.SSLError):
    """The other end has seen the box's certificate, and closed without a word. pjsip looks at one only when the
    handshake is over, and sends no alert."""

    reason = "CLOSED_WITHOUT_A_WORD"


class Contexts:
    """The contexts of handshakes. They are made in a thread: a new certificate takes its time."""

    def __init__(self, server: Callable[[], ssl.SSLContext], client: Callable[[], ssl.SSLContext]) -> None:
        """What makes one for connections that are accepted, and for those that are opened; both raise OSError or
        ValueError."""
        self._make_server, self._make_client = server, client
        self._server: ssl.SSLContext | None = None
        self._fault: Exception | None = None
        self._until = 0.0

    async def server(self) -> ssl.SSLContext:
        """One whose certificate is good now. Raises OSError, ValueError; then it is tried again only after a while,
        since a process is started for it."""
        if monotonic() >= self._until:
            try:
                self._server, self._fault = await asyncio.to_thread(self._make_server), None
                self._until = monotonic() + FRESH
            except (OSError, ValueError) as error:
                self._fault, self._until = error, monotonic() + AGAIN
        if self._fault is not None or self._server is None:
            raise OSError(str(self._fault)) from self._fault
        return self._server

    async def client(self) -> ssl.SSLContext:
        """One that trusts whom the box trusts now. Raises OSError, ValueError."""
        return await asyncio.to_thread(self._make_client)


class SecureConnection(Connection):
    """One whose handshake is done, or is being done by asyncio."""

    def __init__(self, connections: Connections, transport: str = "tls", name: str = "") -> None:
        """`name`: whose certificate the other end has shown, where the box has opened it."""
        super().__init__(connections, transport)
        self.name = name
        self._silent_until = 0.0
        """Until when closing without a word is turning away; 0.0: it has spoken, or the box has closed it."""
        self._early = b""
        """What came with the end of the handshake, before the loop has told that this is over: one or two buffers."""

    def buffer_updated(self, nbytes: int) -> None:
        if self._transport is None:
            self._early += bytes(self.get_buffer(nbytes)[:nbytes])
        else:
            super().buffer_updated(nbytes)

    def take(self, data: bytes) -> None:
        self._silent_until = 0.0
        super().take(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self.name and self.flow.transport == "tls":  # a browser may open one for later, and says what it minds
            self._silent_until = monotonic() + AT_ONCE
        # What waits to be decrypted while nobody reads it: asyncio lets it be 256 KiB.
        transport.set_read_buffer_limits(UNREAD)  # type: ignore[attr-defined]
        super().connection_made(transport)
        if self._early:
            early, self._early = self._early, b""
            self.take(early)

    def close(self) -> None:
        self._silent_until = 0.0
        super().close()

    def abort(self) -> None:
        self._silent_until = 0.0
        super().abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if monotonic() < self._silent_until:
            self._connections.handshake_failed(self.flow, TurnedAway())
        super().connection_lost(exc)

    def hear_last_words(self, flow: Flow) -> None:
        """It has closed as soon as its handshake was done: what it has said with that, a BYE perhaps, counts."""
        self.flow = flow
        if not self._early and flow.transport == "tls":
            self._connections.handshake_failed(flow, TurnedAway())
        self._frames = self._framing.feed(self._early)
        with contextlib.suppress(ParseError):
            self._receive(inf)
        self._connections.driver.settle()


class Handshake(asyncio.Protocol):
    """An accepted connection until its handshake is over.

    Until somebody has said hello it costs nothing, and nothing is decided. Then it waits for its turn: the answer to a
    hello takes 0.7 ms of a fast processor and several of a small board's, and calls go on while strangers shake hands.
    """

    def __init__(self, connections: Connections, transport: str) -> None:
        """`transport`: what is spoken once the handshake is over."""
        self._connections = connections
        self._transport = transport
        self._hello = b""
        self._task: asyncio.Task[None] | None = None
        self._line: asyncio.Transport | None = None
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(UNREAD)
        self._line = transport
        self._patience = asyncio.get_running_loop().call_later(HANDSHAKE, self.abort)
        self._connections.handshake_begun(self)

    def data_received(self, data: bytes) -> None:
        assert self._line is not None
        self._hello += data
        if self._hello[0] != HELLO or len(self._hello) > LONGEST_HELLO:
            self.abort()
        elif self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._shake_hands(self._line))

    def connection_lost(self, exc: Exception | None) -> None:
        self.abort()

    def abort(self) -> None:
        """It has come to nothing, or nobody waits for it any longer."""
        if self._task is not None:
            self._task.cancel()
        if self._line is not None:
            self._line.abort()
        self._done()

    def _done(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._task = None
        self._connections.handshake_over(self)

    async def _shake_hands(self, line: asyncio.Transport) -> None:
        made = SecureConnection(self._connections, self._transport)
        remote = line.get_extra_info("peername")[:2]
        flow = made.flow._replace(local=line.get_extra_info("sockname")[:2], remote=remote)
        try:
            context = await self._connections.contexts.server()
            async with self._connections.pace:
                shaking, spent = await self._answer(line, made, context)
                await asyncio.sleep(spent)  # half of the time is for everything else
            secure = await shaking
            self._done()
            if secure is None or secure.is_closing():
                made.hear_last_words(flow)
            else:
                made.connection_made(secure)
        except (OSError, ValueError) as error:
            # Its frames hold asyncio's future, and that holds it: 50 kB each, which a stranger can ask for without end
            # before the collector looks (`process.settle_memory`).
            error.__traceback__ = None
            self.abort()
            self._connections.handshake_failed(flow, error)

    async def _answer(
        self, line: asyncio.Transport, made: SecureConnection, context: ssl.SSLContext
    ) -> tuple[asyncio.Task[asyncio.Transport | None], float]:
        """asyncio goes on with the connection, and is given the hello; how long its answer took."""
        loop = asyncio.get_running_loop()
        how = {"server_side": True, "ssl_handshake_timeout": HANDSHAKE, "ssl_shutdown_timeout": GOODBYE}
        shaking = loop.create_task(loop.start_tls(line, made, context, **how))  # type: ignore[arg-type]
        await asyncio.sleep(0)  # it takes the connection over
        await asyncio.sleep(0)  # and knows so
        reader = line.get_protocol()
        began = monotonic()
        if isinstance(reader, asyncio.BufferedProtocol) and not shaking.done():
            memoryview(reader.get_buffer(len(self._hello)))[: len(self._hello)] = self._hello
            reader.buffer_updated(len(self._hello))
        return shaking, monotonic() - began


def rule_of(error: Exception) -> Rule | None:
    """What an admin may want to know of a handshake that has failed; None: nothing, as of a scan's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Rule.UNTRUSTED_PEER
    if isinstance(error, TurnedAway):
        return Rule.TURNED_AWAY
    reason = getattr(error, "reason", "")
    if reason in DISTRUST:
        return Rule.UNTRUSTED
    return Rule.OLD_TLS if reason in TOO_OLD else None


def why(error: Exception) -> str:
    """For people, without where in OpenSSL it was found."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message.replace("'", "").rstrip(".")
    return (getattr(error, "reason", "") or str(error) or "no answer").replace("_", " ").lower()
