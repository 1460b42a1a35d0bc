"""What accounts dial and nobody here has goes to the trunk's places, under the number that was dialled."""

from __future__ import annotations

import pytest

from frontdesk.model import Settings
from frontdesk.proxy.response_context import SILENCE
from frontdesk.sip.message import Request
from frontdesk.sip.wire import Destination, Target
from tests.proxy.box import Box, Who, reply, request, route_set, udp

A, B, PBX = udp("192.0.2.11"), udp("192.0.2.12"), udp("192.0.2.20")


@pytest.fixture
def box() -> Box:
    box = Box(Settings(trunk="pbx"))
    box.phone("101", A)
    box.phone("102", B)
    box.phone("pbx", None, "sip:192.0.2.20:5060", state="static")
    return box


def sent(box: Box, uri: str, who: Who | None = None, method: str = "INVITE") -> list[tuple[Request, Target]]:
    box.receive(request(method, uri), A, who)
    return box.requests(method)


@pytest.mark.parametrize("number", ["0301234", "112", "+49301234", "*21*99#", "*21*99%23", "a;phone-context=b"])
def test_number_that_nobody_has_goes_out_as_it_was_dialled(box: Box, number: str) -> None:
    ((invite, target),) = sent(box, f"sip:{number}@desk.example;user=phone")
    assert invite.uri_text == f"sip:{number}@192.0.2.20:5060"
    assert target == Destination("192.0.2.20", 5060, None)


def test_own_numbers_stay_in_the_house(box: Box) -> None:
    ((invite, target),) = sent(box, "sip:102@desk.example")
    assert (invite.uri_text, target) == ("sip:102@192.0.2.12:5060", B)


def test_trunk_that_is_dialled_by_its_name_rings_at_its_place(box: Box) -> None:
    ((invite, _),) = sent(box, "sip:pbx@desk.example")
    assert invite.uri_text == "sip:192.0.2.20:5060"


def test_trunk_that_registers_gets_the_number_over_its_flow(box: Box) -> None:
    box.phone("gsm", PBX, "sip:gsm:x@192.0.2.20;line=7;transport=udp")
    box.proxy.settings = Settings(trunk="gsm")
    ((invite, target),) = sent(box, "sip:0301234@desk.example")
    assert (invite.uri_text, target) == ("sip:0301234@192.0.2.20;line=7;transport=udp", PBX)


def test_second_trunk_is_tried_where_the_first_says_nothing(box: Box) -> None:
    box.phone("pbx", None, "sip:192.0.2.30", state="static", q=0.5)
    assert [invite.uri_text for invite, _ in sent(box, "sip:0301234@desk.example")] == ["sip:0301234@192.0.2.20:5060"]
    box.pass_time(SILENCE)
    assert "sip:0301234@192.0.2.30" in [invite.uri_text for invite, _ in box.requests("INVITE")]


def test_call_through_the_trunk_goes_on_as_any_other(box: Box) -> None:
    ((invite, _),) = sent(box, "sip:0301234@desk.example")
    answer = reply(invite, 200)
    box.receive(answer, PBX)
    routes = route_set(answer)
    box.receive(request("ACK", "sip:0301234@192.0.2.20", to_tag="callee", routes=routes), A)
    box.receive(request("BYE", "sip:0301234@192.0.2.20", to_tag="callee", routes=routes, cseq=2), A)
    assert [(each.method, to) for each, to in box.requests()] == [
        ("ACK", Destination("192.0.2.20", 5060, None)), ("BYE", Destination("192.0.2.20", 5060, None)),
    ]  # fmt: skip
    assert [call.callee for call in box.proxy.calls.active(box.now)] == ["0301234"]


@pytest.mark.parametrize("who", [Who(), Who(peer="pbx")], ids=["one that came round", "a trusted peer"])
def test_what_comes_in_does_not_go_out_again(box: Box, who: Who) -> None:
    box.receive(request("INVITE", "sip:0301234@desk.example"), PBX, who)
    assert box.statuses() == [404]


def test_nor_does_what_the_trunk_itself_sends(box: Box) -> None:
    box.receive(request("INVITE", "sip:0301234@desk.example", caller="pbx"), PBX)
    assert box.statuses() == [404]


@pytest.mark.parametrize("uri", ["sip:0301234@elsewhere.example", "sip:103@desk.example", "sip:desk.example"])
def test_other_domains_nobody_and_disabled_accounts_are_no_numbers_of_the_trunk(box: Box, uri: str) -> None:
    box.account("103", enabled=False)
    box.receive(request("INVITE", uri), A)
    (status,) = box.statuses()
    assert status in (403, 404)


@pytest.mark.parametrize("state", ["no account", "disabled", "no place"])
def test_trunk_that_is_not_there_leads_nowhere(box: Box, state: str) -> None:
    if state == "no account":
        box.directory.drop("pbx")
    elif state == "disabled":
        box.account("pbx", enabled=False)
    else:
        box.bindings.pop()
        box.restart()
    box.receive(request("INVITE", "sip:0301234@desk.example"), A)
    assert box.statuses() == [480 if state == "no place" else 404]


@pytest.mark.parametrize(
    ("uri", "sent_to"),
    [
        ("sip:+4930@192.0.2.20", "sip:+4930@192.0.2.20:5060"),
        ("sip:asterisk@192.0.2.20:5060;transport=udp", "sip:asterisk@192.0.2.20:5060"),
        ("sip:101@192.0.2.20", "sip:101@192.0.2.20:5060"),
    ],
)
def test_who_is_named_at_the_trunks_place_is_called_through_it(box: Box, uri: str, sent_to: str) -> None:
    """The caller of a PBX who is transferred from one phone to the other (RFC 5589)."""
    replaces = "Replaces: call-7;to-tag=1;from-tag=2"
    box.receive(request("INVITE", uri, headers=[replaces]), A)
    ((invite, target),) = box.requests("INVITE")
    assert (invite.uri_text, target) == (sent_to, Destination("192.0.2.20", 5060, None))
    assert invite.lines("replaces") == [replaces.partition(" ")[2]]


@pytest.mark.parametrize(
    ("uri", "who"),
    [("sip:1@192.0.2.20:5070", None), ("sip:1@192.0.2.21", None), ("sips:1@192.0.2.20", None),
     ("sip:1@192.0.2.20", Who(peer="gate")), ("sip:1@192.0.2.20", Who())],
)  # fmt: skip
def test_no_other_place_is_called_so_nor_the_trunks_by_who_has_no_account(box: Box, uri: str, who: Who | None) -> None:
    box.receive(request("INVITE", uri), A, who)
    assert box.statuses() == [403]


def test_place_of_a_trunk_that_is_disabled_is_called_by_nobody(box: Box) -> None:
    box.account("pbx", enabled=False)
    box.receive(request("INVITE", "sip:1@192.0.2.20"), A)
    assert box.statuses() == [403]


def test_place_over_tls_has_the_port_of_tls(box: Box) -> None:
    box.phone("tls", None, "sip:pbx.example.com;transport=tls", state="static")
    box.proxy.settings = Settings(trunk="tls")
    ((invite, _),) = sent(box, "sip:+4930@PBX.example.com:5061;transport=tls")
    assert invite.uri_text == "sip:+4930@pbx.example.com;transport=tls"
