"""Whose turn it is where many connections bring much."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import pytest

from frontdesk.transport import connection, tcp
from frontdesk.transport.connection import READ, Connection
from tests.transport.driver import MESSAGE, Driver, WithoutSocket, listening, run, until


def test_others_get_their_turn_however_much_one_connection_sends() -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver) as address:
            _, writer = await asyncio.open_connection(*address)
            writer.write(MESSAGE * 2000)
            await until(lambda: len(driver.frames) == 2000)
            turns = zip([0, *driver.turns], driver.turns, strict=False)
            assert max(after - before for before, after in turns) <= READ // len(MESSAGE) + 1
            writer.close()

    run(case)


AT_ONCE = 5
"""Messages in a turn's time."""
PIPELINED = 40
"""Messages that a stranger sends in one piece."""


@asynccontextmanager
async def flooded(
    monkeypatch: pytest.MonkeyPatch, strangers: int = 20
) -> AsyncIterator[tuple[Driver, list[socket.socket]]]:
    """Strangers have sent more than a turn has time for."""
    driver = Driver()
    driver.effort = tcp.TURN_TIME / AT_ONCE
    for room in (tcp, connection):
        monkeypatch.setattr(room, "monotonic", lambda: driver.now)
    async with listening(driver) as address:
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.create_connection(address)) for _ in range(strangers)]
            for each in sockets:
                each.sendall(MESSAGE * PIPELINED)
            yield driver, sockets


@pytest.mark.parametrize("strangers", [1, 20])
def test_no_more_is_heard_in_a_turn_than_it_has_time_for_and_of_each_as_much(
    monkeypatch: pytest.MonkeyPatch, strangers: int
) -> None:
    async def case() -> None:
        async with flooded(monkeypatch, strangers) as (driver, _):
            heard = [0]
            while heard[-1] < PIPELINED * strangers:
                await asyncio.sleep(0)
                heard.append(len(driver.frames))
                of_each = [driver.heard.count(each.flow) for each in driver.open]
                assert not of_each or max(of_each) - min(of_each) <= AT_ONCE + 2
            assert max(after - before for before, after in itertools.pairwise(heard)) <= AT_ONCE + 1

    run(case)


def test_who_waits_for_a_turn_is_read_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    async def case() -> None:
        async with flooded(monkeypatch) as (driver, _):
            await until(lambda: len(driver.frames) > 5 * PIPELINED)
            late, transport = Connection(driver.open[0]._connections), WithoutSocket()
            late.connection_made(transport)
            late.get_buffer(0)[: len(MESSAGE)] = MESSAGE
            late.buffer_updated(len(MESSAGE))
            waits = transport.is_paused
            assert waits and late.flow not in driver.heard
            await until(lambda: late.flow in driver.heard)
            assert not transport.is_paused
            late.connection_lost(None)

    run(case)


def test_phone_with_a_binding_does_not_wait_behind_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def case() -> None:
        async with flooded(monkeypatch) as (driver, _):
            await until(lambda: len(driver.frames) > 5 * PIPELINED)
            phone = Connection(driver.open[0]._connections)
            driver.is_bound = lambda flow: flow == phone.flow  # type: ignore[method-assign]
            phone.connection_made(WithoutSocket())
            brought = MESSAGE * (AT_ONCE + 2)
            phone.get_buffer(0)[: len(brought)] = brought
            phone.buffer_updated(len(brought))
            assert driver.heard[-AT_ONCE:] == [phone.flow] * AT_ONCE
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert driver.heard.count(phone.flow) == AT_ONCE + 2 and len(driver.frames) < 20 * PIPELINED
            phone.connection_lost(None)

    run(case)


@pytest.mark.parametrize("ending", ["closes", "closes late", "fails"])
def test_one_that_is_closed_while_it_waits_is_heard_no_more_but_all_others_are(
    monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    async def case() -> None:
        failed: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context["exception"]))
        async with flooded(monkeypatch) as (driver, _):
            await until(lambda: len(driver.frames) > 5 * PIPELINED)
            first, *others = [each.flow for each in driver.open]
            heard = driver.heard.count(first)
            if ending == "fails":
                driver.failing = first
            else:
                transport = driver.open[0]._transport
                assert transport is not None
                transport.write(bytes(1 << 23) if ending == "closes late" else b"")
                transport.close()
            await until(lambda: all(driver.heard.count(each) == PIPELINED for each in others))
            assert driver.heard.count(first) == heard < PIPELINED
            assert driver.gone == [first] * (ending != "closes late") and len(failed) == (ending == "fails")

    run(case)


def test_who_has_waited_is_heard_again_and_the_loop_rests_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[tcp.Turns] = []
    take = tcp.Turns._take_turn

    def take_turn(turn: tcp.Turns) -> None:
        turns.append(turn)
        take(turn)

    monkeypatch.setattr(tcp.Turns, "_take_turn", take_turn)

    async def case() -> None:
        async with flooded(monkeypatch) as (driver, strangers):
            await until(lambda: len(driver.frames) == 20 * PIPELINED)
            await asyncio.sleep(0)
            taken = len(turns)
            for _ in range(10):
                await asyncio.sleep(0)
            assert 0 < taken == len(turns)
            for each in strangers:
                each.sendall(MESSAGE)
            await until(lambda: len(driver.frames) == 20 * (PIPELINED + 1))

    run(case)
