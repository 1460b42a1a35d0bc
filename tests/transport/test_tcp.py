"""Connections on real sockets: their limit, half-sent messages, and peers that do not read."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import weakref
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from frontdesk.sip.errors import TransportError
from frontdesk.sip.wire import Destination
from frontdesk.transport import connection
from frontdesk.transport.connection import Connection
from frontdesk.transport.tcp import Connections
from tests.support.few_files import few_files
from tests.transport.driver import MESSAGE, Driver, WithoutSocket, listening, run, until


def test_a_burst_of_connections_does_not_pass_the_limit() -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver, limit=3) as address, AsyncExitStack() as phones:
            for _ in range(40):
                phone = phones.enter_context(socket.socket())
                phone.connect(address)
            await until(lambda: len(driver.gone) == 37)
            assert len(driver.open) == 3

    run(case)


def test_who_comes_while_there_are_no_files_waits_for_one_and_fills_no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncio.constants.ACCEPT_RETRY_DELAY", 0.05)
    told: list[dict[str, object]] = []

    async def case() -> None:
        driver, loop = Driver(), asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: told.append(context))
        async with listening(driver) as address, AsyncExitStack() as phones:
            phone = phones.enter_context(socket.socket())
            with few_files():
                phone.connect(address)
                await until(lambda: len(told) == 2)
                assert not driver.open
            await until(lambda: len(driver.open) == 1)

    run(case)
    assert 2 <= len(told) < 20 and {str(each["exception"]) for each in told} == {"[Errno 24] Too many open files"}


def test_a_connection_that_is_open_is_used_again() -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver) as address:
            assert driver.connections is not None
            first = await driver.connections.connect(Destination(*address, "tcp"))
            assert driver.connections.open_to(Destination(*address, "tcp")) is first

    run(case)


def test_port_is_there_again_at_once_though_connections_to_it_are_remembered() -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver) as address:
            reader, writer = await asyncio.open_connection(*address)
            await until(lambda: len(driver.open) == 1)
            driver.open[0].close()
            await reader.read()  # The box ends it, so the kernel keeps its port in TIME_WAIT (RFC 9293).
            writer.close()
            await until(lambda: not driver.open)
        again = Connections(Driver(), lambda: 1)
        assert await again.listen("tcp", address) == address
        again.close()

    run(case)


def test_a_connection_that_is_being_opened_is_for_all_who_ask() -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver) as address:
            assert driver.connections is not None
            before, there = len(driver.connections), Destination(*address, "tcp")
            asked = [asyncio.ensure_future(driver.connections.connect(there)) for _ in range(20)]
            await asyncio.sleep(0)
            asked[0].cancel()
            made = await asyncio.gather(*asked[1:])
            assert len(set(map(id, made))) == 1 and len(driver.connections) <= before + 2, "both ends are here"
            assert asked[0].cancelled() and not driver.connections._opening

    run(case)


def test_where_nobody_listens_all_who_ask_hear_of_it() -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver) as address:
            assert driver.connections is not None
            driver.connections.stop_all_but(())
            asked = [driver.connections.connect(Destination(*address, "tcp")) for _ in range(3)]
            heard = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(each) for each in heard] == [TransportError] * 3

    run(case)


def test_number_of_a_connection_that_is_gone_leads_to_nobody_else() -> None:
    """A call's token keeps it over a restart."""

    async def case() -> None:
        driver = Driver()
        async with listening(driver) as address:
            assert driver.connections is not None
            there = (await driver.connections.connect(Destination(*address, "tcp"))).flow
            before = there._replace(remote=("192.0.2.7", 40_000))
            with pytest.raises(TransportError, match="is closed"):
                driver.connections.send(b"for somebody else", before)

    run(case)


def test_where_all_others_have_bindings_the_new_one_goes() -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver, limit=1) as address:
            _, first = await asyncio.open_connection(*address)
            await until(lambda: len(driver.open) == 1)
            kept = driver.open[0]
            driver.is_bound = lambda flow: flow == kept.flow  # type: ignore[method-assign]
            second, writer = await asyncio.open_connection(*address)
            with contextlib.suppress(ConnectionError):
                assert await second.read() == b""
            assert driver.open == [kept]
            first.close()
            writer.close()

    run(case)


