"""A response of the usual form is taken as bytes, and is in every way what the parser would make of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.sip.checks import read_message
from frontdesk.sip.message import Response
from frontdesk.sip.plain_request import MAX_CSEQ
from frontdesk.sip.plain_response import plain_response

HEAD = (
    b"Via: SIP/2.0/UDP 192.0.2.1:5060;rport=5060;branch=z9hG4bKours.1f;received=192.0.2.1\r\n",
    b"Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bKtheirs\r\n",
    b"From: \"Desk, the\" <sip:101@desk.example>;tag=a\r\n",
    b"To: <sip:102@desk.example>;tag=b\r\n",
    b"Call-ID: 7c5@192.0.2.7\r\n",
    b"CSeq: 2 INVITE\r\n",
    b"Contact: <sip:102@192.0.2.9:5060>\r\n",
    b"Content-Length: 4\r\n",
)
USUAL = b"SIP/2.0 180 Ringing\r\n" + b"".join(HEAD) + b"\r\nv=0\n"


def long_way(data: bytes) -> Response:
    response = read_message(data)
    assert isinstance(response, Response)
    return response


def assert_alike(data: bytes) -> None:
    plain, parsed = plain_response(data), long_way(data)
    assert plain is not None
    assert (plain.status, plain.reason, plain.branch, plain.cseq) == (
        parsed.status, parsed.reason, parsed.branch, parsed.cseq,
    )  # fmt: skip
    assert plain.encode() == parsed.encode() == data
    assert plain.pop_via() == parsed.pop_via()
    assert plain.encode() == parsed.encode()
    assert plain.branch == parsed.branch
    assert plain.pop_via() == parsed.pop_via()
    assert (plain.fields, plain.body) == (parsed.fields, parsed.body)
    assert plain.encode() == parsed.encode()


def test_the_top_via_comes_off_and_every_other_byte_stays() -> None:
    response = plain_response(USUAL)
    assert response is not None
    assert response.pop_via()
    assert response.encode() == USUAL.replace(HEAD[0], b"")


def test_it_is_what_the_parser_makes_of_it() -> None:
    assert_alike(USUAL)


def test_fields_can_be_read_and_changed_as_ever() -> None:
    response = plain_response(USUAL)
    assert response is not None
    assert response.to.tag == "b"
    response.replace("reason", ["SIP;cause=200"])
    assert response.pop_via()
    assert response.via.branch == "z9hG4bKtheirs"
    assert response.encode() == USUAL.replace(HEAD[0], b"").replace(b"\r\n\r\n", b"\r\nReason: SIP;cause=200\r\n\r\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Contact: ", b"Contact:   "),
        (b"Contact: <sip:102@192.0.2.9:5060>", b"Contact: <sip:1@192.0.2.9>, <sip:2@192.0.2.9>"),
        (b"Contact: ", b"m: <sip:1@192.0.2.9>\r\nContact: "),
        (b"Contact: ", b"CONTACT: <sip:1@192.0.2.9>\r\nContact: "),
        (b"Contact: ", b"Contact: <sip:1@192.0.2.9>\r\nContact: "),
        (b"Contact: ", b"contact: "),
        (b"Contact: ", b"Subject: "),
    ],
)
def test_contacts_are_those_that_the_parser_finds(old: bytes, new: bytes) -> None:
    data = USUAL.replace(old, new)
    response = plain_response(data)
    assert response is not None
    assert response.values("contact") == long_way(data).values("contact")
    assert response.pop_via()
    assert response.values("contact") == long_way(data).values("contact")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"To: ", b"To:   "),
        (b"tag=b", b"TAG=b"),
        (b"tag=b", b"x;tag=b;y=1"),
        (b"To: ", b'To: "A, ;tag=no" '),
        (b";tag=b", b""),
    ],
)
def test_to_is_what_the_parser_finds(old: bytes, new: bytes) -> None:
    data = USUAL.replace(old, new)
    response = plain_response(data)
    assert response is not None
    assert response.to == long_way(data).to
    assert response.encode() == data


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"Session-Expires: 1800;refresher=uac\r\n",
        b"Session-Expires:    1800\r\n",
        b"Session-Expires: \r\n",
        b"Session-Expires:\r\n",
        b"session-expires: 1800\r\n",
        b"x: 1800\r\n",
        b"X: 1800\r\nSession-Expires: 90\r\n",
        b"Session-Expires: 1800\r\nSession-Expires: 90\r\n",
    ],
)
def test_first_of_a_header_is_what_the_parser_finds(lines: bytes) -> None:
    data = USUAL.replace(b"Contact: ", lines + b"Contact: ")
    response = plain_response(data)
    assert response is not None
    for key in ("session-expires", "contact", "via", "call-id"):
        assert response.first(key) == long_way(data).first(key)
    assert response.pop_via()
    assert response.first("via") == "SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bKtheirs"


def test_what_is_not_there_is_known_without_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    response = plain_response(USUAL)
    assert response is not None
    monkeypatch.setattr("frontdesk.sip.unread_response.reread", None)
    assert response.first("session-expires") is None


def test_the_last_via_leaves_none() -> None:
    response = plain_response(USUAL)
    assert response is not None
    assert [response.pop_via(), response.pop_via()] == [True, False]


@given(st.permutations(HEAD[2:]), st.binary(max_size=40), st.integers(100, 699), st.text("ab \u00e9-", max_size=9))
def test_whatever_the_order_it_is_what_the_parser_makes_of_it(
    lines: list[bytes], body: bytes, status: int, reason: str
) -> None:
    head = b"".join((*HEAD[:2], *lines)).replace(b"Length: 4", b"Length: %d" % len(body))
    assert_alike(f"SIP/2.0 {status} {reason}\r\n".encode() + head + b"\r\n" + body)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"To: ", b"To : "),
        (b"To: ", b"t: "),
        (b"To: <", b"To:\r\n <"),
        (b"CSeq: 2 INVITE", b"CSeq: 2\tINVITE"),
        (b"CSeq: 2 INVITE", b"CSeq: 2 INVITE\r\nCSeq: 3 INVITE"),
        (b"CSeq: 2", b"CSeq: 99999999999"),
        (b"CSeq: 2 INVITE", b"CSeq: 2 " + b"M" * MAX_CSEQ),
        (b"Call-ID: 7c5@192.0.2.7\r\n", b""),
        (b"From: ", b"From: <sip:x@y>\r\nFrom: "),
        (b"Length: 4", b"Length: 5"),
        (b"Length: 4", b"Length: 3"),
        (b"Length: 4", b"Length: four"),
        (b"Contact: ", b"no header line\r\nContact: "),
        (b"Contact: ", b"no-header-line\r\nContact: "),
        (b"Contact: ", b"Session-Expires: 1\nContact: "),
        (b"\r\n\r\n", b"\r\r\n\r\n"),
        (b"Contact: ", b"Contact:\r"),
        (b"Contact: ", b"X: \n"),
        (b"Contact: ", b"X: y\r\n" * 65 + b"Contact: "),
        (b";received=192.0.2.1", b";received=192.0.2.1, SIP/2.0/UDP 192.0.2.8"),
        (b";branch=z9hG4bKours.1f", b';x=";branch=z9hG4bKours.1f"'),
        (b"192.0.2.1:5060;rport", b"192.0.2.1:5060rport"),
        (b"SIP/2.0 180", b"SIP/2.0 099"),
        (b"SIP/2.0 180", b"SIP/3.0 180"),
        (HEAD[1], b""),
        (b"Content-Length: 4", b"l: 99\r\nContent-Length: 4"),
        (b"From: ", b"f: <sip:x@y>\r\nFrom: "),
        (b"Call-ID: ", b"i: 1\r\nCall-ID: "),
        (b"CSeq: ", b"cseq: 1 INVITE\r\nCSeq: "),
        (b"Contact: ", b"Expires: 1\r\nExpires: 2\r\nContact: "),
    ],
)
def test_what_is_not_of_the_usual_form_is_left_to_the_parser(old: bytes, new: bytes) -> None:
    assert old in USUAL
    assert plain_response(USUAL.replace(old, new)) is None


@given(st.integers(0, len(USUAL) - 1), st.binary(max_size=3))
def test_a_damaged_one_is_never_read_otherwise(at: int, junk: bytes) -> None:
    data = USUAL[:at] + junk + USUAL[at + 1 :]
    plain = plain_response(data)
    if plain is None:
        return
    again = plain_response(data)
    assert again is not None and again.fields  # what was taken can always be read later
    parsed = long_way(data)
    assert (plain.status, plain.branch, plain.cseq) == (parsed.status, parsed.branch, parsed.cseq)
    assert plain.pop_via() == parsed.pop_via()
    assert plain.encode() == parsed.encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<sip:102@desk.example>;tag=b", b"<sip:102@desk.example>;tag=b;=1"),
        (b"To: <sip:102@desk.example>", b"To: <sip:102@desk.example"),
        (b"<sip:101@desk.example>", b"<sip102>"),
        (b"192.0.2.7:5062;branch", b"192.0.2.7:x;branch"),
        (b"Call-ID", b"Via: garbage\r\nCall-ID"),
        (b"Call-ID", b"Via: " + b"SIP/2.0/UDP 192.0.2.8, " * 50 + b"SIP/2.0/UDP 192.0.2.8\r\nCall-ID"),
    ],
)
def test_what_is_no_proxys_to_read_stops_a_response_in_neither_form(old: bytes, new: bytes) -> None:
    """RFC 3261 section 16.7: the top Via says whose it is; all else goes back as it came."""
    assert old in USUAL
    data = USUAL.replace(old, new)
    plain, parsed = plain_response(data), long_way(data)
    assert plain is not None and plain.pop_via() and parsed.pop_via()
    assert plain.encode() == parsed.encode() == data.replace(HEAD[0], b"")


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_line_ends_that_stand_alone_do_not_make_up_for_each_other(end: bytes) -> None:
    at = USUAL.index(b"\r\nFrom:")
    data = (USUAL[:at] + end + USUAL[at + 2 :]).replace(b"\r\n\r\n", end + b"\r\n\r\n", 1)
    assert plain_response(data) is None
