"""The endpoint sends to names and opens connections: what waits for its way meanwhile, and who hears of it."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from frontdesk import endpoint as endpoint_module
from frontdesk.endpoint import SLEPT, Endpoint
from frontdesk.model import Binding, BindingState, Changes, Commit
from frontdesk.sip.errors import Rule
from frontdesk.sip.wire import Destination, Flow, Send
from frontdesk.transport import deliveries
from frontdesk.transport.tls import TurnedAway
from tests.support.bare_core import BareCore
from tests.support.registering import REALM
from tests.support.served import Disk, port_of, run, serving


def test_what_is_to_go_over_tls_never_goes_in_the_clear() -> None:
    async def case() -> None:
        async with serving(transport="tcp") as endpoint:
            with socket.create_server(("127.0.0.1", 0)) as phone:
                phone.setblocking(False)
                to = Destination("127.0.0.1", phone.getsockname()[1], "tls")
                await endpoint._deliveries._deliver(Send(b"secret", to, ""), to)
                with pytest.raises(BlockingIOError):
                    phone.accept()
            (event,) = endpoint._core.events
            assert (event.rule, event.host) == (Rule.TLS_OFF, "127.0.0.1"), "nobody there could hang up"

    run(case)


def test_why_there_is_no_tls_is_told_in_the_words_that_it_came_with() -> None:
    """They may name a host as anybody has called it, and are no template."""

    async def case() -> None:
        error = ssl.SSLCertVerificationError()
        error.verify_message = words = "it is {why} of {0}, {x!r} and {} at 100 %s of %(x)s"
        async with serving() as endpoint:
            endpoint.handshake_failed(Flow("tls", ("127.0.0.1", 5061), ("127.0.0.2", 5061), 1), error)
            (event,) = endpoint._core.events
            assert event.text == event.sentence == f"no TLS for '{words}'"

    run(case)


def test_who_turns_away_again_and_again_is_one_event() -> None:
    async def case() -> None:
        async with serving() as endpoint:
            for port in (40001, 40002):
                endpoint.handshake_failed(Flow("tls", ("127.0.0.1", 5061), ("127.0.0.2", port), 1), TurnedAway())
            (event,) = endpoint._core.events
            assert (event.host, event.times) == ("127.0.0.2", 2)

    run(case)


def test_the_core_hears_where_a_destination_has_led(monkeypatch: pytest.MonkeyPatch) -> None:
    async def case() -> None:
        heard: asyncio.Queue[tuple[str, Flow]] = asyncio.Queue()
        async with serving() as endpoint:
            monkeypatch.setattr(endpoint._core, "sent_over", lambda key, flow, *_: heard.put_nowait((key, flow)))
            gone = asyncio.Event()

            async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writer.close()
                await writer.wait_closed()
                gone.set()

            server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
            there = server.sockets[0].getsockname()
            endpoint._core._actions.append(Send(b"OPTIONS", Destination(there[0], there[1], "tcp"), ""))
            endpoint.settle()
            key, flow = await heard.get()
            assert (key, flow.transport, flow.remote) == ("", "tcp", there) and flow.connection
            await gone.wait()
            server.close()

    run(case)


def test_what_waits_for_names_and_connections_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[str] = []

    async def never(destination: Destination) -> list[tuple[str, tuple[str, int]]]:
        await asyncio.Event().wait()
        return []

    async def case() -> None:
        monkeypatch.setattr(deliveries, "UNSENT", 2)
        monkeypatch.setattr(deliveries, "resolve", never)
        core = BareCore().core
        monkeypatch.setattr(core, "transport_failed", lambda key, now: failed.append(key))
        async with serving(core=core) as endpoint:
            for key in ("first", "second", "third"):
                endpoint._send(Send(b"hello", Destination("phone.test", 5060, "udp"), key))
            assert failed == ["third"]

    run(case)


def test_what_cannot_be_sent_breaks_off_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    async def case() -> None:
        sent: list[Flow] = []
        written: list[Commit] = []
        core, disk = BareCore().core, Disk()
        disk.submit = lambda *commits: written.extend(commits)  # type: ignore[method-assign]
        endpoint = Endpoint(core, disk)
        flows = [Flow("ws", ("127.0.0.1", 1), ("127.0.0.2", port), port) for port in (1, 2)]

        def send_over(data: bytes, flow: Flow) -> None:
            sent.append(flow)
            raise RuntimeError(data)

        monkeypatch.setattr(endpoint, "send_over", send_over)
        for each in flows:
            core.layer.send(Send(b"x", each))
        core.registrations.background.write(Changes(removed=[1]))
        endpoint.settle()
        assert sent == flows and len(written) == 1
        await endpoint.close()

    run(case)


@pytest.mark.parametrize(("slept", "acted"), [(3000.0, True), (600 + SLEPT - 0.1, False)])
def test_after_a_sleep_of_the_computer_what_is_due_is_done_with_the_next_message(
    slept: float, acted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its timer counts on a clock that stood still; one that is late for another reason is about to go off."""

    async def case() -> None:
        now, due, handled = 1000.0, [1600.0], []

        def handle_timers(at: float) -> None:
            handled.append(at)
            due.clear()

        core = BareCore().core
        monkeypatch.setattr(endpoint_module, "boottime", lambda: now)
        monkeypatch.setattr(core, "next_timer", lambda: due[0] if due else None)
        monkeypatch.setattr(core, "handle_timers", handle_timers)
        async with serving(core=core) as endpoint:
            endpoint.settle()
            now += slept
            endpoint.settle()
            armed = endpoint._timer
            endpoint.settle()
            assert endpoint._timer is armed, "whoever sends much keeps it from nothing"
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert handled == ([now] if acted else [])

    run(case)


