"""Who may call whom: From, the dialled name, and what the caller is told."""

from __future__ import annotations

import pytest

from frontdesk.model import BindingState, Settings
from frontdesk.sip.wire import Destination
from tests.proxy.box import Box, Who, request, tcp, udp

A, B = udp("192.0.2.11"), udp("192.0.2.12")


@pytest.fixture
def box() -> Box:
    box = Box()
    box.account("101", "1001", "front.desk")
    box.phone("101", A)
    box.account("102", "2000", "d\u00fcrr")
    box.phone("102", B)
    return box


def status(box: Box, uri: str, who: Who | None = None, method: str = "MESSAGE", **more: object) -> int:
    """0: passed on."""
    box.receive(request(method, uri, **more), A, who)  # type: ignore[arg-type]
    sent = box.taken()
    return getattr(sent[0][0], "status", 0)


@pytest.mark.parametrize(
    "uri",
    [
        "sip:102@desk.example", "sip:102@DESK.example:5060", "sip:102@192.0.2.1", "sip:102@[2001:db8::1]:5060",
        "sip:2000@desk.example", "sip:%3102@desk.example", "sip:d%C3%BCrr@desk.example",
        "sip:102;phone-context=x@desk.example", "sip:102@192.0.2.1;transport=tcp;user=phone",
    ],
)  # fmt: skip
def test_account_is_dialled_by_its_name_or_an_alias_at_any_served_host(box: Box, uri: str) -> None:
    assert status(box, uri) == 0


@pytest.mark.parametrize("uri", ["sip:102@elsewhere.example", "sip:102@192.0.2.1:5070", "sip:102@desk.example:99"])
def test_host_that_is_not_the_boxs_is_403(box: Box, uri: str) -> None:
    assert status(box, uri) == 403
    assert status(box, uri, Who(peer="trunk")) == 403


def test_unknown_name_is_404(box: Box) -> None:
    assert status(box, "sip:999@desk.example") == 404


def test_disabled_account_is_404_though_it_has_a_binding(box: Box) -> None:
    box.account("102", enabled=False)
    assert status(box, "sip:102@desk.example") == 404


def test_nor_is_its_place_called_by_its_contact(box: Box) -> None:
    box.account("door", enabled=False)
    box.phone("door", None, "sip:door@192.0.2.40", state=BindingState.STATIC)
    assert status(box, "sip:door@192.0.2.40") == 403


def test_account_without_a_binding_is_480(box: Box) -> None:
    box.account("103")
    assert status(box, "sip:103@desk.example") == 480


def test_account_whose_only_binding_has_expired_is_480(box: Box) -> None:
    box.phone("103", B, expires_at=box.now - 1)
    assert status(box, "sip:103@desk.example") == 480


def test_account_whose_only_binding_is_hopeless_is_480(box: Box) -> None:
    box.phone("103", None, "sip:x@abc.invalid")
    assert status(box, "sip:103@desk.example") == 480


@pytest.mark.parametrize(
    "uri",
    [
        "sip:101@desk.example", "sip:1001@192.0.2.1", "sip:front.desk@desk.example", "sips:101@desk.example",
        "sip:%31%30%31@desk.example", "sip:anonymous@anonymous.invalid", "sip:Anonymous@desk.example",
        "sip:anonymous@localhost", "sip:thisis@Anonymous.invalid", "sip:101@anonymous.invalid",
    ],
)  # fmt: skip
def test_from_is_any_name_of_the_account_or_anonymous(box: Box, uri: str) -> None:
    assert _from(box, uri) == 0


@pytest.mark.parametrize(
    "uri",
    [
        "sip:102@desk.example", "sip:101@elsewhere.example", "sip:desk.example", "tel:101",
        "sip:anonymous.101@elsewhere.example", "sip:somebody@anonymous.invalid.example",
        "sip:102@anonymous.invalid",
    ],
)  # fmt: skip
def test_other_from_is_403(box: Box, uri: str) -> None:
    assert _from(box, uri) == 403


def test_trusted_peer_may_say_any_from(box: Box) -> None:
    assert _from(box, "sip:+49301234567@provider.example", Who(peer="provider")) == 0


def _from(box: Box, uri: str, who: Who | None = None) -> int:
    text = request("MESSAGE").replace("From: <sip:101@desk.example>", f"From: <{uri}>")
    box.receive(text, A, who or Who(box.directory.account("101")))
    return getattr(box.taken()[0][0], "status", 0)


