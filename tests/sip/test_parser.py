"""Bytes to messages as RFC 3261 sections 7 and 25 have it, and as phones really write it."""

import pytest

from frontdesk.sip.address import Address
from frontdesk.sip.checks import read_message
from frontdesk.sip.errors import ParseError
from frontdesk.sip.message import Message, Request, Response
from frontdesk.sip.parser import MAX_HEADER_LINES, MAX_MESSAGE, MAX_VIAS, parse_message

MINIMAL = (
    "Via: SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKa",
    "From: <sip:a@example.com>;tag=1",
    "To: <sip:b@example.com>",
    "Call-ID: 1@192.0.2.4",
    "CSeq: 1 OPTIONS",
)


def raw(*lines: str, start: str = "OPTIONS sip:b@example.com SIP/2.0", body: str = "") -> bytes:
    return "\r\n".join([start, *lines, "", body]).encode("utf-8", "surrogateescape")


def parse(*lines: str) -> Message:
    return parse_message(raw(*lines))


def refusal(data: bytes) -> ParseError:
    with pytest.raises(ParseError) as refused:
        read_message(data)
    return refused.value


# -- the lines ---------------------------------------------------------------------------------------------------------


def test_names_in_any_case_compact_and_with_space_before_the_colon() -> None:
    message = parse("cALL-id:1", "f \t: <sip:a@b>;tag=x", "X-Own  :  y  ", "M: *")
    assert message.call_id == "1"
    assert message.from_.tag == "x"
    assert message.first("x-own") == "y"
    assert message.first("contact") == "*"


def test_a_folded_line_is_one_value_and_is_written_as_it_came() -> None:
    message = parse("Subject: I know\r\n \tyou're there,\r\n   pick up  ", "To:\r\n <sip:b@c>")
    assert message.first("subject") == "I know you're there, pick up"
    assert message.to.uri.user == "b"
    assert b"I know\r\n \tyou're there,\r\n   pick up  \r\nTo:\r\n <sip:b@c>\r\n\r\n" in message.encode()


def test_repeated_and_comma_joined_headers_are_one_list() -> None:
    message = parse('Contact: "a, b" <sip:a@b;x=1,2>;q=1, <sip:c@d>', "m: sip:e@f", "Route: ", "Contact: ,")
    assert message.values("contact") == ['"a, b" <sip:a@b;x=1,2>;q=1', "<sip:c@d>", "sip:e@f"]
    assert message.values("route") == []


def test_bare_line_feeds_are_line_ends() -> None:
    data = raw(*MINIMAL, "Content-Length: 3", body="a\nb")
    for strict, sloppy in ((b"\r\n", b"\n"), (b"\r\n\r\n", b"\n\n"), (b"\r\nFrom", b"\nFrom")):
        assert read_message(data.replace(strict, sloppy)).encode() == data


def test_a_body_may_be_any_bytes() -> None:
    body = bytes(range(256)) + b"\r\n\r\n\n\n\r"
    message = parse_message(raw(*MINIMAL, f"l: {len(body)}") + body + b"noise")
    assert message.body == body


def test_without_content_length_the_datagrams_rest_is_the_body() -> None:
    assert parse_message(raw(*MINIMAL, body="abc")).body == b"abc"


def test_bytes_that_are_no_utf8_go_through() -> None:
    data = raw(*MINIMAL, 'Subject: J\udcfcrgen "\udcff"')
    assert parse_message(data).encode() == data


def test_empty_lines_before_a_message_are_ignored() -> None:
    assert isinstance(read_message(b"\r\n\n\r\n" + raw(*MINIMAL)), Request)


def test_a_missing_blank_line_at_the_end_is_forgiven() -> None:
    assert isinstance(read_message(raw(*MINIMAL).removesuffix(b"\r\n\r\n")), Request)


def test_unknown_methods_and_schemes_stay_as_they_came() -> None:
    message = parse_message(raw(start="do-It foo:Bar%41;x SIP/2.0"))
    assert isinstance(message, Request)
    assert (message.method, message.uri.scheme, message.uri.opaque) == ("do-It", "foo", "Bar%41;x")


