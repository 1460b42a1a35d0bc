"""Handshakes on real sockets: who is shown what, who is believed, and what a stranger can hold."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from time import monotonic

import pytest

from frontdesk.sip.errors import Rule, TransportError
from frontdesk.sip.wire import Destination, Flow, HostPort
from frontdesk.transport import tls
from frontdesk.transport.connection import UNREAD
from frontdesk.transport.tcp import Connections
from frontdesk.transport.tls import Contexts, SecureConnection, rule_of
from tests.transport.driver import MESSAGE, Driver, WithoutSocket, client, contexts, run, until
from tests.transport.driver import listening as driver_listening


def listening(driver: Driver, made: Path, limit: int = 1000) -> AbstractAsyncContextManager[HostPort]:
    return driver_listening(driver, limit, "tls", contexts(made))


def believe(address: HostPort) -> None:
    """As a phone that does not know the box's CA."""
    with socket.create_connection(address) as line, ssl.create_default_context().wrap_socket(line, server_hostname="x"):
        pass


def shaking(driver: Driver) -> int:
    assert driver.connections is not None
    return len(driver.connections) - len(driver.open)


def test_what_comes_in_pieces_and_what_comes_at_once_are_read_alike(made: Path) -> None:
    """The shared buffer is filled several times where a record is cut by it."""
    many = 700

    async def case() -> None:
        driver = Driver()
        driver.answer = b"SIP/2.0 200 OK\r\n\r\n"
        async with listening(driver, made) as address:
            reader, writer = await asyncio.open_connection(*address, ssl=client(made))
            writer.write(MESSAGE * many)
            assert len(await reader.readexactly(len(driver.answer) * many)) and driver.frames == [MESSAGE] * many
            assert {flow.transport for flow in driver.heard} == {"tls"}
            assert driver.heard[0].remote == writer.get_extra_info("sockname")
            writer.close()
            await until(lambda: len(driver.gone) == 1)

    run(case)


def test_what_comes_with_the_end_of_the_handshake_is_not_lost(made: Path) -> None:
    driver = Driver()

    async def case() -> None:
        driver.connections = Connections(driver, lambda: 1)
        early = SecureConnection(driver.connections)
        for part in (MESSAGE[:9], MESSAGE[9:] + MESSAGE):
            early.get_buffer(len(part))[: len(part)] = part
            early.buffer_updated(len(part))
        assert driver.frames == []
        early.connection_made(WithLimits())
        assert driver.frames == [MESSAGE, MESSAGE]

    run(case)


def test_what_was_said_by_who_closes_at_once_counts(made: Path) -> None:
    """A BYE on the way out, with the end of the handshake (TLS 1.3)."""

    async def case() -> None:
        driver = Driver()
        driver.connections = Connections(driver, lambda: 1)
        there = Flow("tls", ("192.0.2.1", 5061), ("192.0.2.9", 40_000), 7)
        for said, heard in ((MESSAGE + MESSAGE[:9], 1), (MESSAGE + b"nonsense\r\n\r\n", 2)):
            early = SecureConnection(driver.connections)
            early.get_buffer(len(said))[: len(said)] = said
            early.buffer_updated(len(said))
            early.connection_lost(None)
            early.hear_last_words(there)
            assert driver.frames == [MESSAGE] * heard and driver.heard[-1] == there
        assert not driver.open and not driver.failed

    run(case)


class WithLimits(WithoutSocket):
    """One of a connection over TLS."""

    def set_read_buffer_limits(self, high: int) -> None:
        assert high == UNREAD


