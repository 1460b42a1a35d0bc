"""Requests in a dialog: along good tokens, to where the phone is, no other way (RFC 3261 section 16.4, RFC 5658)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from frontdesk.model import BindingState
from frontdesk.sip.message import Request, Response
from frontdesk.sip.parser import parse_message
from frontdesk.sip.wire import Destination, Flow, Target
from tests.proxy.box import Box, Who, reply, request, route_set, tcp, udp

A, B = udp("192.0.2.11"), udp("192.0.2.12")


@dataclass
class Up:
    """A call that was answered."""

    invite: Request
    ok: Response
    caller: Flow
    callee: Flow


def call(box: Box, caller: Flow, callee: Flow, uri: str = "sip:102@desk.example") -> Up:
    box.receive(request("INVITE", uri, flow=caller), caller)
    invite = box.request("INVITE")
    box.receive(reply(invite, 200, headers=[("contact", invite.uri_text)]), callee)
    return Up(invite, box.responses()[-1], caller, callee)


@pytest.fixture
def up(box: Box) -> Up:
    """From 101 to 102."""
    return call(box, A, B)


def from_caller(box: Box, up: Up, method: str, **more: object) -> list[tuple[Request, Target]]:
    routes = more.pop("routes", route_set(up.ok))
    text = request(method, up.invite.uri_text, flow=up.caller, to_tag="callee", cseq=2, routes=routes, **more)  # type: ignore[arg-type]
    box.receive(text, up.caller)
    return box.requests(method)


def from_callee(box: Box, up: Up, method: str, **more: object) -> list[tuple[Request, Target]]:
    routes = more.pop("routes", route_set(up.ok, callee=True))
    text = request(
        method, "sip:101@10.1.1.1", flow=up.callee, caller="102", to="<sip:101@desk.example>",
        tag="callee", to_tag="caller", routes=routes, **more,  # type: ignore[arg-type]
    )  # fmt: skip
    box.receive(text, up.callee)
    return box.requests(method)


FLOWS = [
    udp("192.0.2.21"),
    tcp("192.0.2.21", connection=5),
    udp("2001:db8::21"),
    tcp("2001:db8::21", connection=6),
    udp("198.51.100.7", 61022),
]


@pytest.mark.parametrize("caller", FLOWS, ids=str)
@pytest.mark.parametrize("callee", FLOWS, ids=str)
def test_both_sides_are_reached_over_their_flows(caller: Flow, callee: Flow) -> None:
    box = Box()
    box.phone("101", caller, "sip:101@10.0.0.1")
    box.phone("102", callee, "sip:102@10.0.0.2")
    up = call(box, caller, callee)
    for method in ("ACK", "INFO", "BYE"):
        ((there, target),) = from_caller(box, up, method)
        assert (target, there.uri_text, there.values("route")) == (callee, "sip:102@10.0.0.2", [])
    ((back, target),) = from_callee(box, up, "BYE")
    assert (target, back.uri_text, back.values("route")) == (caller, "sip:101@10.1.1.1", [])


def test_caller_who_is_not_registered_is_reached_over_his_flow() -> None:
    box = Box()
    box.account("101")
    box.phone("102", B)
    caller = tcp("198.51.100.9", connection=9)
    up = call(box, caller, B)
    assert [target for _, target in from_callee(box, up, "BYE")] == [caller]


def test_phone_that_has_reconnected_is_found_again() -> None:
    box = Box()
    box.phone("101", A)
    binding = box.phone("102", tcp("192.0.2.12", connection=1))
    up = call(box, A, tcp("192.0.2.12", connection=1))
    binding.flow = tcp("192.0.2.12", 50000, connection=2)
    assert [target for _, target in from_caller(box, up, "BYE")] == [binding.flow]


def test_caller_who_has_reconnected_is_found_again_by_his_own_binding() -> None:
    """An adapter with two lines: both accounts are registered over one connection."""
    box = Box()
    flow = tcp("192.0.2.11", connection=1)
    other, mine = box.phone("100", flow), box.phone("101", flow)
    box.phone("102", B)
    up = call(box, flow, B)
    mine.flow, other.flow = tcp("192.0.2.11", 50001, connection=2), tcp("192.0.2.11", 50002, connection=3)
    assert [target for _, target in from_callee(box, up, "BYE")] == [mine.flow]


def test_caller_whose_connection_is_closed_is_reached_where_his_contact_is_registered(box: Box) -> None:
    """A phone that takes TCP for a long INVITE alone, as RFC 3261 section 18.1.1 has it, and closes it when idle."""
    line = tcp(A.remote[0], connection=7)
    box.receive(request("INVITE", flow=A), line)
    invite = box.request("INVITE")
    box.receive(reply(invite, 200), B)
    ((_, target),) = from_callee(box, Up(invite, box.responses()[-1], line, B), "BYE")
    assert target == A


def test_phone_that_has_moved_in_a_call_and_counts_as_another_is_where_the_request_says(box: Box, up: Up) -> None:
    there = udp("192.0.2.33")
    moved = box.phone("102", there)
    up.invite.retarget(moved.contact)
    ((_, target),) = from_caller(box, up, "BYE")
    assert target == there


PEER = "203.0.113.5"
LINE, PLACE = tcp(PEER, connection=8), udp(PEER, 40_000)
"""How a trusted peer calls: over a connection, or by UDP from a port of its own."""


@pytest.mark.parametrize(
    ("peer", "says", "wanted"),
    [
        (LINE, f"sip:101@{PEER}:5070;transport=tcp", Destination(PEER, 5070, "tcp")),
        (LINE, f"sip:101@{PEER}", Destination(PEER, None, "tcp")),
        (LINE, "sip:101@10.1.1.1", LINE),
        (PLACE, f"sip:101@{PEER}:5070", udp(PEER, 5070)),
        (PLACE, f"sip:101@{PEER}", udp(PEER)),
        (PLACE, f"sip:101@{PEER}:5070;transport=tcp", Destination(PEER, 5070, "tcp")),
        (PLACE, f"sip:101@{PEER}:5070;transport=sctp", PLACE),
        (PLACE, "sip:101@10.1.1.1", PLACE),
    ],
)
@pytest.mark.parametrize("record_routes", [False, True])
def test_trusted_peer_is_called_back_where_it_says(peer: Flow, says: str, wanted: Target, record_routes: bool) -> None:
    """In its Contact or, where the call is somebody's behind it, in its Record-Route; at its own address alone."""
    box = Box()
    box.directory.peers = {PEER: "pbx"}
    box.phone("102", B)
    headers = [f"Record-Route: <{says};lr>"] if record_routes else []
    box.receive(request("INVITE", flow=peer, headers=headers), peer, Who(None, "pbx"))
    invite = box.request("INVITE")
    box.receive(reply(invite, 200), B)
    routes = route_set(box.responses()[-1], callee=True)
    contact = "sip:gateway@198.51.100.70" if record_routes else says
    text = request(
        "BYE", contact, flow=B, caller="102", to="<sip:101@desk.example>", tag="callee", to_tag="caller", routes=routes,
    )  # fmt: skip
    box.receive(text, B)
    ((bye, target),) = box.requests("BYE")
    assert target == wanted
    assert bye.values("route") == ([f"<{says};lr>"] if record_routes else [])