def test_a_response_has_a_status_and_any_reason() -> None:
    message = parse_message(raw(start="sip/2.0 486 Busy  Hére"))
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (486, "Busy  Hére")
    assert parse_message(raw(start="SIP/2.0 200")).encode().startswith(b"SIP/2.0 200 \r\n")


@pytest.mark.parametrize(
    "line",
    ["no colon", "Contact", ": x", "two w: x", "Näme: x", "x\0: y", " folded: first", "x(): y", "a\rb: c", "S: a\r"],
)
def test_what_is_no_header_line_is_refused_and_answered(line: str) -> None:
    error = refusal(raw(line, *MINIMAL))
    assert error.status == 400
    assert error.request is not None and error.request.via.host == "192.0.2.4"


@pytest.mark.parametrize(
    ("start", "status"),
    [
        ("OPTIONS sip:b@example.com SIP/3.0", 505),
        ("OPTIONS sip:b@example.com HTTP/1.1", 400),
        ("OPTIONS sip:b@example.com", 400),
        ("OPT(ONS sip:b@example.com SIP/2.0", 400),
        ("OPTIONS sip:b@exam ple.com SIP/2.0", 400),
        ("OPTIONS sip:b\t@example.com SIP/2.0", 400),
        ("OPTIONS <sip:b@example.com> SIP/2.0", 400),
        ("OPTIONS sip:b@example.com?x=y SIP/2.0", 400),
        ("OPTIONS sip: SIP/2.0", 400),
    ],
)
def test_a_bad_request_line_is_answered_where_a_method_can_be_read(start: str, status: int) -> None:
    error = refusal(raw(*MINIMAL, start=start))
    assert error.status == status
    assert (error.request is None) == start.startswith("OPT(")


@pytest.mark.parametrize("rest", ["2.0 20 x", "2.0 2000 x", "2.0 x", "2.0", "1.0 200 x", "2.0 700 x", "2.0 099"])
def test_a_bad_status_line_is_never_answered(rest: str) -> None:
    assert refusal(raw(*MINIMAL, start=f"SIP/{rest}")).request is None


def test_an_ack_is_never_answered() -> None:
    assert refusal(raw("bad", *MINIMAL, start="ACK sip:b@example.com SIP/2.0")).request is None
    assert refusal(raw(*MINIMAL[:3], start="ACK sip:b@example.com SIP/2.0")).request is None


# -- limits ------------------------------------------------------------------------------------------------------------


def test_a_message_over_64_kib_is_refused() -> None:
    data = raw(*MINIMAL)
    assert parse_message(data + b"x" * (MAX_MESSAGE - len(data)))
    error = refusal(data + b"x" * (MAX_MESSAGE - len(data) + 1))
    assert error.status == 513 and error.request is not None


def test_more_than_256_header_lines_are_refused() -> None:
    lines = (*MINIMAL, *["X: y"] * (MAX_HEADER_LINES - len(MINIMAL)))
    assert read_message(raw(*lines))
    error = refusal(raw(*lines, "X: y"))
    assert error.status == 513 and error.request is not None and "256" in error.reason


@pytest.mark.parametrize("joined", [True, False])
def test_more_than_40_vias_are_refused(joined: bool) -> None:
    via = "SIP/2.0/UDP h"

    def request(count: int) -> bytes:
        vias = [f"Via: {', '.join([via] * count)}"] if joined else [f"Via: {via}"] * count
        return raw(*vias, *MINIMAL[1:])

    assert read_message(request(MAX_VIAS))
    error = refusal(request(MAX_VIAS + 1))
    assert error.status == 513 and "40" in error.reason


def test_numbers_of_any_length_are_refused_not_computed() -> None:
    for value in ("9" * 5000 + " OPTIONS", "4294967296 OPTIONS", "² OPTIONS", "1", "1 a b", "OPTIONS"):
        assert refusal(raw(*MINIMAL[:4], f"CSeq: {value}")).status == 400
    assert refusal(raw(*MINIMAL, "Content-Length: " + "9" * 5000)).status == 400
    assert parse("CSeq: " + "0" * 5000 + "7\t \tOPTIONS").cseq == (7, "OPTIONS")


