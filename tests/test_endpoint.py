"""The endpoint on real sockets: whatever comes, the box answers what can be answered and goes on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from frontdesk.endpoint import Endpoint, Listener
from frontdesk.model import Commit, Settings
from frontdesk.transport import tcp
from tests.support.bare_core import BareCore
from tests.support.registering import REALM

PATIENCE = 5.0


def options(branch: str = "z9hG4bK1", body: str = "", host: str = "127.0.0.1") -> bytes:
    return (
        f"OPTIONS sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/UDP {host};branch={branch};rport\r\nMax-Forwards: 70\r\n"
        f"From: <sip:a@{REALM}>;tag=1\r\nTo: <sip:{REALM}>\r\nCall-ID: 1@a\r\nCSeq: 1 OPTIONS\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


class _Disk:
    """A journal that never writes: nothing here registers."""

    def submit(self, commit: Commit) -> None:
        raise AssertionError(f"{commit} was to be written")


@asynccontextmanager
async def serving(*hosts: str, transport: str = "udp", limit: int = 1000) -> AsyncIterator[Endpoint]:
    endpoint = Endpoint(BareCore(Settings(max_connections=limit)).core, _Disk())
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


async def ask(data: bytes, address: tuple[str, int]) -> bytes:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as phone:
        phone.setblocking(False)
        phone.connect(address)
        phone.send(data)
        return await asyncio.get_running_loop().sock_recv(phone, 65_535)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_datagram_is_answered(host: str) -> None:
    async def case() -> None:
        async with serving(host) as endpoint:
            answer = await ask(options(), (host, port_of(endpoint)))
            assert answer.startswith(b"SIP/2.0 200 OK\r\n")

    run(case)


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\r\n\r\n", b"\0\0\0\0", b"\xff" * 100, b"SIP/2.0 200 OK\r\n\r\n", b"REGISTER\r\n\r\n", b"A" * 65_000],
    ids=["empty", "ping", "zeros", "bytes", "stray response", "no version", "large"],
)
def test_garbage_does_not_stop_the_box(garbage: bytes) -> None:
    async def case() -> None:
        async with serving() as endpoint:
            address = ("127.0.0.1", port_of(endpoint))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.sendto(garbage, address)
            assert (await ask(options(), address)).startswith(b"SIP/2.0 200")

    run(case)


def test_what_has_a_via_but_is_no_message_is_answered_400() -> None:
    async def case() -> None:
        async with serving() as endpoint:
            broken = options().replace(b"Content-Length: 0", b"Content-Length: banana")
            answer = await ask(broken, ("127.0.0.1", port_of(endpoint)))
            assert answer.startswith(b"SIP/2.0 400 ") and b"Content-Length" in answer.partition(b"\r\n")[0]

    run(case)


def test_a_listener_that_cannot_be_bound_is_named() -> None:
    async def case() -> None:
        async with serving() as endpoint:
            taken = Listener("udp", "127.0.0.1", port_of(endpoint))
            other = Endpoint(BareCore().core, _Disk())
            with pytest.raises(OSError) as caught:
                await other.listen([taken])
            assert caught.value.filename == f"udp:127.0.0.1:{taken.port}"
            await other.close()

    run(case)


class TestConnections:
    def test_messages_are_cut_out_of_the_stream_and_a_ping_gets_its_pong(self) -> None:
        async def case() -> None:
            async with serving(transport="tcp") as endpoint:
                reader, writer = await asyncio.open_connection("127.0.0.1", port_of(endpoint))
                two = options("z9hG4bK1").replace(b"UDP", b"TCP") + options("z9hG4bK2", "body").replace(b"UDP", b"TCP")
                for piece in (two[:100], two[100:-1], two[-1:]):
                    writer.write(piece)
                    await writer.drain()
                for _ in range(2):
                    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"SIP/2.0 200")
                writer.write(b"\r\n\r\n")
                assert await reader.readexactly(2) == b"\r\n"
                writer.close()

        run(case)

    def test_a_stream_that_is_no_sip_is_answered_where_it_can_be_and_closed(self) -> None:
        async def case() -> None:
            async with serving(transport="tcp") as endpoint:
                reader, writer = await asyncio.open_connection("127.0.0.1", port_of(endpoint))
                writer.write(options().replace(b"Content-Length: 0", b"Content-Length: x").replace(b"UDP", b"TCP"))
                answer = await reader.read()
                assert answer.startswith(b"SIP/2.0 400 ")
                writer.close()

        run(case)

    def test_a_half_sent_message_is_closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tcp, "HALF_SENT", 0.01)

        async def case() -> None:
            async with serving(transport="tcp") as endpoint:
                reader, writer = await asyncio.open_connection("127.0.0.1", port_of(endpoint))
                writer.write(options()[:-3])
                assert await reader.read() == b""
                writer.close()

        run(case)

    def test_at_the_limit_the_longest_idle_one_goes(self) -> None:
        async def case() -> None:
            async with serving(transport="tcp", limit=2) as endpoint:
                port = port_of(endpoint)
                first = await asyncio.open_connection("127.0.0.1", port)
                second = await asyncio.open_connection("127.0.0.1", port)
                for reader, writer in (second, first):  # both accepted; the second is idle for longer now
                    writer.write(b"\r\n\r\n")
                    await reader.readexactly(2)
                third = await asyncio.open_connection("127.0.0.1", port)
                third[1].write(b"\r\n\r\n")
                assert await third[0].readexactly(2) == b"\r\n"
                with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                    await second[0].readexactly(1)
                first[1].write(b"\r\n\r\n")
                assert await first[0].readexactly(2) == b"\r\n"
                for _, writer in (first, second, third):
                    writer.close()

        run(case)
