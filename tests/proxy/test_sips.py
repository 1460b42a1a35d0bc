"""What SIPS asks of a way to a phone, and TLS of the box's own addresses (RFC 5630, RFC 5658)."""

from __future__ import annotations

import pytest

from frontdesk.events import NO_SIPS, ONLY_SIPS
from frontdesk.sip.message import Response
from frontdesk.sip.wire import Destination, Flow
from tests.proxy.box import Box, Who, reply, request, tcp, udp

SECURE = ("192.0.2.1", 5061)


def tls(host: str, connection: int = 1, port: int = 49152) -> Flow:
    """The connection of a phone at that address."""
    return Flow("tls", SECURE, (host, port), connection)


CALLER, PHONE = tls("192.0.2.11", 8), tls("192.0.2.12", 9)


@pytest.fixture
def box() -> Box:
    box = Box()
    box.directory.listen(*SECURE, "tls")
    box.phone("101", CALLER, "sips:101@192.0.2.11")
    return box


def call(box: Box, uri: str = "sips:102@desk.example", flow: Flow = CALLER, **more: str) -> None:
    box.receive(request("INVITE", uri, flow=flow, **more), flow)  # type: ignore[arg-type]


def rung(box: Box) -> list[tuple[str, object]]:
    return [(invite.uri_text, target) for invite, target in box.requests("INVITE")]


@pytest.mark.parametrize(
    ("contact", "flow"),
    [
        ("sip:102@192.0.2.12:5060", udp("192.0.2.12")),
        ("sip:102@192.0.2.12;transport=tcp", tcp("192.0.2.12")),
        ("sip:102@192.0.2.12;transport=tls", PHONE),
        ("sip:102@192.0.2.12;transport=tls", None),
        ("sips:102@192.0.2.12", tcp("192.0.2.12")),
        ("SIPS:102@192.0.2.12", udp("192.0.2.12")),
    ],
)
def test_call_that_is_to_be_safe_rings_nobody_in_the_clear(box: Box, contact: str, flow: Flow | None) -> None:
    box.phone("102", flow, contact)
    call(box)
    ((answer, target),) = box.taken()
    assert isinstance(answer, Response) and (answer.status, target) == (480, CALLER)
    assert answer.values("warning") == ['380 desk.example "SIPS Not Allowed"']


def test_whose_phone_is_not_safe_enough_is_told_so(box: Box) -> None:
    box.phone("102", udp("192.0.2.12"))
    call(box)
    assert [each.text for each in box.incoming] == [f"101 called: {NO_SIPS}"]
    box.account("103")
    call(box, "sips:103@desk.example", call_id="call-2", to="<sips:103@desk.example>")
    assert box.incoming[-1].text == "101 called: no phone was registered"


@pytest.mark.parametrize(
    ("status", "warning", "words"),
    [
        (480, '380 phone "SIPS Not Allowed"', NO_SIPS), (416, "", NO_SIPS),
        (480, '381 phone "SIPS Required"', ONLY_SIPS), (480, '399 phone "Off"', "its phone is not available"),
        (480, '380 phone, "', NO_SIPS),
    ],
)  # fmt: skip
def test_what_a_phone_says_of_the_scheme_is_told(box: Box, status: int, warning: str, words: str) -> None:
    box.phone("102", PHONE, "sips:102@192.0.2.12")
    call(box)
    box.receive(reply(box.request("INVITE"), status, headers=[("warning", warning)] if warning else []), PHONE)
    assert [each.text for each in box.incoming] == [f"101 called: {words}"]


def test_what_one_phone_says_of_the_scheme_is_not_told_where_another_has_rung(box: Box) -> None:
    others = (PHONE, tls("192.0.2.13", 10))
    for phone in others:
        box.phone("102", phone, f"sips:102@{phone.remote[0]}")
    call(box)
    first, second = (invite for invite, _ in box.requests("INVITE"))
    box.receive(reply(first, 480, headers=[("warning", '380 phone "SIPS Not Allowed"')]), others[0])
    for status in (180, 480):
        box.receive(reply(second, status), others[1])
    assert [each.text for each in box.incoming] == ["101 called: rang for 0 s, nobody answered"]