@pytest.mark.parametrize("method", ["PRACK", "UPDATE", "INFO"])
def test_early_dialog_carries_requests_both_ways(box: Box, method: str) -> None:
    box.receive(request("INVITE", headers=["Supported: 100rel, 199"]), A)
    invite = box.request("INVITE")
    assert invite.values("supported") == ["100rel", "199"]
    box.receive(reply(invite, 183, headers=[("require", "100rel"), ("rseq", "1")]), B)
    progress = box.responses()[-1]
    assert (progress.status, progress.values("rseq")) == (183, ["1"])
    up = Up(invite, progress, A, B)
    assert [target for _, target in from_caller(box, up, method)] == [B]
    assert [target for _, target in from_callee(box, up, method)] == [A]


def test_notify_finds_its_subscriber() -> None:
    box = Box()
    subscriber = tcp("198.51.100.9", connection=9)
    box.account("101")
    box.phone("102", B)
    box.receive(request("SUBSCRIBE", flow=subscriber, headers=["Event: dialog"]), subscriber)
    subscribe = box.request("SUBSCRIBE")
    box.receive(reply(subscribe, 200), B)
    ((notify, target),) = from_callee(box, Up(subscribe, box.responses()[-1], subscriber, B), "NOTIFY")
    assert (target, notify.values("record-route") != []) == (subscriber, True)


@pytest.mark.parametrize("number", [0, 1])
def test_of_two_phones_at_one_private_contact_the_one_that_has_answered_is_meant(number: int) -> None:
    """Each is behind a router of its own, with an instance of its own: the same address there says nothing here."""
    box, flows = Box(), [udp("198.51.100.7", 61_001), udp("203.0.113.7", 61_002)]
    box.phone("101", A)
    for flow in flows:
        box.phone("102", flow, "sip:102@192.168.1.10:5060", instance=f"<urn:uuid:{flow.remote[0]}>")
    box.receive(request("INVITE"), A)
    invite = {flow: sent for sent, flow in box.requests("INVITE")}[flows[number]]
    box.receive(reply(invite, 200, headers=[("contact", "<sip:102@192.168.1.10:5060>")]), flows[number])
    up = Up(invite, box.responses()[-1], A, flows[number])
    assert [flow for _, flow in from_caller(box, up, "BYE")] == [flows[number]]


