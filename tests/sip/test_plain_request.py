"""A request of the usual form stays lines of bytes, and is in every way what the parser would make of it."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.proxy.forwarding import DROPPED, shared_fields, shared_lines
from frontdesk.sip.checks import MAX_IDENTIFIER, MAX_URI, read_message
from frontdesk.sip.errors import ParseError
from frontdesk.sip.matching import server_key
from frontdesk.sip.message import Request
from frontdesk.sip.plain_request import MAX_CSEQ, PlainRequest, plain_request
from frontdesk.sip.response_target import response_target
from frontdesk.sip.wire import Flow
from tests.sip.test_properties import damaged

FLOW = Flow("udp", ("192.0.2.1", 5060), ("198.51.100.7", 61_000))
REALM = "desk.example"
HEAD = (
    b"Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK-7.a;rport\r\n",
    b"Max-Forwards: 70\r\n",
    b"Route: <sip:token@192.0.2.1;lr>\r\n",
    b'From: "Desk" <sip:101@desk.example>;tag=a\r\n',
    b"To: <sip:102@desk.example>\r\n",
    b"Call-ID: 7c5@192.0.2.7\r\n",
    b"CSeq: 2 INVITE\r\n",
    b"m: <sip:101@192.0.2.7:5062>\r\n",
    b"Proxy-Authorization: Digest username=\"101\", realm=\"desk.example\", nonce=\"n\"\r\n",
    b"Supported: timer\r\n",
    b"X-Call:  odd spaces \r\n",
    b"Content-Length: 4\r\n",
)
USUAL = b"INVITE sip:102@desk.example SIP/2.0\r\n" + b"".join(HEAD) + b"\r\nv=0\n"
KEYS = ("via", "route", "from", "to", "contact", "max-breadth", "supported", "x-call", "proxy-authorization", "require")


def long_way(data: bytes, flow: Flow = FLOW) -> Request:
    request = read_message(data)
    assert isinstance(request, Request)
    request.stamp(flow)
    return request


def assert_alike(data: bytes, flow: Flow = FLOW) -> None:
    for look in (assert_views, assert_passed_on, assert_parsed):
        plain, parsed = plain_request(data, flow), long_way(data, flow)
        assert plain is not None
        look(plain, parsed, flow)


def assert_views(plain: PlainRequest, parsed: Request, flow: Flow) -> None:
    read = "method", "uri_text", "uri", "cseq", "call_id", "from_", "to", "via", "hops", "transaction_name", "body"
    for view in read:
        assert getattr(plain, view) == getattr(parsed, view), view
    for key in {*KEYS, *(field[0] for field in parsed.fields)}:
        assert plain.first(key) == parsed.first(key)
        assert plain.lines(key) == parsed.lines(key)
        assert values(plain, key) == values(parsed, key)
    assert server_key(plain) == server_key(parsed)
    assert response_target(plain, flow) == response_target(parsed, flow)
    assert plain.asks_for_rport == parsed.asks_for_rport
    assert plain.trying().encode() == parsed.trying().encode()
    for key in ("call-id", "from", "to", "via"):
        assert plain.said(key) == parsed.said(key)
    assert plain.echoed(None) == parsed.echoed(None)
    assert plain.echoed("box") == parsed.echoed("box")
    with pytest.raises(ParseError):
        plain.required("subject")


def values(request: Request, key: str) -> list[str] | str:
    try:
        return request.values(key)
    except ParseError as error:
        return str(error)


def assert_passed_on(plain: PlainRequest, parsed: Request, flow: Flow) -> None:
    for identity, routes in product((False, True), repeat=2):
        dropped = DROPPED[identity, routes]
        lines = shared_lines(plain, REALM, dropped)
        assert lines is not None
        shared = "\r\n".join(line for *_, line in shared_fields(parsed, REALM, dropped))
        assert lines.decode("utf-8", "surrogateescape") == shared
    assert plain.encode() == parsed.encode()


def test_routes_and_identities_go_on_where_they_may() -> None:
    plain = plain_request(USUAL.replace(b"Supported", b"P-Asserted-Identity: <sip:1@x>\r\nSupported"), FLOW)
    assert plain is not None
    for identity, routes in product((False, True), repeat=2):
        lines = shared_lines(plain, REALM, DROPPED[identity, routes]) or b""
        assert (b"P-Asserted-Identity: " in lines, b"Route: " in lines) == (identity, routes)


def assert_parsed(plain: PlainRequest, parsed: Request, flow: Flow) -> None:
    assert plain.fields == parsed.fields
    assert plain.encode() == parsed.encode()
    assert shared_lines(plain, REALM, ()) is None
    plain.stamp(flow)
    assert_views(plain, parsed, flow)
    plain.replace("via", [])
    parsed.replace("via", [])
    assert plain.fields == parsed.fields


def test_it_is_what_the_parser_makes_of_it() -> None:
    assert_alike(USUAL)


def test_what_is_forgotten_is_read_again() -> None:
    plain, parsed = plain_request(USUAL, FLOW), long_way(USUAL)
    assert plain is not None
    plain.forget_views()
    assert_views(plain, parsed, FLOW)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (HEAD[2], b""),
        (HEAD[2], HEAD[2] + b"Route: <sip:b@192.0.2.1;lr>\r\n"),
        (HEAD[3], b"From: <sip:101@desk.example>;tag=a\r\n"),
        (HEAD[3], b"From: Front desk <sips:101@desk.example:5061;x=1>;tag=a\r\n"),
        (HEAD[4], b"To: <sip:102@desk.example>;tag=b\r\n"),
        (HEAD[4], b"To: <tel:+4930;ext=1>\r\n"),
        (HEAD[5], b"Call-ID:  a b\r\n"),
        (HEAD[5], "Call-ID: \u00a0a\u0085\r\n".encode()),
        (HEAD[8], b""),
        (HEAD[8], HEAD[8] + HEAD[8].replace(b"desk.example", b"other.example")),
        (HEAD[8], HEAD[8].replace(b"desk.example", b"other.example") + b"Max-Breadth: 3\r\n" + HEAD[8]),
        (b"Max-Forwards: 70\r\n", b"Max-Breadth: 3\r\nMax-Forwards: 070\r\n"),
        (b"Max-Forwards: 70", b"Max-Forwards: 0"),
        (b"rport", b"rport;x=1"),
        (b";branch", b";rport=7;received=192.0.2.9;X=Y;branch"),
        (b"UDP 192.0.2.7:5062;", b"UDP Phone.Desk.Example;"),
        (b"UDP 192.0.2.7:5062;", b"UDP [2001:db8::7]:5062;"),
        (b"X-Call:", b"x-CALL:"),
        (b"X-Call: ", b"X-Call: \xff\xc3\xa9 "),
    ],
)  # fmt: skip
def test_what_phones_write_is_read_alike(old: bytes, new: bytes) -> None:
    assert old in USUAL
    assert_alike(USUAL.replace(old, new, 1))


@given(st.permutations(HEAD), st.binary(max_size=40), st.text("ab \u00e9-", max_size=9), st.sampled_from(["a", "1-x~"]))
def test_whatever_the_order_it_is_what_the_parser_makes_of_it(
    lines: list[bytes], body: bytes, name: str, branch: str
) -> None:
    head = b"".join(lines).replace(b"Length: 4", b"Length: %d" % len(body)).replace(b"Desk", name.encode())
    start = USUAL.partition(b"\r\n")[0] + b"\r\n"
    assert_alike(start + head.replace(b"-7.a", branch.encode()) + b"\r\n" + body)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"To: ", b"To : "),
        (b"To: ", b"t: "),
        (b"To: <", b"To:\r\n <"),
        (b"To: <", b"To:<"),
        (b"To: <sip:102@desk.example>", b"To: sip:102@desk.example"),
        (b"To: <sip:102@desk.example>", b"To: <sip:102@desk.example>;tag="),
        (b"To: <sip:102@desk.example>", b"To: <sip:102@desk.example>;x=1;tag=b"),
        (b"To: <sip:102@desk.example>", b"To: <sip:102@desk.example>;tag=b;x=1"),
        (b"To: <sip:102@desk.example>", b"To: <sip:102@desk example>"),
        (b'"Desk"', b'"a>;tag=b'),
        (b"CSeq: 2 INVITE", b"CSeq: 2\tINVITE"),
        (b"CSeq: 2 INVITE", b"CSeq: 2 BYE"),
        (b"CSeq: 2 INVITE", b"CSeq: 2 INVITE\r\nCSeq: 3 INVITE"),
        (b"CSeq: 2", b"CSeq: 99999999999"),
        (b"CSeq: 2", b"CSeq: " + b" " * MAX_CSEQ + b"2"),
        (b"CSeq: 2", b"CSeq: two"),
        (b"Call-ID: 7c5@192.0.2.7\r\n", b""),
        (b"Call-ID: 7c5@192.0.2.7\r\n", b"Call-ID:  \r\n"),
        (b"Max-Forwards: 70\r\n", b""),
        (b"Max-Forwards: 70", b"Max-Forwards: many"),
        (b"Max-Forwards: 70", b"Max-Forwards: -1"),
        (b"Length: 4", b"Length: 5"),
        (b"Length: 4", b"Length: 3"),
        (b"Length: 4", b"Length: 04"),
        (b"Supported: timer", b"no header line"),
        (b"Supported: timer", b"Expires7200"),
        (b"Supported: timer", b": timer"),
        (b"Supported: timer", b" folded"),
        (b"Supported: ", b"Supported:\r"),
        (b"Supported: ", b"Supported: \n"),
        (b"Supported: timer\r\n", b"Expires: 1\r\nExpires: 2\r\n"),
        (b"Supported: timer\r\n", b"S: x\r\n" * 65),
        (b"Supported: timer", b"Supported: " + b"x" * 4096),
        (b"Via: ", b"v: "),
        (b"Via: ", b"Via: SIP/2.0/UDP 192.0.2.8;rport;branch=z9hG4bK1\r\nVia: "),
        (b"rport", b"rport, SIP/2.0/UDP 192.0.2.8"),
        (b";rport", b""),
        (b"SIP/2.0/UDP", b"SIP/2.0/TCP"),
        (b"SIP/2.0/UDP", b"SIP / 2.0 / UDP"),
        (b";branch=", b";branch=1;branch="),
        (b";branch=", b";Branch="),
        (b";branch=", b';x=";branch=1";branch='),
        (b"z9hG4bK-7.a", b"1"),
        (b"z9hG4bK-7.a", b"z9hG4bK"),
        (b"z9hG4bK-7.a", b'"z9hG4bK-7.a"'),
        (b"UDP 192.0.2.7:5062", b"UDP 192.0.2.777"),
        (b"INVITE sip", b"INVITE  sip"),
        (b"INVITE sip", b"invite sip"),
        (b"INVITE sip:102@desk.example", b"INVITE 102"),
        (b"INVITE sip:102@desk.example", b"INVITE sip:102@desk.example?Subject=x"),
        (b" SIP/2.0\r", b" SIP/2.1\r"),
        (b"INVITE sip", b"\r\nINVITE sip"),
    ],
)  # fmt: skip
def test_what_is_not_of_the_usual_form_is_left_to_the_parser(old: bytes, new: bytes) -> None:
    assert old in USUAL
    assert plain_request(USUAL.replace(old, new, 1), FLOW) is None


def test_over_a_connection_none_is_of_the_usual_form() -> None:
    assert plain_request(USUAL, FLOW._replace(transport="tcp", connection=1)) is None
    assert plain_request(USUAL.partition(b"\r\n\r\n")[0], FLOW) is None


@pytest.mark.parametrize("field", [b"Call-ID: 7c5", b">;tag=a"])
def test_identifier_that_would_be_kept_for_a_day_has_its_limit(field: bytes) -> None:
    long = USUAL.replace(field, field + b"x" * (MAX_IDENTIFIER + 1))
    assert long != USUAL and plain_request(long, FLOW) is None
    with pytest.raises(ParseError, match="has more than"):
        read_message(long)


def test_request_uri_that_is_too_long_is_answered_414() -> None:
    longest = b"sip:" + b"1" * (MAX_URI - 6) + b"@a"
    assert isinstance(read_message(re.sub(rb"sip:\S+", longest, USUAL, count=1)), Request)
    long = re.sub(rb"sip:\S+", longest + b"a", USUAL, count=1)
    assert plain_request(long, FLOW) is None
    with pytest.raises(ParseError) as raised:
        read_message(long)
    assert raised.value.status == 414 and raised.value.request is not None
    tagged = re.sub(rb"\r\nTo: [^\r]*", rb"\g<0>;tag=other", long, count=1)
    assert isinstance(read_message(tagged), Request), "within a dialog it is the other's Contact"


@given(st.integers(0, len(USUAL) - 1), st.binary(max_size=3))
def test_a_damaged_one_is_never_read_otherwise(at: int, junk: bytes) -> None:
    assert_never_otherwise(USUAL[:at] + junk + USUAL[at + 1 :])


@given(damaged())
def test_nothing_that_comes_is_read_otherwise(data: bytes) -> None:
    assert_never_otherwise(data)


def assert_never_otherwise(data: bytes) -> None:
    if plain_request(data, FLOW) is not None:
        assert_alike(data)


@pytest.mark.parametrize("end", [b"\n", b"\r"])
@pytest.mark.parametrize("at_the_end", [b"\n", b"\r"])
def test_line_ends_that_stand_alone_do_not_make_up_for_each_other(end: bytes, at_the_end: bytes) -> None:
    data = USUAL.replace(b"\r\nSupported:", end + b"Supported:", 1).replace(b"\r\n\r\n", at_the_end + b"\r\n\r\n", 1)
    assert data != USUAL and plain_request(data, FLOW) is None
