"""Connections on real sockets: their limit, half-sent messages, peers that do not read, and whose turn it is."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import socket
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager

import pytest

from frontdesk.sip.errors import ParseError, TransportError
from frontdesk.sip.wire import Flow, HostPort
from frontdesk.transport import tcp
from frontdesk.transport.tcp import Connection, Connections

PATIENCE = 5.0
MESSAGE = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"


class _Driver:
    """Keeps what it is told; sends `answer` for each message."""

    def __init__(self) -> None:
        self.connections: Connections | None = None
        self.frames: list[bytes] = []
        self.heard: list[Flow] = []
        self.now = self.effort = 0.0
        """The clock, and how far each message moves it."""
        self.failing: Flow | None = None
        self.gone: list[Flow] = []
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

    def settle(self) -> None:
        self.turns.append(len(self.frames))

    def is_bound(self, flow: Flow) -> bool:
        return self.bound


@asynccontextmanager
async def listening(driver: _Driver, limit: int = 1000) -> AsyncIterator[HostPort]:
    driver.connections = Connections(driver, lambda: limit)
    address = await driver.connections.listen(("127.0.0.1", 0))
    try:
        yield address
    finally:
        driver.connections.close()
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - whatever the loop still has to do; PATIENCE ends it
        await asyncio.sleep(0)


def run(case: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(PATIENCE):
            await case()

    asyncio.run(limited())


def test_a_burst_of_connections_does_not_pass_the_limit() -> None:
    async def case() -> None:
        driver = _Driver()
        async with listening(driver, limit=3) as address, AsyncExitStack() as phones:
            for _ in range(40):
                phone = phones.enter_context(socket.socket())
                phone.connect(address)
            await until(lambda: len(driver.gone) == 37)
            assert len(driver.open) == 3

    run(case)


def test_a_connection_that_is_open_is_used_again() -> None:
    async def case() -> None:
        driver = _Driver()
        async with listening(driver) as address:
            assert driver.connections is not None
            first = await driver.connections.connect(address)
            assert await driver.connections.connect(address) is first

    run(case)


def test_number_of_a_connection_that_is_gone_leads_to_nobody_else() -> None:
    """A call's token keeps it over a restart."""

    async def case() -> None:
        driver = _Driver()
        async with listening(driver) as address:
            assert driver.connections is not None
            there = (await driver.connections.connect(address)).flow
            before = there._replace(remote=("192.0.2.7", 40_000))
            with pytest.raises(TransportError, match="is closed"):
                driver.connections.send(b"for somebody else", before)

    run(case)


def test_where_all_others_have_bindings_the_new_one_goes() -> None:
    async def case() -> None:
        driver = _Driver()
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
        driver = _Driver()
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
            assert armed.count(tcp.HALF_SENT) == 3

    run(case)


@pytest.mark.parametrize(("bound", "most"), [(False, tcp.STRANGERS_BUFFER), (True, tcp.WRITE_BUFFER)])
def test_a_peer_that_does_not_read_is_cut_off(bound: bool, most: int) -> None:
    async def case() -> None:
        driver = _Driver()
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
        driver = _Driver()
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
                assert max(driver.waiting) < tcp.STRANGERS_BUFFER

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
    driver = _Driver()
    connection, transport = Connection(Connections(driver, lambda: 1)), _Transport()
    connection.connection_made(transport)
    for bound in (True, False):
        driver.bound = bound
        connection.pause_writing()
        assert transport.is_paused is not bound
    connection.fall_behind()
    connection.resume_writing()
    waits = transport.is_paused
    assert waits and connection.work(0.0) and not transport.is_paused


class _Transport(asyncio.Transport):
    is_paused = False

    def __init__(self) -> None:
        super().__init__({"sockname": ("192.0.2.1", 5060), "peername": ("192.0.2.9", 40000)})

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == tcp.UNREAD

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


def test_nothing_of_a_connection_waits_for_the_garbage_collector() -> None:
    async def case() -> None:
        driver = _Driver()
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
        driver = _Driver()
        async with listening(driver) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(b"\r\n\r\n" * 1000)
            assert await reader.readexactly(2000) == b"\r\n" * 1000
            writer.close()

    run(case)


def test_others_get_their_turn_however_much_one_connection_sends() -> None:
    async def case() -> None:
        driver = _Driver()
        async with listening(driver) as address:
            _, writer = await asyncio.open_connection(*address)
            writer.write(MESSAGE * 2000)
            await until(lambda: len(driver.frames) == 2000)
            turns = zip([0, *driver.turns], driver.turns, strict=False)
            assert max(after - before for before, after in turns) <= tcp.READ // len(MESSAGE) + 1
            writer.close()

    run(case)


AT_ONCE = 5
"""Messages in a turn's time."""
PIPELINED = 40
"""Messages that a stranger sends in one piece."""


@asynccontextmanager
async def flooded(
    monkeypatch: pytest.MonkeyPatch, strangers: int = 20
) -> AsyncIterator[tuple[_Driver, list[socket.socket]]]:
    """Strangers have sent more than a turn has time for."""
    driver = _Driver()
    driver.effort = tcp.TURN_TIME / AT_ONCE
    monkeypatch.setattr(tcp, "monotonic", lambda: driver.now)
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


def test_phone_with_a_binding_does_not_wait_behind_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    async def case() -> None:
        async with flooded(monkeypatch) as (driver, _):
            await until(lambda: len(driver.frames) > 5 * PIPELINED)
            phone = Connection(driver.open[0]._connections)
            driver.is_bound = lambda flow: flow == phone.flow  # type: ignore[method-assign]
            phone.connection_made(_Transport())
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