@pytest.mark.parametrize("second", [(480, "381"), (480, ""), (503, "381")])
def test_of_two_phones_the_first_that_says_something_of_the_scheme_is_told(
    box: Box, second: tuple[int, str]
) -> None:
    others, (status, warning) = (PHONE, tls("192.0.2.13", 10)), second
    for phone in others:
        box.phone("102", phone, f"sips:102@{phone.remote[0]}")
    call(box)
    asked = [invite for invite, _ in box.requests("INVITE")]
    box.receive(reply(asked[0], 480, headers=[("warning", '380 phone "SIPS Not Allowed"')]), others[0])
    more = [("warning", f'{warning} phone "SIPS Required"')] if warning else []
    box.receive(reply(asked[1], status, headers=more), others[1])
    assert "which its phone does not do" in box.incoming[0].text


def test_what_a_phone_says_of_the_scheme_with_another_refusal_is_not_told(box: Box) -> None:
    box.phone("102", PHONE, "sips:102@192.0.2.12")
    call(box)
    invite = box.request("INVITE")
    box.receive(reply(invite, 500, headers=[("warning", '380 phone "SIPS Not Allowed"')]), PHONE)
    box.incoming[0].result = 480
    assert "SIPS" not in box.incoming[0].text


@pytest.mark.parametrize("flow", [PHONE, None], ids=["registered", "static"])
@pytest.mark.parametrize("scheme", ["sips", "SIPS"])
def test_it_rings_who_is_reached_so(box: Box, scheme: str, flow: Flow | None) -> None:
    box.phone("102", udp("192.0.2.13"), "sip:102@192.0.2.13")
    box.phone("102", flow, f"{scheme}:102@192.0.2.12")
    call(box)
    assert rung(box) == [(f"{scheme}:102@192.0.2.12", flow or Destination("192.0.2.12", None, "tls"))]


def test_of_a_phones_flows_it_takes_the_safe_one(box: Box) -> None:
    box.phone("102", udp("192.0.2.12"), "sip:102@192.0.2.12", instance="<urn:uuid:1>", reg_id=1, seen_at=2.0)
    box.phone("102", PHONE, "sips:102@192.0.2.12", instance="<urn:uuid:1>", reg_id=2, seen_at=1.0)
    call(box)
    assert rung(box) == [("sips:102@192.0.2.12", PHONE)]


@pytest.mark.parametrize("scheme", ["sips", "SIPS"])
def test_call_by_sip_stays_one_and_goes_to_a_sips_contact_over_tls(box: Box, scheme: str) -> None:
    way = {"instance": "<urn:uuid:1>"}
    box.phone("102", PHONE, f"{scheme}:102@192.0.2.12:5061;x=1", reg_id=1, seen_at=2.0, **way)
    box.phone("102", tls("192.0.2.12", 10), f"{scheme}:102@192.0.2.12:5061;x=2", reg_id=2, seen_at=1.0, **way)
    call(box, "sip:102@desk.example")
    assert rung(box) == [("sip:102@192.0.2.12:5061;x=1", PHONE)]
    box.pass_time(5.0)
    assert ("sip:102@192.0.2.12:5061;x=2", tls("192.0.2.12", 10)) in rung(box)


def test_connection_that_is_closed_is_no_way_to_a_phone_without_a_certificate(box: Box) -> None:
    box.phone("102", PHONE, "sip:102@192.0.2.12;transport=tls", connected=False)
    call(box, "sip:102@desk.example")
    assert [getattr(message, "status", 0) for message, _ in box.taken()] == [480]