def test_each_message_has_its_own_time_to_be_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    armed: list[float] = []

    async def case() -> None:
        driver = Driver()
        async with listening(driver) as address:
            loop = asyncio.get_running_loop()
            later = loop.call_later

            def call_later(delay: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
                armed.append(delay)
                return later(delay, callback)

            monkeypatch.setattr(loop, "call_later", call_later)
            _, writer = await asyncio.open_connection(*address)
            for count in (1, 2, 3):  # never at rest between two messages, and never late with one
                writer.write(MESSAGE[-5:] * (count > 1) + MESSAGE + MESSAGE[:-5])
                await until(lambda count=count: len(driver.frames) == 2 * count - 1)  # type: ignore[misc]
            writer.close()
            await until(lambda: len(driver.gone) == 1)
            assert armed.count(connection.HALF_SENT) == 3

    run(case)


@pytest.mark.parametrize(("bound", "most"), [(False, connection.STRANGERS_BUFFER), (True, connection.WRITE_BUFFER)])
def test_a_peer_that_does_not_read_is_cut_off(bound: bool, most: int) -> None:
    async def case() -> None:
        driver = Driver()
        driver.bound = bound
        driver.answer = bytes(10_000)
        async with listening(driver) as address:
            with socket.socket() as phone:
                phone.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                phone.connect(address)
                phone.setblocking(False)
                while not driver.gone:
                    await asyncio.get_running_loop().sock_sendall(phone, MESSAGE)
                    await asyncio.sleep(0)
                waiting = max(driver.waiting)
                assert most // 2 < waiting <= most

    run(case)


def test_stranger_who_does_not_read_is_heard_no_further_until_he_does() -> None:
    async def case() -> None:
        driver = Driver()
        driver.answer = bytes(200)
        async with listening(driver) as address:
            with socket.socket() as phone:
                phone.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                phone.connect(address)
                phone.setblocking(False)
                sent = await _send_all_that_is_taken(phone)
                heard = len(driver.frames)
                assert heard < sent // len(MESSAGE) and not driver.gone
                while len(driver.frames) < sent // len(MESSAGE):
                    with contextlib.suppress(BlockingIOError):
                        phone.recv(1 << 20)
                    await asyncio.sleep(0)
                assert max(driver.waiting) < connection.STRANGERS_BUFFER

    run(case)


async def _send_all_that_is_taken(phone: socket.socket) -> int:
    """Bytes, until the other end has long taken no more."""
    sent = refused = 0
    while refused < 100:
        try:
            sent += phone.send((MESSAGE * 2)[sent % len(MESSAGE) :][: len(MESSAGE)])
            refused = 0
        except BlockingIOError:
            refused += 1
            await asyncio.sleep(0)
    return sent


def test_phone_with_a_binding_is_heard_while_it_does_not_read() -> None:
    driver = Driver()
    connection, transport = Connection(Connections(driver, lambda: 1)), WithoutSocket()
    connection.connection_made(transport)
    for bound in (True, False):
        driver.bound = bound
        connection.pause_writing()
        assert transport.is_paused is not bound
    connection.fall_behind()
    connection.resume_writing()
    waits = transport.is_paused
    assert waits and connection.work(0.0) and not transport.is_paused


def test_nothing_of_a_connection_waits_for_the_garbage_collector() -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver) as address:
            _, writer = await asyncio.open_connection(*address)
            await until(lambda: len(driver.open) == 1)
            transport = weakref.ref(driver.open[0]._transport)
            writer.close()
            await until(lambda: transport() is None)

    gc.disable()
    try:
        run(case)
    finally:
        gc.enable()


def test_pings_in_one_piece_are_answered_in_one_piece() -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"\r\n\r\n" * 1000)
            assert await reader.readexactly(2000) == b"\r\n" * 1000
            writer.close()

    run(case)