def test_contact_of_a_registered_phone_may_be_called_as_in_a_transfer(box: Box) -> None:
    """RFC 5589: the one who transfers tells the other the Contact of the third."""
    box.phone("103", udp("192.0.2.13"), "sip:x7@192.0.2.13:5060;transport=udp")
    box.receive(request("INVITE", "sip:x7@192.0.2.13:5060;transport=udp"), A)
    ((invite, target),) = box.requests("INVITE")
    assert (invite.uri_text, target) == ("sip:x7@192.0.2.13:5060;transport=udp", udp("192.0.2.13"))
    box.receive(request("INVITE", "sip:x8@192.0.2.13:5060"), A)
    assert box.statuses() == [403]


@pytest.mark.parametrize(
    ("uri", "rung"),
    [
        ("sip:103-0x56@192.0.2.13:45242;transport=tcp", "103"),  # as baresip names itself in a call
        ("sip:104-0x57@192.0.2.13:45242;transport=TCP", "104"),
        ("sip:somebody@192.0.2.14:45299;transport=tcp", "105"),
        ("sip:somebody@192.0.2.13:45242;transport=tcp", None),  # one of two at that connection
        ("sip:103-0x56@192.0.2.13:45242", None),
        ("sip:103-0x56@192.0.2.13:45243;transport=tcp", None),
    ],
)
def test_phone_at_a_connection_may_be_called_by_its_port(box: Box, uri: str, rung: str | None) -> None:
    there = tcp("192.0.2.13", 45242)
    box.phone("103", there, "sip:103-0x56@192.0.2.13:45291;transport=tcp")
    box.phone("104", there, "sip:104-0x57@192.0.2.13:45291;transport=tcp")
    box.phone("105", tcp("192.0.2.14", 45299, 2), "sip:105@192.0.2.14:5060;transport=tcp")
    box.receive(request("INVITE", uri), A)
    if rung is None:
        assert box.statuses() == [403]
    else:
        ((invite, target),) = box.requests("INVITE")
        assert invite.uri.user is not None and invite.uri.user.startswith(rung)
        assert target == (there if rung != "105" else tcp("192.0.2.14", 45299, 2))


@pytest.mark.parametrize("uri", ["tel:102", "tel:1-0-2", "TEL:102;phone-context=desk.example"])
def test_number_without_a_host_is_one_of_the_box(box: Box, uri: str) -> None:
    """RFC 3261 section 19.1.6; a provider of IMS calls so."""
    box.receive(request("INVITE", uri), A)
    ((invite, target),) = box.requests("INVITE")
    assert (invite.uri_text, target) == ("sip:102@192.0.2.12:5060", B)
    assert [call.callee for call in box.proxy.calls.active(box.now)] == ["102"]


def test_number_without_a_host_that_nobody_has_is_the_trunks_or_404_and_listed(box: Box) -> None:
    box.receive(request("INVITE", "tel:+49-30-1234;isub=5", call_id="1"), A)
    assert box.statuses() == [404] and [record.callee for record in box.records] == ["+49301234"]
    box.proxy.settings = Settings(trunk="102")
    box.receive(request("INVITE", "tel:+49-30-1234", call_id="2"), A)
    assert box.request("INVITE").uri_text == "sip:+49301234@192.0.2.12:5060"


@pytest.mark.parametrize(
    ("uri", "callee"),
    [("urn:service:sos", "sos"), ("URN:Service:SOS", "sos"), ("urn:service:sos.police", "sos"),
     ("urn:service:sos.fire.forest", "sos.fire")],
)  # fmt: skip
def test_service_is_called_by_its_name_and_a_part_of_it_by_that_of_the_whole(box: Box, uri: str, callee: str) -> None:
    """RFC 5031: an emergency key, and 112 has its name."""
    place = Destination("192.0.2.40", None, None)
    for number, name in (("112", "sos"), ("118", "sos.fire")):
        box.account(number, name)
        box.phone(number, None, f"sip:{number}@192.0.2.40", state=BindingState.STATIC)
    box.receive(request("INVITE", uri, to=f"<{uri}>"), A)
    ((invite, target),) = box.requests("INVITE")
    assert (invite.uri_text, target) == (f"sip:{'112' if callee == 'sos' else '118'}@192.0.2.40", place)
    assert invite.to.uri.scheme == "urn"
    assert [call.callee for call in box.proxy.calls.active(box.now)] == [callee]


def test_service_that_nobody_is_called_by_is_404_and_what_is_no_service_416(box: Box) -> None:
    box.receive(request("INVITE", "urn:service:sos.police", call_id="1"), A)
    assert box.statuses() == [404] and [record.callee for record in box.records] == ["sos"]
    for number, uri in enumerate(("urn:service:", "urn:service:sos.", "urn:nena:service:sos", "urn:service:a%40b")):
        box.receive(request("INVITE", uri, call_id=f"2{number}"), A)
        assert box.statuses() == [416]
