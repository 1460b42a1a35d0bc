"""The endpoint sends to names and opens connections: what waits for its way meanwhile, and who hears of it."""

from __future__ import annotations

import asyncio
import socket

import pytest

from frontdesk.sip.errors import Rule
from frontdesk.sip.wire import Destination, Flow, Send
from frontdesk.transport import deliveries
from tests.support.bare_core import BareCore
from tests.support.served import run, serving


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
