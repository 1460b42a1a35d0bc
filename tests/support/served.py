"""An endpoint on real sockets of the loopback, and a phone that is a bare one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from frontdesk.core import Core
from frontdesk.endpoint import Endpoint
from frontdesk.listeners import Listener
from frontdesk.model import Commit, Settings
from frontdesk.sip.wire import Flow
from tests.support.bare_core import BareCore
from tests.support.registering import REALM

PATIENCE = 5.0


def options(branch: str = "z9hG4bK1", body: str = "", host: str = "127.0.0.1") -> bytes:
    return (
        f"OPTIONS sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/UDP {host};branch={branch};rport\r\nMax-Forwards: 70\r\n"
        f"From: <sip:a@{REALM}>;tag=1\r\nTo: <sip:{REALM}>\r\nCall-ID: 1@a\r\nCSeq: 1 OPTIONS\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


class Disk:
    """A journal that never writes: nothing here registers."""

    def submit(self, *commits: Commit) -> None:
        raise AssertionError(f"{commits} were to be written")


@asynccontextmanager
async def serving(
    *hosts: str, transport: str = "udp", limit: int = 1000, core: Core | None = None
) -> AsyncIterator[Endpoint]:
    endpoint = Endpoint(core or BareCore(Settings(max_connections=limit)).core, Disk())
    await endpoint.listen([Listener(transport, host, 0) for host in hosts or ("127.0.0.1",)])
    try:
        yield endpoint
    finally:
        await endpoint.close()


def port_of(endpoint: Endpoint, number: int = 0) -> int:
    return int(endpoint.listeners[number].rpartition(":")[2])


def run(case: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(PATIENCE):
            await case()

    asyncio.run(limited())


@asynccontextmanager
async def phone_of(endpoint: Endpoint) -> AsyncIterator[tuple[socket.socket, Flow]]:
    """A phone's socket, and its flow as the box sees it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.setblocking(False)
        phone.connect(("127.0.0.1", port_of(endpoint)))
        yield phone, Flow("udp", ("127.0.0.1", port_of(endpoint)), phone.getsockname())


async def answers(phone: socket.socket, count: int) -> list[bytes]:
    """The status of each of the next answers."""
    loop = asyncio.get_running_loop()
    return [(await loop.sock_recv(phone, 65_535))[8:11] for _ in range(count)]


async def ask(data: bytes, address: tuple[str, int]) -> bytes:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as phone:
        phone.setblocking(False)
        phone.connect(address)
        phone.send(data)
        return await asyncio.get_running_loop().sock_recv(phone, 65_535)
