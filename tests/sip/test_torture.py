"""The torture messages at the parser and its checks: RFC 4475, RFC 5118."""

import pytest

from frontdesk.sip.address import Address
from frontdesk.sip.checks import read_message
from frontdesk.sip.errors import ParseError
from frontdesk.sip.framing import Stream
from frontdesk.sip.grammar import unescape
from frontdesk.sip.message import Message, Request, Response
from frontdesk.sip.parser import parse_message
from tests.sip.torture import HERE, MESSAGES, Torture

BY_NAME = {torture.name: torture for torture in MESSAGES}


def answer(data: bytes) -> int | None:
    """What the box says: None where the message goes on, 0 for silence, else a status."""
    try:
        read_message(data)
    except ParseError as error:
        return error.status if error.request is not None else 0
    return None


def request(name: str) -> Request:
    message = read_message(BY_NAME[name].data)
    assert isinstance(message, Request)
    return message


def test_every_message_of_the_archives_is_in_the_table() -> None:
    assert {f"{torture.rfc}/{torture.name}" for torture in MESSAGES} == {
        f"{path.parent.name[3:]}/{path.stem}" for path in HERE.glob("rfc*/*.dat")
    }
    assert len(MESSAGES) == 50 + 12


@pytest.mark.parametrize("torture", MESSAGES, ids=str)
def test_parser_and_checks_say_what_the_rfc_says(torture: Torture) -> None:
    assert answer(torture.data) == (torture.answer if torture.level == "sip" else None)


@pytest.mark.parametrize("torture", [each for each in MESSAGES if each.answer is None], ids=str)
def test_what_is_accepted_is_written_as_it_came(torture: Torture) -> None:
    data = torture.data
    message = read_message(data)
    length = message.first("content-length")
    if torture.name in ("trws", "lwsstart"):
        data = data.replace(b"INVITE  ", b"INVITE ").replace(b"  SIP/2.0", b" SIP/2.0").replace(b"2.0  ", b"2.0")
    if length is not None:
        head, _, body = data.partition(b"\r\n\r\n")
        data = head.removesuffix(b"\r\n") + b"\r\n\r\n" + body[: int(length)]
    assert message.encode() == data


@pytest.mark.parametrize("torture", [each for each in MESSAGES if each.rfc == 5118], ids=str)
def test_bare_line_feeds_of_the_archive_do_no_harm(torture: Torture) -> None:
    head = torture.archived.partition(b"\n\n")[0] + b"\n\n"
    expected = torture.answer if torture.name == "ipv6-bad" else None
    assert answer(head.replace(b"Content-Length: ", b"X-Length: ")) == expected


def test_a_body_of_the_right_length_makes_ipv6_in_sdp_good() -> None:
    data = BY_NAME["ipv6-in-sdp"].data.replace(b"Content-Length: 268", b"Content-Length: 251")
    message = read_message(data)
    assert message.body.endswith(b"a=rtpmap:107 H263-1998/90000\r\n")


@pytest.mark.parametrize("torture", [each for each in MESSAGES if each.answer], ids=str)
def test_a_refusal_gives_back_what_names_the_transaction(torture: Torture) -> None:
    try:
        asked: Message | None = read_message(torture.data)
    except ParseError as error:
        asked = error.request
    assert isinstance(asked, Request)
    response = parse_message(Response.to_request(asked, 400, to_tag="1").encode())
    for key in ("via", "from", "call-id", "cseq"):
        assert response.lines(key) == asked.lines(key)


def test_the_tortuous_invite_reads_as_its_section_says() -> None:
    wsinv = request("wsinv")
    assert wsinv.to.tag == "1918181833n"
    assert wsinv.from_.display == 'J Rosenberg \\"' and wsinv.from_.tag == "98asjd8"
    assert wsinv.cseq == (9, "INVITE")
    assert (wsinv.via.transport, wsinv.via.host, wsinv.via.branch) == ("UDP", "192.0.2.2", "390skdjuw")
    assert len(wsinv.values("via")) == 3
    assert wsinv.first("unknownheaderwithunusualvalue") == ";;,,;;,;"
    assert wsinv.first("subject") == ""
    contact = Address.parse(wsinv.values("contact")[0])
    assert contact.display == 'Quoted string ""'
    assert contact.parameters == {"newparam": "newvalue", "secondparam": None, "q": "0.33"}
    assert list(Address.parse(wsinv.required("route")).uri.parameters) == ["lr", "unknownwith", "unknown-no-value"]


def test_escapes_are_resolved_where_they_are_escapes_and_nowhere_else() -> None:
    esc01 = request("esc01")
    assert unescape(esc01.uri.user or "") == "sips:user@example.com"
    assert esc01.to.uri.matches(Address.parse("sip:user@example.com").uri)
    name = Address.parse(esc01.required("contact")).uri
    assert name.matches(Address.parse("<sip:caller@host5.example.net;lr;name=value%2541>").uri)
    assert not name.matches(Address.parse("<sip:caller@host5.example.net;lr;name=valueA>").uri)
    assert request("esc02").method == "RE%47IST%45R"
    assert request("esc02").to.display == "%Z%45"
    assert len(request("esc02").values("contact")) == 2


def test_escaped_nulls_do_not_shorten_a_name() -> None:
    escnull = request("escnull")
    assert unescape(escnull.to.uri.user or "") == "null-\0-null"
    one, two = (Address.parse(value).uri for value in escnull.values("contact"))
    assert not one.matches(two)


def test_parameters_in_a_user_part_belong_to_it() -> None:
    uri = request("semiuri").uri
    assert unescape(uri.user or "") == "user;par=u@example.net" and uri.host == "example.com"


def test_the_noise_behind_a_datagrams_message_is_dropped() -> None:
    assert b"INVITE" not in request("dblreq").encode()


def test_contact_parameters_are_the_headers_or_the_uris() -> None:
    header, uri = (Address.parse(request(name).required("contact")) for name in ("cparam01", "cparam02"))
    assert "unknownparam" in header.parameters and "unknownparam" not in header.uri.parameters
    assert "unknownparam" in uri.uri.parameters and "unknownparam" not in uri.parameters
    assert Address.parse(request("regescrt").required("contact")).uri.headers == "Route=%3Csip:sip.example.com%3E"


def test_a_contact_with_headers_needs_angle_brackets() -> None:
    with pytest.raises(ParseError):
        Address.parse(request("regbadct").required("contact"))


def test_three_colons_are_read_as_two() -> None:
    assert request("ipv6-bug-abnf-3-colons").uri.matches(request("ipv6-correct-abnf-2-colons").uri)


@pytest.mark.parametrize("name", ["ncl", "mcl01", "inv2543"])
def test_a_stream_without_one_length_is_given_up(name: str) -> None:
    with pytest.raises(ParseError) as refused:
        list(Stream().feed(BY_NAME[name].data))
    assert refused.value.request is not None