def test_phone_that_has_unregistered_is_still_reached(box: Box, up: Up) -> None:
    box.bindings.clear()
    box.restart()
    assert [target for _, target in from_caller(box, up, "BYE")] == [B]
    assert [target for _, target in from_callee(box, up, "BYE")] == [A]


def test_call_outlives_a_restart() -> None:
    before, after = Box(), Box()
    for box in (before, after):
        box.phone("101", A)
        box.phone("102", B)
    up = call(before, A, B)
    assert [target for _, target in from_caller(after, up, "BYE")] == [B]


def test_static_binding_is_reached_by_its_uri_in_the_dialog_too() -> None:
    box = Box()
    box.phone("101", A)
    box.phone("102", None, "sip:door@door.example:5070")
    up = call(box, A, udp("203.0.113.5", 5070))
    ((_, target),) = from_caller(box, up, "BYE")
    assert target[:2] == ("door.example", 5070)


@pytest.mark.parametrize(
    ("place", "address"),
    [("sip:192.0.2.50", (5060, "udp")), ("sip:192.0.2.50:5070;transport=tcp", (5070, "tcp")),
     ("sip:192.0.2.50;transport=tls", (5061, "tls"))],
)  # fmt: skip
def test_place_that_is_taken_away_in_a_call_hears_its_end(place: str, address: tuple[int, str]) -> None:
    """A trunk that is set to another address: at the old one the line would stay open, at the office's cost."""
    box = Box()
    box.directory.listen("192.0.2.1", 5061, "tls")
    box.phone("101", A)
    box.phone("102", None, place)
    up = call(box, A, udp("192.0.2.50"))
    del box.bindings[-1]
    box.restart()
    assert [target for _, target in from_caller(box, up, "BYE")] == [Destination("192.0.2.50", *address)]


def test_place_by_name_that_is_taken_away_in_a_call_hears_its_end() -> None:
    box = Box()
    box.phone("101", A)
    place = box.phone("102", None, "sip:102@provider.example", state=BindingState.STATIC)
    up = call(box, A, udp("192.0.2.50"))
    box.location.remove(place.aor, [place.id])
    assert [target for _, target in from_caller(box, up, "BYE")] == [Destination("provider.example", None, None)]


def test_phone_that_was_called_where_it_listens_is_found_where_it_listens_now() -> None:
    box = Box()
    box.phone("101", A)
    phone = box.phone("102", tcp("192.0.2.12"), "sip:102@192.0.2.12;transport=tcp", connected=False)
    up = call(box, A, udp("192.0.2.12"))
    phone.flow, phone.contact = tcp("192.0.2.33"), "sip:102@192.0.2.33;transport=tcp"
    assert [target for _, target in from_caller(box, up, "BYE")] == [Destination("192.0.2.33", None, "tcp")]


def test_each_fork_has_its_own_way() -> None:
    box = Box()
    box.phone("101", A)
    other = udp("192.0.2.22")
    box.phone("102", B)
    box.phone("102", other)
    box.receive(request("INVITE"), A)
    for invite, target in box.requests("INVITE"):
        assert isinstance(target, Flow)
        box.receive(reply(invite, 200, to_tag=target.remote[0]), target)
        up = Up(invite, box.responses()[-1], A, target)
        assert [to for _, to in from_caller(box, up, "ACK")] == [target]


def test_strict_router_that_puts_our_record_route_into_the_request_uri() -> None:
    box = Box()
    box.phone("101", A)
    box.phone("102", tcp("192.0.2.12"))
    up = call(box, A, tcp("192.0.2.12"))
    first, second = route_set(up.ok)
    text = request("BYE", first.strip("<>"), to_tag="callee", cseq=2, routes=[second, "<sip:102@10.0.0.2;x=y>"])
    box.receive(text, A)
    ((bye, target),) = box.requests("BYE")
    assert (bye.uri_text, bye.values("route"), target) == ("sip:102@10.0.0.2;x=y", [], tcp("192.0.2.12"))


def test_strict_router_that_left_no_route_is_400(box: Box, up: Up) -> None:
    (only,) = route_set(up.ok)
    box.receive(request("BYE", only.strip("<>"), to_tag="callee", cseq=2), A)
    assert box.statuses() == [400]


def test_route_set_beyond_the_box_is_kept_with_a_good_token(box: Box, up: Up) -> None:
    ((bye, target),) = from_caller(box, up, "BYE", routes=[*route_set(up.ok), "<sip:edge.example;lr>"])
    assert (bye.values("route"), target) == (["<sip:edge.example;lr>"], B)


