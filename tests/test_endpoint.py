"""The endpoint on real sockets: whatever comes, the box answers what can be answered and goes on."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from frontdesk import RELEASED
from frontdesk.endpoint import Endpoint
from frontdesk.listeners import Listener
from frontdesk.model import Changes, Commit, Settings
from frontdesk.sip.wire import Destination, Flow, Send
from frontdesk.transport import connection, interfaces, tcp
from tests.support.bare_core import BareCore
from tests.support.served import Disk, ask, options, phone_of, port_of, run, serving


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_datagram_is_answered(host: str) -> None:
    async def case() -> None:
        async with serving(host) as endpoint:
            answer = await ask(options(), (host, port_of(endpoint)))
            assert answer.startswith(b"SIP/2.0 200 OK\r\n")

    run(case)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_listeners_change_while_the_box_serves(transport: str) -> None:
    async def case() -> None:
        async with serving(transport=transport) as endpoint:
            old, new = Listener(transport, "127.0.0.1", 0), Listener(transport, "127.0.0.2", 0)
            first = ("127.0.0.1", port_of(endpoint))
            await endpoint.listen([old, new])
            assert port_of(endpoint) == first[1], "what stays is not bound anew"
            second = ("127.0.0.2", port_of(endpoint, 1))
            await endpoint.listen([new])
            assert endpoint.listeners == [f"{transport}:127.0.0.2:{second[1]}"]
            kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
            with socket.socket(socket.AF_INET, kind) as free:
                free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                free.bind(first)
            if transport == "udp":
                assert (await ask(options(), second)).startswith(b"SIP/2.0 200 OK")
            directory = endpoint._core.directory
            assert directory.serves(*second) and not directory.serves(*first)

    run(case)


def test_listener_that_cannot_be_bound_changes_nothing() -> None:
    async def case() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            async with serving() as endpoint:
                before = list(endpoint.listeners)
                taken = Listener("udp", "127.0.0.1", other.getsockname()[1])
                with pytest.raises(OSError) as caught:
                    await endpoint.listen([Listener("udp", "127.0.0.3", 0), taken])
                assert caught.value.filename == f"udp:127.0.0.1:{taken.port}"
                assert endpoint.listeners == before and list(endpoint._udp) == [("127.0.0.1", port_of(endpoint))]
                assert (await ask(options(), ("127.0.0.1", port_of(endpoint)))).startswith(b"SIP/2.0 200 OK")

    run(case)


def test_address_that_is_not_ready_holds_nothing_up_and_is_heard_when_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """IPv6 addresses are tentative at first (RFC 4862), or for good where another machine has the same."""
    here = ["127.0.0.1", "192.0.2.77"]
    monkeypatch.setattr(interfaces, "local_addresses", lambda family: here if family == socket.AF_INET else [])

    async def case() -> None:
        async with serving("127.0.0.9") as endpoint:
            port = port_of(endpoint)
            await endpoint.listen([Listener("udp", "0.0.0.0", port)])
            assert list(endpoint._udp) == [("127.0.0.1", port)]
            here[1] = "127.0.0.2"
            endpoint._listening.addresses_changed()
            assert (await ask(options(), ("127.0.0.2", port))).startswith(b"SIP/2.0 200")

    run(case)


def test_address_that_the_machine_has_no_more_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Phones that have registered there are rung from another one."""
    here = ["127.0.0.1", "127.0.0.2"]
    monkeypatch.setattr(interfaces, "local_addresses", lambda family: here if family == socket.AF_INET else [])

    async def case() -> None:
        async with serving("127.0.0.9") as endpoint:
            port = port_of(endpoint)
            await endpoint.listen([Listener("udp", "0.0.0.0", port), Listener("udp", "127.0.0.9", port)])
            here.remove("127.0.0.2")
            endpoint._listening.addresses_changed()
            assert {host for host, _ in endpoint._udp} == {"127.0.0.1", "127.0.0.9"}
            directory = endpoint._core.directory
            assert directory.listens_on(("127.0.0.1", port)) and not directory.listens_on(("127.0.0.2", port))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
                phone.setblocking(False)
                phone.bind(("127.0.0.1", 0))
                endpoint._core._actions.append(Send(b"INVITE", Flow("udp", ("127.0.0.2", port), phone.getsockname())))
                endpoint.settle()
                assert await asyncio.get_running_loop().sock_recv(phone, 100) == b"INVITE"

    run(case)


