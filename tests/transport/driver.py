"""Real sockets whose driver is a test."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from frontdesk.certificates import Names
from frontdesk.sip.errors import ParseError, TransportError
from frontdesk.sip.wire import Flow, HostPort
from frontdesk.transport.connection import UNREAD, Connection
from frontdesk.transport.tcp import Connections
from frontdesk.transport.tls import Contexts

PATIENCE = 5.0
NAMES = Names(frozenset({"box.test"}), frozenset({"127.0.0.1"}))
"""Of the box's certificate."""
MESSAGE = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"


class Driver:
    """Keeps what it is told; sends `answer` for each message."""

    def __init__(self) -> None:
        self.connections: Connections | None = None
        self.frames: list[bytes] = []
        self.heard: list[Flow] = []
        self.now = self.effort = 0.0
        """The clock, and how far each message moves it."""
        self.failing: Flow | None = None
        self.gone: list[Flow] = []
        self.failed: list[Exception] = []
        """Handshakes that came to nothing."""
        self.bound = False
        self.answer = b""
        self.turns: list[int] = []
        """Messages received at the end of each turn."""
        self.waiting: list[int] = []
        """Bytes that the first connection has yet to send, after each answer."""

    @property
    def open(self) -> list[Connection]:
        assert self.connections is not None
        return list(self.connections._open.values())

    def received(self, data: bytes, flow: Flow) -> None:
        if flow == self.failing:
            raise RuntimeError("of this message")
        self.frames.append(data)
        self.heard.append(flow)
        self.now += self.effort
        if self.answer:
            assert self.connections is not None
            with contextlib.suppress(TransportError):
                self.connections.send(self.answer, flow)
            transport = self.open[0]._transport
            self.waiting.append(transport.get_write_buffer_size() if transport else 0)

    def broken(self, error: ParseError, flow: Flow) -> None:
        raise AssertionError(error)

    def closed(self, flow: Flow) -> None:
        self.gone.append(flow)

    def handshake_failed(self, flow: Flow, error: Exception) -> None:
        self.failed.append(error)

    def settle(self) -> None:
        self.turns.append(len(self.frames))

    def is_bound(self, flow: Flow) -> bool:
        return self.bound


@asynccontextmanager
async def listening(
    driver: Driver, limit: int = 1000, transport: str = "tcp", contexts: Contexts | None = None
) -> AsyncIterator[HostPort]:
    driver.connections = Connections(driver, lambda: limit, contexts)
    address = await driver.connections.listen(transport, ("127.0.0.1", 0))
    try:
        yield address
    finally:
        driver.connections.close()
        await asyncio.sleep(0)


def server(made: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made / "box.crt", made / "box.key")
    return context


def client(made: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(made / "ca.crt"))


def contexts(made: Path) -> Contexts:
    return Contexts(lambda: server(made), lambda: client(made))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - whatever the loop still has to do; PATIENCE ends it
        await asyncio.sleep(0)


def run(case: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(PATIENCE):
            await case()

    asyncio.run(limited())


class WithoutSocket(asyncio.Transport):
    is_paused = False

    def __init__(self) -> None:
        super().__init__({"sockname": ("192.0.2.1", 5060), "peername": ("192.0.2.9", 40000)})

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == UNREAD

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False
