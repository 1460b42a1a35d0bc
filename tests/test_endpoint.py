"""The endpoint on real sockets: whatever comes, the box answers what can be answered and goes on."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from frontdesk import RELEASED, overload
from frontdesk import endpoint as endpoint_module
from frontdesk.core import Core, registrations
from frontdesk.endpoint import AT_ONCE, TURN, Endpoint, Listener
from frontdesk.events import Kind
from frontdesk.model import Changes, Commit, Settings
from frontdesk.sip.wire import Destination, Flow, Send
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

    def submit(self, *commits: Commit) -> None:
        raise AssertionError(f"{commits} were to be written")


@asynccontextmanager
async def serving(
    *hosts: str, transport: str = "udp", limit: int = 1000, core: Core | None = None
) -> AsyncIterator[Endpoint]:
    endpoint = Endpoint(core or BareCore(Settings(max_connections=limit)).core, _Disk())
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
            other = Endpoint(BareCore().core, _Disk())
            with pytest.raises(OSError) as caught:
                await other.listen([taken])
            assert caught.value.filename == f"udp:127.0.0.1:{taken.port}"
            await other.close()

    run(case)


def test_what_is_to_go_over_tls_never_goes_in_the_clear() -> None:
    async def case() -> None:
        async with serving(transport="tcp") as endpoint:
            with socket.create_server(("127.0.0.1", 0)) as phone:
                phone.setblocking(False)
                to = Destination("127.0.0.1", phone.getsockname()[1], "tls")
                await endpoint._deliver(Send(b"secret", to, "key"), to)
                with pytest.raises(BlockingIOError):
                    phone.accept()

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


def test_what_waits_for_names_and_connections_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[str] = []

    async def never(destination: Destination) -> list[tuple[str, tuple[str, int]]]:
        await asyncio.Event().wait()
        return []

    async def case() -> None:
        monkeypatch.setattr(endpoint_module, "UNSENT", 2)
        monkeypatch.setattr(endpoint_module, "resolve", never)
        core = BareCore().core
        monkeypatch.setattr(core, "transport_failed", lambda key, now: failed.append(key))
        async with serving(core=core) as endpoint:
            for key in ("first", "second", "third"):
                endpoint._send(Send(b"hello", Destination("phone.test", 5060, "udp"), key))
            assert failed == ["third"]

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
        disk = _Disk()
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
            endpoint.received = lambda data, flow: seen.append(data)  # type: ignore[method-assign]
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
        monkeypatch.setattr(tcp, "HALF_SENT", 0.01)

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
            endpoint = Endpoint(core, _Disk())
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


class TestOverload:
    def test_more_than_a_turn_is_worked_on_in_turns_and_others_get_theirs(self) -> None:
        async def case() -> None:
            async with serving() as endpoint, phone_of(endpoint) as (phone, flow):
                endpoint.arrived([(options(f"z9hG4bK{number}"), flow) for number in range(TURN + 5)])
                done: list[bytes] = []
                asyncio.get_running_loop().call_soon(lambda: done.append(phone.recv(65_535)))
                assert await answers(phone, TURN + 4) == [b"200"] * (TURN + 4)
                assert len(done) == 1

        run(case)

    def test_what_comes_while_others_wait_for_a_turn_stands_behind_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sent = [options(f"z9hG4bK{number}") for number in range(TURN + 2)]
        seen: list[bytes] = []
        turns: list[int] = []

        async def case() -> None:
            async with serving() as endpoint, phone_of(endpoint) as (_, flow):
                monkeypatch.setattr(endpoint_module, "monotonic", lambda: 1000.0)
                monkeypatch.setattr(endpoint, "received", lambda data, flow: seen.append(data))
                monkeypatch.setattr(endpoint, "settle", lambda: turns.append(len(seen)))
                endpoint.arrived([(data, flow) for data in sent[:-1]])
                endpoint.arrived([(sent[-1], flow)])
                for _ in range(4):
                    await asyncio.sleep(0)
                assert seen == sent and turns == [TURN, TURN + 2]

        run(case)

    def test_a_turn_ends_in_time_whatever_its_requests_cost(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ticks = itertools.count(step=endpoint_module.TURN_TIME)
        left: list[int] = []

        async def case() -> None:
            all_done = asyncio.Event()

            def settle() -> None:
                left.append(len(endpoint.waiting))
                if not endpoint.waiting:
                    all_done.set()

            async with serving() as endpoint, phone_of(endpoint) as (_, flow):
                monkeypatch.setattr(endpoint_module, "monotonic", lambda: 1000 + next(ticks))
                monkeypatch.setattr(endpoint, "settle", settle)
                endpoint.arrived([(options(f"z9hG4bK{number}"), flow) for number in range(TURN + 3)])
                await all_done.wait()
                assert left == list(reversed(range(TURN + 3)))

        run(case)

    def test_what_waited_too_long_is_refused_and_the_story_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 1000.0

        async def case() -> None:
            nonlocal now
            monkeypatch.setattr(endpoint_module, "monotonic", lambda: now)
            core = BareCore().core
            async with serving(core=core) as endpoint, phone_of(endpoint) as (phone, flow):
                endpoint.arrived([(options(f"z9hG4bK{number}"), flow) for number in range(TURN + 1)])
                now += overload.CALL_PATIENCE + 1
                assert await answers(phone, TURN + 1) == [b"503"] * (TURN + 1)
                endpoint.arrived([(options(), flow)])
                assert await answers(phone, 1) == [b"200"]
            told = [event.text for event in core.events if event.kind is Kind.WARNING]
            assert len(told) == 2 and str(TURN + 1) in told[1]

        run(case)

    def test_while_the_disk_is_backed_up_registers_are_refused_and_all_else_is_served(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def case() -> None:
            async with serving() as endpoint:
                address = ("127.0.0.1", port_of(endpoint))
                monkeypatch.setattr(registrations, "MAX_HELD", 0)
                register = options().replace(b"OPTIONS", b"REGISTER")
                answer = await ask(register, address)
                assert answer.startswith(b"SIP/2.0 503 ") and b"\r\nRetry-After: " in answer
                assert (await ask(options("z9hG4bK2"), address)).startswith(b"SIP/2.0 200 ")
                monkeypatch.setattr(registrations, "MAX_HELD", 1)
                assert (await ask(register, address)).startswith(b"SIP/2.0 401 ")

        run(case)

    def test_the_overload_is_not_over_while_the_disk_is_backed_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def case() -> None:
            core = BareCore().core
            async with serving(core=core) as endpoint, phone_of(endpoint) as (phone, _):
                monkeypatch.setattr(registrations, "MAX_HELD", 0)
                phone.send(options().replace(b"OPTIONS", b"REGISTER"))
                assert await answers(phone, 1) == [b"503"]
                phone.send(options("z9hG4bK2"))
                assert await answers(phone, 1) == [b"200"]
                assert len([event for event in core.events if event.rule == "overload"]) == 1
                monkeypatch.setattr(registrations, "MAX_HELD", 1)
                phone.send(options("z9hG4bK3"))
                assert await answers(phone, 1) == [b"200"]
                assert "1 requests" in [event.text for event in core.events if event.rule == "overload"][-1]

        run(case)

    @pytest.mark.parametrize("error", [None, OSError("no space left")])
    def test_of_many_tickets_some_are_answered_at_a_time_and_all_in_their_order(
        self, monkeypatch: pytest.MonkeyPatch, error: OSError | None
    ) -> None:
        core = BareCore().core
        heard: list[int] = []
        rounds: list[int] = []

        async def case() -> None:
            monkeypatch.setattr(core, "committed", lambda ticket, now: heard.append(ticket))
            monkeypatch.setattr(core, "commit_failed", lambda ticket, error, now: heard.append(ticket))
            async with serving(core=core) as endpoint:
                endpoint.committed(list(range(2 * AT_ONCE + 1)), error)
                endpoint.committed([100, 101], error)
                for _ in range(4):
                    rounds.append(len(heard) - sum(rounds))
                    await asyncio.sleep(0)
                assert rounds == [AT_ONCE, AT_ONCE, 1, 2]
                endpoint.committed([102], error)
            assert heard == [*range(2 * AT_ONCE + 1), 100, 101, 102]

        run(case)

    @pytest.mark.parametrize("error", [None, OSError("no space left")])
    def test_ticket_whose_answer_cannot_be_given_takes_no_other_with_it(
        self, monkeypatch: pytest.MonkeyPatch, error: OSError | None
    ) -> None:
        core = BareCore().core
        heard: list[int] = []

        def hear(ticket: int, *_: object) -> None:
            if ticket == 1:
                raise ValueError("no answer")
            heard.append(ticket)

        async def case() -> None:
            monkeypatch.setattr(core, "committed", hear)
            monkeypatch.setattr(core, "commit_failed", hear)
            async with serving(core=core) as endpoint:
                endpoint.committed([1, 2, 3], error)
            assert heard == [2, 3]

        run(case)

    def test_all_that_a_crowd_sends_at_once_is_answered(self) -> None:
        async def case() -> None:
            async with serving() as endpoint, phone_of(endpoint) as (phone, _):
                for number in range(TURN + 20):  # no await between them: they meet in the kernel's buffer
                    phone.send(options(f"z9hG4bK{number}"))
                assert await answers(phone, TURN + 20) == [b"200"] * (TURN + 20)

        run(case)