def ask(address: HostPort, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Hundreds of questions and a FIN; nobody reads the answers."""
    line = context.wrap_socket(socket.create_connection(address), server_hostname="127.0.0.1")
    line.sendall(MESSAGE * 100)
    socket.socket.shutdown(line, socket.SHUT_WR)
    return line


def test_each_who_asks_and_closes_at_once_is_heard(made: Path) -> None:
    async def case() -> None:
        driver = Driver()
        driver.answer = b"SIP/2.0 200 OK\r\n\r\n"
        async with listening(driver, made) as address:
            lines = [await asyncio.to_thread(ask, address, client(made)) for _ in range(5)]
            await until(lambda: not shaking(driver) and not driver.open)
            for line in lines:
                line.close()
            assert len({flow.remote for flow in driver.heard}) == len(lines)

    run(case)


def test_who_says_nothing_counts_as_a_connection_and_the_oldest_makes_room(made: Path) -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver, made, limit=3) as address:
            silent = [await asyncio.open_connection(*address) for _ in range(8)]
            await until(lambda: shaking(driver) == 3)
            for reader, _ in silent[:5]:
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
            reader, writer = await asyncio.open_connection(*address, ssl=client(made))
            await until(lambda: len(driver.open) == 1)
            assert shaking(driver) == 2, "whoever is through has no second place"
            for _, each in [*silent, (reader, writer)]:
                each.close()
            await until(lambda: not shaking(driver) and not driver.open)

    run(case)


def test_who_has_no_place_holds_no_file(made: Path) -> None:
    """One that is sent away in the turn that it has come in, too."""

    async def case() -> None:
        driver = Driver()
        async with listening(driver, made, limit=0) as address:
            for _ in range(5):
                reader, writer = await asyncio.open_connection(*address)
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
                writer.close()
            assert shaking(driver) == 0

    run(case)


def test_hellos_are_answered_one_after_the_other_and_nobodys_who_has_gone(made: Path) -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver, made) as address:
            connections = driver.connections
            assert connections is not None
            await connections.pace.acquire()  # as by one that is being answered
            silent = [await asyncio.open_connection(*address) for _ in range(3)]
            phones = [asyncio.ensure_future(asyncio.open_connection(*address, ssl=client(made))) for _ in range(3)]
            await until(lambda: shaking(driver) == 6)
            for _, writer in silent:
                writer.close()
            phones.pop(1).cancel()
            await until(lambda: sum(bool(each._hello) for each in connections._handshakes) == shaking(driver) == 2)
            for _ in range(100):
                await asyncio.sleep(0)
            assert shaking(driver) == 2 and driver.open == []
            connections.pace.release()
            for _, writer in await asyncio.gather(*phones):
                writer.close()
            await until(lambda: len(driver.gone) == 2 and not shaking(driver))

    run(case)


def test_silent_ones_hold_nobody_up(made: Path) -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver, made) as address:
            silent = [await asyncio.open_connection(*address) for _ in range(50)]
            _, writer = await asyncio.open_connection(*address, ssl=client(made))
            await until(lambda: len(driver.open) == 1)
            for _, each in [*silent, (None, writer)]:
                each.close()

    run(case)


def test_handshake_has_its_time(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "HANDSHAKE", 0.02)

    async def case() -> None:
        driver = Driver()
        async with listening(driver, made) as address:
            reader, writer = await asyncio.open_connection(*address)
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
            await until(lambda: not shaking(driver))
        assert driver.failed == [], "a scan is nobody's mistake"

    run(case)


def test_box_without_a_certificate_closes_and_asks_for_one_later(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    now = [100.0]
    monkeypatch.setattr(tls, "monotonic", lambda: now[0])

    def none() -> ssl.SSLContext:
        asked.append(now[0])
        raise OSError("the disk is full")

    async def case() -> None:
        driver = Driver()
        async with listening(driver, made) as address:
            connections = driver.connections
            assert connections is not None
            connections.contexts = Contexts(none, none)
            for _ in range(3):
                with pytest.raises(OSError):
                    await asyncio.to_thread(believe, address)
            now[0] += tls.AGAIN
            with pytest.raises(OSError):
                await asyncio.to_thread(believe, address)
            await until(lambda: not shaking(driver))
        assert asked == [100.0, 100.0 + tls.AGAIN], "a process is started for each"

    run(case)


def test_connection_that_the_box_opens_is_to_whom_it_wants(made: Path) -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver, made) as address:
            connections = driver.connections
            assert connections is not None
            for name in ("box.test", "127.0.0.1"):
                place = Destination(*address, "tls", name)
                opened = await connections.connect(place)
                assert (opened.name, opened.flow.transport) == (name, "tls")
                assert connections.open_to(place) is opened
            assert connections.open_to(Destination(*address, "tls", "other.test")) is None
            assert connections.open_to(Destination(*address, "tcp")) is None, "whoever asks for TCP gets no other's"
            with pytest.raises(TransportError, match="Hostname mismatch"):
                await connections.connect(Destination(*address, "tls", "other.test"))
            assert [rule_of(error) for error in driver.failed] == [Rule.UNTRUSTED_PEER]

    run(case)


def test_name_with_a_final_dot_is_the_same_name(made: Path) -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver, made) as address:
            assert driver.connections is not None
            opened = await driver.connections.connect(Destination(*address, "tls", "box.test."))
            assert driver.connections.open_to(Destination(*address, "tls", "box.test")) is opened

    run(case)


def test_connection_that_was_accepted_is_nobodys_that_has_a_name(made: Path) -> None:
    """RFC 5923 section 9.1: who has connected has shown no certificate."""

    async def case() -> None:
        driver = Driver()
        async with listening(driver, made) as address:
            assert driver.connections is not None
            _, writer = await asyncio.open_connection(*address, ssl=client(made))
            await until(lambda: len(driver.open) == 1)
            host, port = writer.get_extra_info("sockname")
            assert driver.connections.open_to(Destination(host, port, "tls")) is None
            writer.close()

    run(case)


def test_phone_that_does_not_believe_the_box_is_told_from_a_scan(made: Path) -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver, made) as address:
            with pytest.raises(ssl.SSLCertVerificationError):
                await asyncio.to_thread(believe, address)
            for scan in (b"GET / HTTP/1.0\r\n\r\n", MESSAGE, b"\x16" * 10_000):
                reader, writer = await asyncio.open_connection(*address)
                writer.write(scan)
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
                writer.close()
            await until(lambda: not shaking(driver))
        assert [rule_of(error) for error in driver.failed] == [Rule.UNTRUSTED]

    run(case)


async def opened(driver: Driver, address: HostPort, made: Path) -> asyncio.StreamWriter:
    """A phone shakes hands, and the box has seen it."""
    _, writer = await asyncio.open_connection(*address, ssl=client(made))
    await until(lambda: len(driver.open) == 1)
    return writer


def test_phone_that_closes_without_a_word_does_not_like_the_certificate(made: Path) -> None:
    """pjsip looks at it once the handshake is over, and sends no alert: its FIN may come with the handshake's end."""

    async def case() -> None:
        driver = Driver()
        async with listening(driver, made) as address:
            (await opened(driver, address, made)).close()
            await until(lambda: not driver.open)
            assert driver.connections is not None
            early = SecureConnection(driver.connections)
            early.connection_lost(None)
            early.hear_last_words(Flow("tls", address, ("192.0.2.9", 40_000), 7))
        assert [rule_of(error) for error in driver.failed] == [Rule.TURNED_AWAY] * 2
        assert {tls.why(error) for error in driver.failed} == {"closed without a word"}

    run(case)


def test_nobody_else_who_closes_is_held_to_be_that_phone(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def case() -> None:
        driver = Driver()
        async with listening(driver, made) as address:
            spoken = await opened(driver, address, made)
            spoken.write(MESSAGE)
            await until(lambda: bool(driver.frames))
            spoken.close()
            await until(lambda: not driver.open)
            refused = await opened(driver, address, made)
            driver.open[0].abort()  # the box makes room
            await until(lambda: not driver.open)
            (await opened(driver, address, made)).close()
            later = monotonic() + tls.AT_ONCE
            monkeypatch.setattr(tls, "monotonic", lambda: later)  # it has waited
            await until(lambda: not driver.open)
            last = await opened(driver, address, made)  # the box stops
        await until(lambda: not driver.open)
        for writer in (refused, last):
            writer.close()
        assert not driver.failed

    run(case)


def test_browsers_and_whom_the_box_calls_may_close_without_a_word(made: Path) -> None:
    """A browser opens one for later, and says what it minds in a certificate."""

    async def case() -> None:
        driver = Driver()
        async with driver_listening(driver, 9, "wss", contexts(made)) as address:
            (await opened(driver, address, made)).close()
            await until(lambda: not driver.open)
            assert driver.connections is not None
            SecureConnection(driver.connections, "wss").hear_last_words(Flow("wss", address, address, 7))
            called = SecureConnection(driver.connections, name="box.test")
            called.connection_made(WithLimits())
            called.connection_lost(None)
        assert not driver.failed

    run(case)


def test_certificate_is_looked_at_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(tls, "monotonic", lambda: now[0])
    contexts = [ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(3)]
    made = iter(contexts)

    async def case() -> None:
        keeper = Contexts(lambda: next(made), lambda: next(made))
        assert [await keeper.server() for _ in range(2)] == [contexts[0]] * 2
        now[0] = tls.FRESH + 1
        assert await keeper.server() is contexts[1]
        assert await keeper.client() is contexts[2], "whom the box trusts is asked each time"

    run(case)
