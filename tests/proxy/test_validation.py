"""RFC 3261 section 16.3, steps 1 to 5 in their order."""

import pytest

from frontdesk.sip.message import Request, Response
from frontdesk.sip.parser import parse_message
from tests.proxy.box import BOX, Box, request, udp

A = udp("192.0.2.11")


def answer(text: str) -> Response:
    box = Box()
    box.phone("101", A)
    box.phone("102", udp("192.0.2.12"))
    box.receive(text, A)
    responses = box.responses()
    return responses[-1]


@pytest.mark.parametrize("uri", ["fax:102", "mailto:somebody@desk.example", "unknown:totallyopaquecontent"])
def test_unknown_scheme_is_416(uri: str) -> None:
    assert answer(request("MESSAGE", uri)).status == 416


def test_no_forwards_left_is_483() -> None:
    assert answer(request("MESSAGE", headers=["Max-Forwards: 0"])).status == 483


def test_options_for_the_box_itself_needs_no_forwards() -> None:
    box = Box()
    box.proxy.validate(_parsed(request("OPTIONS", f"sip:{BOX[0]}", headers=["Max-Forwards: 0"])))


def test_options_for_a_phone_needs_forwards() -> None:
    assert answer(request("OPTIONS", headers=["Max-Forwards: 0"])).status == 483


@pytest.mark.parametrize("header", ["Max-Forwards: many", "Max-Forwards: -1", "Max-Breadth: x", "Max-Forwards: \u0663"])
def test_broken_number_is_400(header: str) -> None:
    assert answer(request("MESSAGE", headers=[header])).status == 400


def test_no_breadth_left_is_440() -> None:
    assert answer(request("INVITE", headers=["Max-Breadth: 0"])).status == 440


def test_who_goes_no_further_needs_no_breadth() -> None:
    box = Box()
    box.proxy.validate(_parsed(request("REGISTER", f"sip:{BOX[0]}", headers=["Max-Breadth: 0"])))


def test_proxy_require_is_420_and_names_each_option() -> None:
    response = answer(request("INVITE", headers=["Proxy-Require: sec-agree, foo", "Proxy-Require: bar"]))
    assert (response.status, response.values("unsupported")) == (420, ["sec-agree", "foo", "bar"])


def test_proxy_require_means_nothing_in_an_ack() -> None:
    box = Box()
    box.proxy.validate(_parsed(request("ACK", headers=["Proxy-Require: foo"])))


@pytest.mark.parametrize(
    ("uri", "headers", "status"),
    [
        ("fax:102", ["Max-Forwards: 0", "Max-Breadth: 0", "Proxy-Require: foo"], 416),
        ("sip:102@desk.example", ["Max-Forwards: 0", "Max-Breadth: 0", "Proxy-Require: foo"], 483),
        ("sip:102@desk.example", ["Max-Breadth: 0", "Proxy-Require: foo"], 440),
        ("sip:102@elsewhere.example", ["Proxy-Require: foo"], 420),
    ],
)
def test_first_check_that_fails_answers(uri: str, headers: list[str], status: int) -> None:
    assert answer(request("MESSAGE", uri, headers=headers)).status == status


def _parsed(text: str) -> Request:
    message = parse_message(text.encode())
    assert isinstance(message, Request)
    return message
