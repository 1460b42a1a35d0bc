"""What a phone is told that registers a flow (RFC 5626 section 6)."""

from __future__ import annotations

import pytest

from frontdesk.sip.message import Response
from frontdesk.sip.wire import Flow
from tests.core.pair import INSTANCE, Pair
from tests.support.bare_core import BareCore
from tests.support.registering import HERE, flow, register_request

FLOW = f"<sip:101@192.0.2.101>{INSTANCE};reg-id=1"
SUPPORTED = "Supported: path, Outbound"
CONNECTION = flow(connection=4)


def register(contact: str, *headers: str, at: Flow = HERE) -> Response:
    return BareCore().register(contact, headers=headers, at=at)[-1]


def test_a_phone_that_registers_a_flow_is_told_that_it_counts() -> None:
    assert register(FLOW, SUPPORTED).lines("require") == ["outbound"]


def test_over_a_connection_it_is_told_how_often_to_look_at_it() -> None:
    answer = register(FLOW, SUPPORTED, at=CONNECTION)
    assert answer.lines("require") == ["outbound"]
    assert answer.lines("flow-timer") == ["120"]


def test_over_udp_it_looks_as_often_as_routers_need() -> None:
    assert not register(FLOW, SUPPORTED).lines("flow-timer")


@pytest.mark.parametrize(
    ("contact", "headers"),
    [
        (FLOW, ()),
        (FLOW, ("Supported: path",)),
        (f"<sip:101@192.0.2.101>{INSTANCE}", (SUPPORTED,)),
        ("<sip:101@192.0.2.101>;reg-id=1", (SUPPORTED,)),
        (f"{FLOW};expires=0", (SUPPORTED,)),
    ],
    ids=["no Supported", "not supported", "no reg-id", "no instance", "taken away"],
)
def test_any_other_is_told_nothing(contact: str, headers: tuple[str, ...]) -> None:
    answer = register(contact, *headers, at=CONNECTION)
    assert answer.status == 200
    assert not answer.lines("require") and not answer.lines("flow-timer")


@pytest.mark.parametrize(
    ("path", "told"),
    [("<sip:edge.test;lr;ob>", ["outbound"]), ("<sip:edge.test;lr>, <sip:b.test;lr;ob>", []), ("", [])],
    ids=["the edge has it", "the edge has it not", "no Path"],
)
def test_behind_a_proxy_its_edge_has_to_have_it(path: str, told: list[str]) -> None:
    """And the edge says how often (section 5.4)."""
    box = BareCore()
    request = register_request(FLOW, headers=(SUPPORTED, *([f"Path: {path}"] if path else [])))
    signed = box.signed(request, CONNECTION)
    signed.replace("via", [f"SIP/2.0/TCP {host};branch=z9hG4bK{host}" for host in ("edge.test", "10.0.0.1")])
    answer = box.receive(signed, CONNECTION)[-1]
    assert answer.status == 200
    assert answer.lines("require") == told and not answer.lines("flow-timer")


def test_it_may_be_required() -> None:
    assert register(FLOW, SUPPORTED, "Require: outbound").status == 200


def test_each_refresh_says_it_again_by_the_short_way_too() -> None:
    pair = Pair()
    for _ in range(2):
        assert pair.send(pair.next(contact=FLOW, extra=f"{SUPPORTED}\r\n")) == 200
        assert pair.short.sent[-1][0].lines("require") == ["outbound"]
    assert pair.was_short(pair.next(contact=FLOW, extra=f"{SUPPORTED}\r\n"))


def test_both_ways_grant_the_same_over_a_connection() -> None:
    """Where only the phone can open it anew ten minutes at most, which a Contact says."""
    pair, connection = Pair(), flow(port=41_234, connection=4)
    for host in ("192.0.2.101", "10.0.0.7", "192.0.2.101"):
        for _ in range(2):
            data = pair.next(contact=f"<sip:101@{host};transport=tcp>").replace(b"/UDP", b"/TCP")
            assert pair.send(data, connection) == 200
        assert (pair.short.bindings()[0].granted > 600) == (host == "192.0.2.101")