@pytest.mark.parametrize(("path", "is_there"), [("sip:192.0.2.12;lr", False), ("sips:192.0.2.12;lr", True)])
def test_path_of_a_connection_over_tls_that_is_closed_is_not_gone_in_the_clear(
    box: Box, path: str, *, is_there: bool
) -> None:
    box.phone("102", PHONE, "sip:102@10.0.0.5", connected=False, path=(f"<{path}>",))
    call(box, "sip:102@desk.example")
    assert [target for _, target in rung(box)] == ([Destination("192.0.2.12", None, "tls")] if is_there else [])


def test_ack_in_a_dialog_by_sips_is_not_sent_in_the_clear(box: Box) -> None:
    phone = box.phone("102", PHONE, "sips:102@192.0.2.12")
    call(box)
    ((invite, _),) = box.requests("INVITE")
    box.receive(reply(invite, 200, headers=[("contact", "<sips:102@192.0.2.12>")]), PHONE)
    box.taken()
    phone.flow = udp("192.0.2.12")
    routes, to = invite.values("record-route"), "<sips:102@desk.example>"
    box.receive(request("ACK", "sips:102@192.0.2.12", flow=CALLER, to_tag="callee", routes=routes, to=to), CALLER)
    assert box.taken() == []


@pytest.mark.parametrize(
    ("uri", "contact", "routes"),
    [
        ("sips:102@desk.example", "sips:102@192.0.2.12", ["sips:{}@192.0.2.1:5061;lr"]),
        ("sip:102@desk.example", "sips:102@192.0.2.12", ["sip:{}@192.0.2.1:5061;lr;transport=tls"]),
    ],
)
def test_dialog_is_carried_on_over_tls(box: Box, uri: str, contact: str, routes: list[str]) -> None:
    box.phone("102", PHONE, contact)
    call(box, uri)
    ((invite, _),) = box.requests("INVITE")
    assert invite.values("via")[0].startswith("SIP/2.0/TLS 192.0.2.1:5061;branch=")
    values = [value.strip("<>") for value in invite.values("record-route")]
    token = values[0].partition(":")[2].partition("@")[0]
    assert values == [route.format(token) for route in routes]
    box.receive(reply(invite, 200, headers=[("contact", f"<{contact}>")]), PHONE)
    box.taken()
    box.receive(
        request(
            "BYE", contact, flow=CALLER, to_tag="callee", cseq=2, routes=[f"<{value}>" for value in values],
            caller="101", to=f"<{uri}>",
        ),
        CALLER,
    )  # fmt: skip
    ((bye, target),) = box.requests("BYE")
    assert (bye.uri_text, target, bye.values("route")) == (contact, PHONE, [])


def test_dialog_between_tls_and_udp_has_a_route_of_each(box: Box) -> None:
    box.phone("102", udp("192.0.2.12"), "sip:102@192.0.2.12")
    call(box, "sip:102@desk.example")
    ((invite, _),) = box.requests("INVITE")
    ends = [value.partition("@")[2] for value in invite.values("record-route")]
    assert ends == ["192.0.2.1:5060;lr>", "192.0.2.1:5061;lr;transport=tls>"]


def test_request_that_goes_out_over_tls_names_where_the_box_hears_it(box: Box) -> None:
    """Not the port of the connection, nor that of UDP and TCP."""
    box.phone("102", None, "sip:102@pbx.example;transport=tls")
    call(box, "sip:102@desk.example")
    ((invite, target),) = box.requests("INVITE")
    assert target == Destination("pbx.example", None, "tls")
    assert invite.values("via")[0].startswith("SIP/2.0/TLS 192.0.2.1:5061;branch=")


@pytest.mark.parametrize(("parameter", "is_there"), [(";transport=tls", True), (";transport=tcp", False), ("", False)])
def test_phone_at_a_connection_over_tls_may_be_called_by_its_port(box: Box, parameter: str, *, is_there: bool) -> None:
    box.phone("102", PHONE, "sip:102@192.0.2.12:5062;transport=tls")
    call(box, f"sip:102@192.0.2.12:49152{parameter}")
    assert [target for _, target in rung(box)] == ([PHONE] if is_there else [])