# -- checks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", range(len(MINIMAL)))
def test_each_mandatory_header_must_be_there(missing: int) -> None:
    name = MINIMAL[missing].partition(":")[0]
    for instead in ((), (f"{name}: ",)):
        error = refusal(raw(*MINIMAL[:missing], *instead, *MINIMAL[missing + 1 :]))
        assert error.status == 400 and name in error.reason
        assert (error.request is None) == (name == "Via")


@pytest.mark.parametrize("line", [*MINIMAL[1:], "Max-Forwards: 1", "Content-Length: 0", "Expires: 1"])
def test_a_header_of_one_value_stands_there_once(line: str) -> None:
    name = line.partition(":")[0]
    error = refusal(raw(*[each for each in MINIMAL if not each.startswith(name)], line, line))
    assert error.status == 400 and name in error.reason


@pytest.mark.parametrize("name", ["From", "To"])
def test_both_ends_must_be_addresses(name: str) -> None:
    lines = [f'{name}: "a <sip:a@b>' if line.startswith(name) else line for line in MINIMAL]
    assert refusal(raw(*lines)).status == 400


def test_the_method_in_cseq_is_the_requests() -> None:
    assert refusal(raw(*MINIMAL, start="INVITE sip:b@example.com SIP/2.0")).status == 400
    assert refusal(raw(*MINIMAL, start="FOO sip:b@example.com SIP/2.0")).status == 501
    assert refusal(raw(*MINIMAL, start="options sip:b@example.com SIP/2.0")).status == 501


@pytest.mark.parametrize(
    "via", ["SIP/2.0/UDP", "SIP/2.0 h", "XIP/2.0/UDP h", "SIP/2.0/U(P h", "SIP/2.0/UDP h;=x", 'SIP/2.0/UDP h;x="', "*"]
)
def test_a_lower_via_must_be_one_too(via: str) -> None:
    error = refusal(raw(*MINIMAL, f"Via: {via}"))
    assert error.status == 400 and error.request is not None
    assert refusal(raw(f"Via: {via}", *MINIMAL[1:])).request is None


def test_a_response_that_lacks_something_is_dropped() -> None:
    assert refusal(raw(*MINIMAL[:4], start="SIP/2.0 200 OK")).request is None


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "display", "uri", "parameters"),
    [
        ("sip:a@b;tag=1", "", "sip:a@b", {"tag": "1"}),
        ("<sip:a@b;lr>;tag=1", "", "sip:a@b;lr", {"tag": "1"}),
        ('"Ann, \\"A\\" <x>" <sip:a@b> ; Tag = 1 ; x', 'Ann, "A" <x>', "sip:a@b", {"tag": "1", "x": None}),
        ('"a\\\\"<sip:a@b>', "a\\", "sip:a@b", {}),
        ("Zoë van Dyk<sip:a@b>", "Zoë van Dyk", "sip:a@b", {}),
        ('sip:a@b;x="<;,"', "", "sip:a@b", {"x": '"<;,"'}),
        ("< sip:a@b >", "", "sip:a@b", {}),
        ("tel:+1201;tag=1", "", "tel:+1201", {"tag": "1"}),
        ("<sip:a@b>;+sip.instance=\"<urn:uuid:1>\"", "", "sip:a@b", {"+sip.instance": '"<urn:uuid:1>"'}),
        ("<sip:a@b>;tag=1;TAG=2;;", "", "sip:a@b", {"tag": "1"}),
    ],
)  # fmt: skip
def test_addresses_as_they_come(text: str, display: str, uri: str, parameters: dict[str, str | None]) -> None:
    address = Address.parse(text)
    assert (address.display, str(address.uri), address.parameters) == (display, uri, parameters)
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    ["", "<>", "*", '"a" b <sip:a@b>', '"a" sip:a@b', '"a <sip:a@b>', "a, b <sip:a@b>", "<sip:a@b", "<sip:a@b> x", '"',
     "sip:a@b?x=y", "<sip:a@b>;=1", '<sip:a@b>;x="1', "a\\b <sip:a@b>"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Address.parse(text)