def test_a_phone_that_is_gone_without_a_word_is_found_out() -> None:
    async def case() -> None:
        async with serving(transport="tcp") as endpoint:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(endpoint))
            writer.write(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"\r\n"
            [connection] = endpoint._connections._open.values()
            assert connection._transport is not None
            line = connection._transport.get_extra_info("socket")
            assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000
            writer.close()

    run(case)


def test_connections_of_an_address_that_the_machine_has_no_more_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing comes over them: what is bound there is known to be unreachable at once."""
    gone = {"127.0.0.2"}
    monkeypatch.setattr(tcp, "is_own", lambda host: host not in gone)

    async def case() -> None:
        async with serving("0.0.0.0", transport="tcp") as endpoint:
            phones = [await asyncio.open_connection(host, port_of(endpoint)) for host in ("127.0.0.1", "127.0.0.2")]
            for reader, writer in phones:
                writer.write(b"\r\n\r\n")
                assert await reader.readexactly(2) == b"\r\n"
            endpoint._listening.addresses_changed()
            assert await phones[1][0].read() == b""
            phones[0][1].write(b"\r\n\r\n")
            assert await phones[0][0].readexactly(2) == b"\r\n"
            for _, writer in phones:
                writer.close()

    run(case)


def test_connection_that_is_open_outlives_its_listener() -> None:
    async def case() -> None:
        async with serving(transport="tcp") as endpoint:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(endpoint))
            writer.write(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"\r\n"
            await endpoint.listen([Listener("tcp", "127.0.0.2", 0)])
            writer.write(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"\r\n"
            writer.close()

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
            other = Endpoint(BareCore().core, Disk())
            with pytest.raises(OSError) as caught:
                await other.listen([taken])
            assert caught.value.filename == f"udp:127.0.0.1:{taken.port}"
            await other.close()

    run(case)


@pytest.mark.parametrize("hosts", [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0")], ids=["narrowed", "widened"])
def test_a_port_may_be_listened_at_on_one_address_instead_of_all(hosts: tuple[str, str]) -> None:
    async def case() -> None:
        async with serving(transport="tcp") as endpoint:
            port = port_of(endpoint)
            for host in hosts:
                await endpoint.listen([Listener("tcp", host, port)])
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"\r\n\r\n")
                assert await reader.readexactly(2) == b"\r\n"
                writer.close()
            with socket.socket() as other, pytest.raises(OSError):
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                other.bind(("127.0.0.1", port))

    run(case)


def test_a_port_that_another_program_listens_at_is_taken() -> None:
    async def case() -> None:
        with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
            async with serving() as endpoint:
                with pytest.raises(OSError, match="in use"):
                    await endpoint.listen([Listener("tcp", "127.0.0.1", other.getsockname()[1])])

    run(case)


def test_a_datagram_leaves_from_the_address_that_the_system_would_send_from() -> None:
    """RFC 3261 section 18.1.1: where several listen, the one that the way to the phone begins at."""

    async def case() -> None:
        async with serving("127.0.0.2", "127.0.0.1") as endpoint:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
                phone.bind(("127.0.0.1", 0))
                phone.setblocking(False)
                endpoint._send(Send(b"hello", Destination("127.0.0.1", phone.getsockname()[1], "udp"), "key"))
                _, source = await asyncio.get_running_loop().sock_recvfrom(phone, 100)
                assert source == ("127.0.0.1", port_of(endpoint, 1))

    run(case)


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\r\n", b"\0", b"\0\0\0\0"])
def test_keep_alive_is_no_message(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []

    async def case() -> None:
        core = BareCore().core
        monkeypatch.setattr(core, "read", lambda data, flow, now: read.append(data))
        async with serving(core=core) as endpoint, phone_of(endpoint) as (_, flow):
            endpoint.received(data, flow)
            endpoint.received(b"\0" * 5, flow)
            assert read == [b"\0" * 5]

    run(case)


def test_the_commits_of_a_turn_reach_the_journal_together() -> None:
    async def case() -> None:
        turns: list[tuple[Commit, ...]] = []
        disk = Disk()
        disk.submit = lambda *commits: turns.append(commits)  # type: ignore[method-assign]
        core = BareCore().core
        endpoint = Endpoint(core, disk)
        for ticket in (1, 2):
            core.registrations.background.write(Changes(removed=[ticket]))
        endpoint.settle()
        assert [[commit.changes.removed for commit in commits] for commits in turns] == [[[1], [2]]]
        await endpoint.close()

    run(case)


@pytest.mark.parametrize(("wall", "is_told"), [(RELEASED - 1, False), (RELEASED, True)])
def test_answers_tell_the_time_where_the_clock_is_not_older_than_the_box(
    monkeypatch: pytest.MonkeyPatch, wall: float, is_told: bool
) -> None:
    async def case() -> None:
        async with serving() as endpoint:
            monkeypatch.setattr("time.time", lambda: wall)
            endpoint.settle()
            assert (endpoint._core.wall_offset is not None) == is_told

    run(case)


def test_datagrams_of_a_turn_go_kind_by_kind_and_requests_of_a_dialog_in_their_order() -> None:
    """Of one phone that sends all of it at once: answers, then ACK and REGISTER; a BYE is the last of its dialog."""
    sent = [b"BYE", b"UPDATE", b"SIP/2.0 180", b"INVITE", b"CANCEL", b"ACK", b"INFO", b"REGISTER", b"SIP/2.0 200"]
    order = [b"SIP/2.0 180", b"SIP/2.0 200", b"ACK", b"REGISTER", b"UPDATE", b"INVITE", b"CANCEL", b"INFO", b"BYE"]

    async def case() -> None:
        async with serving() as endpoint, phone_of(endpoint) as (_, flow):
            seen: list[bytes] = []

            def received(data: bytes, flow: Flow, now: float | None = None) -> None:
                seen.append(data)

            endpoint.received = received  # type: ignore[method-assign]
            endpoint.arrived([(start, flow) for start in sent])
            assert seen == order

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
        monkeypatch.setattr(connection, "HALF_SENT", 0.01)

        async def case() -> None:
            async with serving(transport="tcp") as endpoint:
                reader, writer = await asyncio.open_connection("127.0.0.1", port_of(endpoint))
                writer.write(options()[:-3])
                assert await reader.read() == b""
                writer.close()

        run(case)

    def test_another_limit_counts_from_the_next_connection_on(self) -> None:
        async def case() -> None:
            core = BareCore(Settings(max_connections=5)).core
            endpoint = Endpoint(core, Disk())
            await endpoint.listen([Listener("tcp", "127.0.0.1", 0)])
            core.configure(Settings(max_connections=1))
            first = await asyncio.open_connection("127.0.0.1", port_of(endpoint))
            second = await asyncio.open_connection("127.0.0.1", port_of(endpoint))
            with contextlib.suppress(ConnectionError):
                assert await first[0].read() == b""
            for _, writer in (first, second):
                writer.close()
            await endpoint.close()

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
