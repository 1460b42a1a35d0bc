"""The ways to phones behind routers are kept open."""

from __future__ import annotations

import asyncio

import pytest

from frontdesk.sip.errors import TransportError
from frontdesk.sip.wire import Flow
from frontdesk.transport.keep_alive import EMPTY, INTERVAL, keep_open

FLOWS = [Flow("udp", ("192.0.2.1", 5060), ("198.51.100.9", 40_000 + number)) for number in range(5)]


class End(Exception):
    """Of a test."""


def kept(monkeypatch: pytest.MonkeyPatch, flows: list[Flow], pauses: int, closed: Flow | None = None) -> list[object]:
    """What was done until so many pauses were over: datagrams by their flow, pauses by their seconds."""
    done: list[object] = []

    async def sleep(seconds: float) -> None:
        done.append(seconds)
        if sum(isinstance(each, float) for each in done) == pauses:
            raise End

    def send(data: bytes, flow: Flow) -> None:
        if flow is closed:
            raise TransportError("closed")
        assert data == EMPTY
        done.append(flow)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(End):
        asyncio.run(keep_open(lambda: flows, send))
    return done


def test_each_is_used_once_in_an_interval_evenly_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    pause = INTERVAL / 5
    once = [each for flow in FLOWS for each in (flow, pause)]
    assert kept(monkeypatch, FLOWS, 10) == once + once


def test_where_there_is_none_it_looks_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept(monkeypatch, [], 2) == [INTERVAL, INTERVAL]


def test_one_that_cannot_be_used_keeps_no_other_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = FLOWS[:2]
    assert kept(monkeypatch, [first, second], 2, closed=first) == [INTERVAL / 2, second, INTERVAL / 2]
