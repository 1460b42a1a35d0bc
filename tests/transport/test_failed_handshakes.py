"""What is left of a handshake that came to nothing: a stranger may begin thousands."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from asyncio.sslproto import SSLProtocol
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontdesk.sip.errors import TransportError
from frontdesk.sip.wire import Destination
from frontdesk.transport.tls import Handshake, SecureConnection
from tests.transport.driver import Driver, contexts, listening, run, until

NONSENSE = b"\x16\x03\x01\x00\x04none"
"""A handshake's record with no hello in it."""
BEGUN = b"\x16\x03\x01\x02\x00\x01"
"""The beginning of a long one."""


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Without a garbage collector, which looks seldom at what has lived longer than a moment."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def left(kind: type = object) -> list[object]:
    """Of handshakes, and of that kind."""
    made = Handshake, SSLProtocol, SecureConnection
    return [each for each in gc.get_objects() if isinstance(each, made) and isinstance(each, kind)]


@pytest.mark.usefixtures("uncollected")
def test_one_that_is_none_leaves_nothing(made: Path) -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver, 1000, "tls", contexts(made)) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(NONSENSE)
            with contextlib.suppress(ConnectionError):
                await reader.read()  # an alert, or its end
            await until(lambda: not left())
            writer.close()

    run(case)


@pytest.mark.usefixtures("uncollected")
def test_one_that_is_broken_off_leaves_nothing(made: Path) -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver, 1000, "tls", contexts(made)) as address:
            _, writer = await asyncio.open_connection(*address)
            writer.write(BEGUN)
            await until(lambda: bool(left(SSLProtocol)))
            writer.close()
            await until(lambda: not left())

    run(case)


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("turns", range(6))
def test_one_that_makes_room_leaves_nothing(turns: int, made: Path) -> None:
    """At whatever point it is then."""

    async def case() -> None:
        driver = Driver()
        async with listening(driver, 1, "tls", contexts(made)) as address:
            _, writer = await asyncio.open_connection(*address)
            writer.write(BEGUN)
            assert driver.connections is not None
            await until(driver.connections.pace.locked)
            for _ in range(turns):
                await asyncio.sleep(0)
            _, newer = await asyncio.open_connection(*address)
            newer.close()
            await until(lambda: not left())
            writer.close()

    run(case)


@pytest.mark.usefixtures("uncollected")
def test_one_that_the_box_began_leaves_nothing(made: Path) -> None:
    """Where the other end is not who it should be."""

    async def case() -> None:
        driver = Driver()
        async with listening(driver, 1000, "tls", contexts(made)) as address:
            assert driver.connections is not None
            with pytest.raises(TransportError):
                await driver.connections.connect(Destination(*address, "tls", "other.test"))
            await until(lambda: not left())

    run(case)


@pytest.mark.usefixtures("uncollected")
def test_one_that_the_box_began_and_nobody_answers_leaves_nothing(made: Path) -> None:
    async def case() -> None:
        driver = Driver()
        silent = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with silent, listening(driver, 1000, "tls", contexts(made)):
            host, port = silent.sockets[0].getsockname()
            place = Destination(host, port, "tls", "box.test")
            assert driver.connections is not None
            with pytest.raises(TransportError):
                await driver.connections.connect(place)
            await until(lambda: not left())

    run(case)
