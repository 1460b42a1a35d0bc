"""Granted intervals: spread over devices, and never creeping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.model import Settings
from frontdesk.registrar.spread import SHARE, spread
from frontdesk.sip.wire import Flow
from tests.support.registering import HERE, Desk, flow

seconds = st.integers(60, 86_400)


@given(seconds, st.integers(0, 86_400), st.text())
def test_what_was_granted_is_granted_again(asked: int, last: int, device: str) -> None:
    granted = spread(asked, last, device, 60)
    assert spread(granted, granted, device, 60) == granted


@given(seconds, st.integers(0, 86_400), st.text())
def test_at_most_a_twentieth_is_taken_and_never_below_the_minimum(asked: int, last: int, device: str) -> None:
    granted = spread(asked, last, device, 60)
    assert max(60, asked * (1 - SHARE) - 1) <= granted <= asked


def test_devices_are_spread() -> None:
    assert len({spread(3600, 0, f"device {number}", 60) for number in range(100)}) > 50


def test_a_phone_that_always_asks_the_same_is_always_granted_the_same() -> None:
    first = spread(3600, 0, "phone", 60)
    assert spread(3600, first, "phone", 60) == first


BEHIND_A_ROUTER = "<sip:101@10.0.0.7:5060;transport=tcp>"
AT_ITS_ADDRESS = "<sip:101@192.0.2.101:5060;transport=tcp>"
CONNECTION = flow(port=41_234, connection=4)
FROM_ITS_PORT = "<sip:101@192.0.2.101:41234;transport=tcp>"


@pytest.mark.parametrize(
    ("contact", "at"),
    [
        (AT_ITS_ADDRESS, CONNECTION._replace(transport="tls")),
        ("<sip:x@a.invalid;transport=ws>", CONNECTION._replace(transport="ws")),
        ("<sip:x@a.invalid;transport=ws>", CONNECTION._replace(transport="wss")),
        (BEHIND_A_ROUTER, CONNECTION),
        (FROM_ITS_PORT, CONNECTION),
        ("<sip:101@192.0.2.101;transport=tcp>", CONNECTION._replace(remote=("192.0.2.101", 5060))),
    ],
    ids=["TLS", "WebSocket", "secure WebSocket", "TCP behind a router", "TCP from its port", "TCP from 5060"],
)
def test_whose_connection_the_box_cannot_open_anew_is_heard_of_every_ten_minutes(contact: str, at: Flow) -> None:
    desk = Desk()
    for _ in range(2):
        desk.register(contact, at=at, headers=("Expires: 3600",))
        assert 570 <= desk.bindings()[0].granted <= 600
    desk.register(contact, at=at, headers=("Expires: 300",))
    assert 285 <= desk.bindings()[0].granted <= 300


@pytest.mark.parametrize(
    ("contact", "at", "headers"),
    [
        (AT_ITS_ADDRESS, HERE, ()),
        (BEHIND_A_ROUTER, HERE, ()),
        (AT_ITS_ADDRESS, CONNECTION, ()),
        (AT_ITS_ADDRESS, CONNECTION._replace(transport="tls"), ("Path: <sip:edge.test;lr>",)),
    ],
    ids=["UDP", "UDP behind a router", "TCP", "TLS to a proxy in front"],
)
def test_others_are_granted_what_they_ask_for(contact: str, at: Flow, headers: tuple[str, ...]) -> None:
    desk = Desk()
    desk.register(contact, at=at, headers=(*headers, "Expires: 3600"))
    assert 3420 <= desk.bindings()[0].granted <= 3600


def test_ten_minutes_are_never_too_brief() -> None:
    desk = Desk(Settings(min_expires=1800))
    desk.register(BEHIND_A_ROUTER, at=CONNECTION, headers=("Expires: 3600",))
    assert desk.bindings()[0].granted == 1800