def test_routes_in_one_line_are_taken_one_by_one() -> None:
    box = Box()
    box.phone("101", A)
    box.phone("102", tcp("192.0.2.12"))
    up = call(box, A, tcp("192.0.2.12"))
    ((bye, target),) = from_caller(box, up, "BYE", routes=[", ".join([*route_set(up.ok), "<sip:edge.example;lr>"])])
    assert (bye.values("route"), target) == (["<sip:edge.example;lr>"], tcp("192.0.2.12"))


def test_phones_own_route_to_the_box_does_not_hide_the_token(box: Box, up: Up) -> None:
    for routes in (["<sip:192.0.2.1;lr>", *route_set(up.ok)], [*route_set(up.ok), "<sip:192.0.2.1;lr>"]):
        assert [target for _, target in from_caller(box, up, "BYE", routes=routes)] == [B]


def test_route_is_read_however_it_is_written(box: Box, up: Up) -> None:
    """With a name, or with escapes that nobody asked for: Twinkle has %5a for Z (RFC 3261 section 19.1.4)."""
    (only,) = route_set(up.ok)
    token, _, rest = only.removeprefix("<sip:").partition("@")
    escaped = "".join(f"%{ord(char):x}" for char in token)
    for route in (f'"a, b" {only}', f"<sip:{escaped}@{rest}", f'"a, b" <sip:{escaped}@{rest}'):
        assert [target for _, target in from_caller(box, up, "ACK", routes=[route])] == [B]


@pytest.mark.parametrize("other", [{"call_id": "call-2"}, {"tag": "stranger"}, {"to_tag": ""}])
def test_token_in_another_dialog_opens_nothing(box: Box, up: Up, other: dict[str, str]) -> None:
    text = request("BYE", "sip:102@10.0.0.2", **{"to_tag": "callee", **other}, cseq=2, routes=route_set(up.ok))  # type: ignore[arg-type]
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    assert box.proxy.preprocess(message).dialog is None
    box.receive(text, A)
    assert box.statuses() == [403]


def test_in_dialog_ack_without_a_token_is_dropped(box: Box) -> None:
    call(box, A, B)
    box.receive(request("ACK", "sip:102@192.0.2.12:5060", to_tag="callee", routes=["<sip:192.0.2.1;lr>"]), A)
    assert box.taken() == []


def test_ack_with_no_forwards_left_is_dropped(box: Box, up: Up) -> None:
    assert from_caller(box, up, "ACK", headers=["Max-Forwards: 0"]) == []


def test_every_repeated_ack_goes_through(box: Box, up: Up) -> None:
    text = request("ACK", up.invite.uri_text, to_tag="callee", routes=route_set(up.ok), branch="z9hG4bKack")
    for _ in range(2):
        box.receive(text, A)
    assert [target for _, target in box.requests("ACK")] == [B, B]


@pytest.mark.parametrize(
    "route",
    ["<sip:192.0.2.1;lr>", "<sip:192.0.2.1:5060;lr;transport=tcp>", "<sip:DESK.example;lr>", "sip:101@192.0.2.1;lr"],
)
def test_phones_route_to_the_box_itself_is_dropped(box: Box, route: str) -> None:
    box.receive(request("INVITE", routes=[route]), A)
    ((invite, target),) = box.requests("INVITE")
    assert (invite.values("route"), target) == ([], B)


def test_route_to_elsewhere_is_refused_out_of_a_dialog(box: Box) -> None:
    for who in (None, Who(peer="trunk")):
        box.receive(request("INVITE", routes=["<sip:192.0.2.1;lr>", "<sip:elsewhere.example;lr>"]), A, who)
        assert box.statuses() == [403]


def test_route_that_cannot_be_read_is_400() -> None:
    box = Box()
    box.phone("101", A)
    box.receive(request("MESSAGE", routes=["<sip:192.0.2.1;lr"]), A)
    assert box.statuses() == [400]


def test_maddr_leads_nowhere(box: Box) -> None:
    box.receive(request("INVITE", "sip:102@desk.example;maddr=203.0.113.66"), A)
    assert [target for _, target in box.requests("INVITE")] == [B]


def test_phone_that_cannot_be_reached_in_a_dialog_is_480() -> None:
    box = Box()
    box.phone("101", A)
    box.phone("102", tcp("192.0.2.12"))
    up = call(box, A, tcp("192.0.2.12"))
    box.receive(request("INFO", up.invite.uri_text, to_tag="callee", cseq=2, routes=route_set(up.ok)), A)
    box.layer.transport_failed(box.wire[-1].key, box.now)
    assert box.statuses() == [480]