def test_what_is_due_is_done_though_each_turn_of_the_loop_takes_longer_than_a_sleep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A small board with many connections at once: who sends on and on keeps it from nothing."""

    async def case() -> None:
        now = 1000.0
        handled: list[float] = []
        core = BareCore().core
        monkeypatch.setattr(endpoint_module, "boottime", lambda: now)
        monkeypatch.setattr(core, "next_timer", lambda: None if handled else 1000.1)
        monkeypatch.setattr(core, "handle_timers", handled.append)
        async with serving(core=core) as endpoint:
            for _ in range(5):
                now += 2 * SLEPT
                endpoint.settle()
                await asyncio.sleep(0)
            assert handled

    run(case)


async def heard(reader: asyncio.StreamReader) -> str:
    """The next message on a connection that is no 100."""
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if not head.startswith("SIP/2.0 100"):
            return head


def lines(message: str, *names: str) -> list[str]:
    return [line for line in message.split("\r\n") if line.partition(":")[0] in names]


def test_box_that_hears_tcp_alone_calls_a_number_that_stands_at_another_account() -> None:
    """What it sends to itself needs no socket, in the call neither."""

    async def case() -> None:
        phones: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        server = await asyncio.start_server(lambda *ends: phones.put_nowait(ends), "127.0.0.1", 0)
        there = server.sockets[0].getsockname()[1]
        core = BareCore().core
        core.directory.peers["127.0.0.1"] = "pbx"
        async with serving(transport="tcp", core=core) as endpoint:
            at = port_of(endpoint)
            door = f"sip:door@127.0.0.1:{there};transport=tcp"
            for id, user, uri in ((1, "101", f"sip:102@{REALM}"), (2, "102", door)):
                place = Binding(id, f"sip:{user}@{REALM}", uri, "", None, 0, None, state=BindingState.STATIC)
                core.location.add(place)
            caller, to_box = await asyncio.open_connection("127.0.0.1", at)
            to_box.write(
                f"INVITE sip:101@{REALM} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
                f"From: <sip:9@{REALM}>;tag=1\r\nTo: <sip:101@{REALM}>\r\nCall-ID: 1@a\r\nCSeq: 1 INVITE\r\n"
                "Contact: <sip:9@127.0.0.1;transport=tcp>\r\nContent-Length: 0\r\n\r\n".encode()
            )
            phone, from_phone = await phones.get()
            invite = await heard(phone)
            assert invite.startswith("INVITE sip:door@")
            kept = lines(invite, "Via", "Record-Route", "From", "Call-ID", "CSeq")
            ok = ["SIP/2.0 200 OK", *kept, f"To: <sip:101@{REALM}>;tag=2", f"Contact: <sip:door@127.0.0.1:{there}>"]
            from_phone.write("\r\n".join([*ok, "Content-Length: 0", "", ""]).encode())
            answer = await heard(caller)
            assert answer.startswith("SIP/2.0 200")
            routes = [line.replace("Record-Route", "Route") for line in lines(answer, "Record-Route")]
            ack = [
                f"ACK sip:door@127.0.0.1:{there} SIP/2.0", "Via: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK2", *routes[::-1],
                *lines(answer, "From", "To", "Call-ID"), "CSeq: 1 ACK", "Max-Forwards: 70", "Content-Length: 0", "", "",
            ]  # fmt: skip
            to_box.write("\r\n".join(ack).encode())
            assert (await heard(phone)).startswith("ACK sip:door@")
            to_box.close()
            from_phone.close()
        server.close()

    run(case)
