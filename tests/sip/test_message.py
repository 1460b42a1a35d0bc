"""Changing and writing messages: what was not touched stays byte for byte (RFC 3261 sections 8.2.6 and 16.6)."""

import pytest

from frontdesk.sip.message import Request, Response, make_field
from frontdesk.sip.parser import parse_message

LINES = [
    "v: SIP/2.0/UDP a;branch=z9hG4bK1 ,SIP/2.0/UDP  b",
    "Via :SIP/2.0/TCP c",
    "f:  <sip:a@b>;tag=1",
    "To: <sip:c@d>",
    "i: x",
    "CSeq:  1   INVITE",
    "max-forwards: 070",
]


def invite(*more: str) -> Request:
    head = ["INVITE sip:c@d SIP/2.0", *LINES, *more, "", ""]
    message = parse_message("\r\n".join(head).encode())
    assert isinstance(message, Request)
    return message


def lines(message: Request | Response) -> list[str]:
    return message.encode().decode().split("\r\n")[1:-2]


def test_the_first_of_a_joined_list_goes_alone() -> None:
    request = invite()
    request.remove_first("via")
    assert lines(request) == ["Via: SIP/2.0/UDP  b", *LINES[1:]]
    request.remove_first("via")
    assert lines(request) == LINES[1:]


def test_a_replaced_header_stands_where_it_stood_and_views_follow() -> None:
    request = invite()
    assert request.cseq.number == 1 and request.from_.tag == "1" and request.first("max-forwards") == "070"
    request.replace("max-forwards", ["69"])
    request.replace("cseq", ["2 INVITE"])
    request.replace("from", ["<sip:z@z>;tag=2"])
    assert lines(request)[2:] == ["From: <sip:z@z>;tag=2", *LINES[3:5], "CSeq: 2 INVITE", "Max-Forwards: 69"]
    assert request.cseq.number == 2 and request.from_.tag == "2" and request.first("max-forwards") == "69"
    request.replace("route", ["<sip:r>"])
    assert request.first("route") == "<sip:r>"
    request.replace("route", [])
    assert request.first("route") is None


def test_an_answer_repeats_what_names_the_transaction() -> None:
    response = Response.to_request(invite(), 404, headers=[("WWW-Authenticate", "x")], to_tag="t")
    assert response.start_line == "SIP/2.0 404 Not Found"
    ours = ["WWW-Authenticate: x", "Content-Length: 0"]
    assert lines(response) == [*LINES[:3], "To: <sip:c@d>;tag=t", *LINES[4:6], *ours]


@pytest.mark.parametrize("to", ["<sip:c@d>;tag=own", '"broken'])
def test_a_to_with_a_tag_or_beyond_repair_is_given_back_as_it_came(to: str) -> None:
    request = invite()
    request.replace("to", [to])
    assert f"To: {to}" in lines(Response.to_request(request, 400, to_tag="t"))


def test_nothing_that_is_written_begins_a_line_of_its_own() -> None:
    evil = "x\r\nEvil: 1\n\nbody\r"
    request = invite()
    request.replace("subject", [evil])
    request.replace("from", [evil])
    request.retarget(f"sip:{evil}")
    response = Response.to_request(request, 400, evil, headers=[("Warning", evil)])
    for data in (request.encode(), response.encode()):
        assert all(not line.startswith("Evil") for line in data.decode().split("\r\n"))
        assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
        assert data.count(b"\r\n\r\n") == 1
    assert make_field("Call-ID", "a\nb") == ("call-id", "a b", "Call-ID: a b")