def test_peer_that_called_over_tls_is_called_back_over_its_connection(box: Box) -> None:
    """Its certificate is of a name that nobody here knows, and nothing goes to it in the clear instead."""
    peer = tls("198.51.100.70", 5)
    box.directory.peers["198.51.100.70"] = "pbx"
    box.phone("102", PHONE, "sip:102@192.0.2.12;transport=tls")
    box.receive(request("INVITE", "sip:102@desk.example", flow=peer), peer, Who(peer="pbx"))
    ((invite, _),) = box.requests("INVITE")
    bye = request(
        "BYE", "sips:gw@198.51.100.70", caller="102", flow=PHONE, routes=invite.values("record-route"),
        tag="callee", to_tag="caller", to="<sip:101@desk.example>",
    )  # fmt: skip
    box.receive(bye, PHONE)
    ((_, target),) = box.requests("BYE")
    assert target == peer


PEER = tls("198.51.100.70", 5)


def called_by_peer(box: Box) -> list[str]:
    """Its Routes, as the phone that it has called has them."""
    box.directory.peers[PEER.remote[0]] = "pbx"
    box.phone("102", PHONE, "sip:102@192.0.2.12;transport=tls")
    box.receive(request("INVITE", "sip:102@desk.example", flow=PEER), PEER, Who(peer="pbx"))
    ((invite, _),) = box.requests("INVITE")
    return invite.values("record-route")


def say(box: Box, method: str, contact: str, routes: list[str], cseq: int) -> None:
    text = request(
        method, contact, caller="102", flow=PHONE, routes=routes, tag="callee", to_tag="caller", cseq=cseq,
        to="<sip:101@desk.example>",
    )  # fmt: skip
    box.receive(text, PHONE)


def test_peer_whose_connection_over_tls_is_closed_is_asked_where_it_says(box: Box) -> None:
    """As after a restart of the box: it would talk on for hours, since nobody there has heard that the phone hung up.
    It is asked there at once from then on, since an ACK is sent no second time."""
    contact, there = "sip:gw@198.51.100.70:5071;transport=TLS", Destination("198.51.100.70", 5071, "tls")
    routes = called_by_peer(box)
    say(box, "INVITE", contact, routes, 2)
    ((invite, first),) = box.requests("INVITE")
    box.layer.transport_failed(f"INVITE {invite.via.branch}", box.now)
    ((invite, second),) = box.requests("INVITE")
    assert (first, second) == (PEER, there)
    box.receive(reply(invite, 200), PEER)
    for method, cseq in (("ACK", 2), ("BYE", 3)):
        say(box, method, contact, routes, cseq)
        assert [target for _, target in box.requests(method)] == [there]


@pytest.mark.parametrize(
    ("contact", "peer"),
    [
        ("sip:gw@pbx.example;transport=tls", "198.51.100.70"), ("sip:gw@198.51.100.70;transport=ws", "198.51.100.70"),
        ("sip:gw@198.51.100.70:5060;transport=udp", "198.51.100.70"), ("sips:gw@198.51.100.70", "198.51.100.71"),
    ],
)  # fmt: skip
def test_whose_connection_over_tls_is_closed_is_asked_nowhere_else(box: Box, contact: str, peer: str) -> None:
    """A phone, or who is no peer any more, has no connection opened to him."""
    routes = called_by_peer(box)
    box.directory.peers = {peer: "pbx"}
    say(box, "BYE", contact, routes, 2)
    key = box.wire[-1].key
    assert len(box.requests("BYE")) == 1
    box.layer.transport_failed(key, box.now)
    assert [getattr(each, "status", 0) for each, _ in box.taken()] == [480]


def test_connection_that_has_outlived_its_listener_keeps_its_own_address(box: Box) -> None:
    box.phone("102", PHONE, "sip:102@192.0.2.12;transport=tls")
    box.directory.listen_only({("udp", ("192.0.2.1", 5060))})
    call(box, "sip:102@desk.example")
    ((invite, _),) = box.requests("INVITE")
    assert invite.values("via")[0].startswith("SIP/2.0/TLS 192.0.2.1:5061;branch=")
