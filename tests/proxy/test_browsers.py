"""Phones in browsers: nobody but they themselves can open a way to them (RFC 7118)."""

from __future__ import annotations

import pytest

from frontdesk.sip.wire import Flow
from tests.proxy.box import BOX, Box, reply, request, route_set, udp

LISTENER = ("192.0.2.1", 8088)
CONTACT = "sip:t5qk@df7jal23ls0d.invalid;transport=ws"
DESK = udp("192.0.2.11")


def browser(transport: str = "ws", connection: int = 9) -> Flow:
    return Flow(transport, LISTENER, ("192.0.2.12", 49152), connection)


@pytest.fixture
def box() -> Box:
    box = Box()
    box.directory.listen(*LISTENER, "ws")
    box.phone("101", DESK)
    return box


@pytest.mark.parametrize("transport", ["ws", "wss"])
def test_call_goes_over_its_own_connection_and_so_does_all_that_follows(box: Box, transport: str) -> None:
    way = browser(transport)
    box.phone("102", way, CONTACT)
    box.receive(request("INVITE", flow=DESK), DESK)
    ((invite, target),) = box.requests("INVITE")
    assert (invite.uri_text, target) == (CONTACT, way)
    assert invite.values("via")[0].startswith(f"SIP/2.0/{transport.upper()} 192.0.2.1:8088;branch=")
    ends = [value.partition("@")[2] for value in invite.values("record-route")]
    assert ends == ["192.0.2.1:8088;lr;transport=ws>", "192.0.2.1:5060;lr>"]
    box.receive(reply(invite, 200, headers=[("contact", f"<{CONTACT}>")]), way)
    box.taken()
    routes = invite.values("record-route")[::-1]
    box.receive(request("BYE", CONTACT, flow=DESK, to_tag="callee", cseq=2, routes=routes), DESK)
    ((bye, target),) = box.requests("BYE")
    assert (bye.uri_text, target, bye.values("route")) == (CONTACT, way, [])


def test_browser_hangs_up_what_a_desk_phone_has_begun(box: Box) -> None:
    way = browser()
    box.phone("102", way, CONTACT)
    box.receive(request("INVITE", flow=DESK), DESK)
    ((invite, _),) = box.requests("INVITE")
    box.receive(reply(invite, 200, headers=[("contact", f"<{CONTACT}>")]), way)
    box.taken()
    bye = request(
        "BYE", "sip:101@192.0.2.11", caller="102", flow=way, routes=invite.values("record-route"), tag="callee",
        to_tag="caller", to="<sip:101@desk.example>",
    )  # fmt: skip
    box.receive(bye, way)
    ((sent, target),) = box.requests("BYE")
    assert (sent.uri_text, target) == ("sip:101@192.0.2.11", DESK)
    assert str(sent.via).startswith(f"SIP/2.0/UDP {BOX[0]}:{BOX[1]};rport")


def test_browser_whose_connection_is_closed_is_not_reached_and_holds_nobody_up(box: Box) -> None:
    box.phone("102", browser(), CONTACT, connected=False)
    box.receive(request("INVITE", flow=DESK), DESK)
    assert [response.status for response in box.responses()] == [480]


def test_nothing_that_is_to_be_connected_goes_out_from_where_browsers_are_heard(box: Box) -> None:
    box.directory.listen_only({("ws", LISTENER)})
    box.directory.listen("192.0.2.2", 5060)
    box.phone("103", None, "sip:103@198.51.100.9")
    box.receive(request("INVITE", "sip:103@desk.example", flow=DESK), DESK)
    ((invite, _),) = box.requests("INVITE")
    assert str(invite.via).startswith("SIP/2.0/UDP 192.0.2.2:5060;rport")


def test_connection_that_has_outlived_its_listener_keeps_its_own_address(box: Box) -> None:
    box.directory.listen_only({("udp", BOX)})
    box.phone("102", browser(), CONTACT)
    box.receive(request("INVITE", flow=DESK), DESK)
    ((invite, _),) = box.requests("INVITE")
    assert invite.values("via")[0].startswith("SIP/2.0/WS 192.0.2.1:8088;branch=")


def test_call_that_is_to_be_safe_rings_a_browser_over_wss_alone(box: Box) -> None:
    caller = browser("wss", 8)
    box.phone("104", caller, "sips:104@a.invalid;transport=ws")
    box.phone("102", browser("wss"), "sips:t5qk@df7jal23ls0d.invalid;transport=ws")
    box.phone("103", browser("ws", 10), "sips:t5qk@df7jal23ls0d.invalid;transport=ws")
    for number, rung in (("102", [browser("wss")]), ("103", [])):
        box.receive(request("INVITE", f"sips:{number}@desk.example", caller="104", flow=caller, call_id=number), caller)
        assert [target for _, target in box.requests("INVITE")] == rung


def test_nobody_believes_a_browser_on_a_trusted_peer_who_calls_or_where_it_is(box: Box) -> None:
    """RFC 3325 section 5; and no place of a Path that it names is gone to."""
    way = browser()
    box.directory.peers = {way.remote[0]: "pbx"}
    box.phone("104", way, "sip:104@a.invalid;transport=ws", path=("<sip:198.51.100.66;lr>",), connected=False)
    said = ["P-Asserted-Identity: <sip:b@c>"]
    forged = request("INVITE", "sip:101@desk.example", caller="104", flow=way, headers=said)
    box.receive(forged, way)
    ((invite, _),) = box.requests("INVITE")
    assert not invite.lines("p-asserted-identity")
    box.receive(request("INVITE", "sip:104@desk.example", flow=DESK, call_id="call-2"), DESK)
    assert box.requests("INVITE") == []


def test_browser_on_a_trusted_peer_is_called_back_over_its_connection_alone(box: Box) -> None:
    """Whatever place it names as its own."""
    way = browser()
    box.directory.peers = {way.remote[0]: "pbx"}
    box.account("104")
    box.receive(request("INVITE", "sip:101@desk.example", caller="104", flow=way), way)
    box.receive(reply(box.request("INVITE"), 200), DESK)
    bye = request(
        "BYE", f"sip:104@{way.remote[0]}:5070;transport=udp", flow=DESK, caller="101", to="<sip:104@desk.example>",
        tag="callee", to_tag="caller", routes=route_set(box.responses()[-1], callee=True),
    )  # fmt: skip
    box.receive(bye, DESK)
    assert [target for _, target in box.requests("BYE")] == [way]


@pytest.mark.parametrize(("transport", "ends"), [("ws", True), ("wss", True), ("tcp", False), ("tls", False)])
def test_phone_rings_no_longer_for_a_page_that_was_left(box: Box, transport: str, ends: bool) -> None:
    """A desk phone may hear of the answer over another connection (section 18.2.2)."""
    way = browser(transport)
    box.phone("102", way, CONTACT)
    box.receive(request("INVITE", "sip:101@desk.example", caller="102", flow=way, to="<sip:101@desk.example>"), way)
    ((invite, _),) = box.requests("INVITE")
    box.receive(reply(invite, 180), DESK)
    box.taken()
    box.proxy.closed(browser(transport, 8), box.now)
    assert box.taken() == []
    box.proxy.closed(way, box.now)
    assert len(box.requests("CANCEL")) == ends
    if ends:
        box.receive(reply(invite, 487), DESK)
        assert [record.result for record in box.records] == [487]
        assert [call.text for call in box.incoming] == ["102 called: rang for 0 s, the caller gave up"]


def test_page_that_is_left_ends_no_call_that_is_up(box: Box) -> None:
    """Its reload may go on with it, and the other side hears that nobody speaks."""
    way = browser()
    box.phone("102", way, CONTACT)
    box.receive(request("INVITE", "sip:101@desk.example", caller="102", flow=way, to="<sip:101@desk.example>"), way)
    ((invite, _),) = box.requests("INVITE")
    box.receive(reply(invite, 200), DESK)
    box.taken()
    box.proxy.closed(way, box.now)
    assert (box.taken(), len(box.proxy.calls)) == ([], 1)
