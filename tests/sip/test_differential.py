"""Valid messages mean the same to us as to another parser, PyPI's sipmessage."""

from __future__ import annotations

import sipmessage
from hypothesis import given

from frontdesk.sip.address import Address
from frontdesk.sip.checks import read_message
from frontdesk.sip.grammar import split_unquoted, unescape
from frontdesk.sip.message import Request, Response
from frontdesk.sip.uri import Uri
from frontdesk.sip.via import Via
from tests.sip.valid_messages import messages

Parameters = dict[str, str | None]


def lowered(parameters: sipmessage.Parameters) -> Parameters:
    return {name.lower(): value for name, value in parameters.items()}


def resolved(parameters: Parameters) -> Parameters:
    """sipmessage resolves escapes in every parameter; we leave them as they came."""
    return {unescape(name).lower(): value and unescape(value) for name, value in parameters.items()}


def uri_parts(uri: Uri) -> tuple[object, ...]:
    user = None if uri.user is None else unescape(uri.user)
    return uri.scheme, user, uri.host, uri.port, resolved(uri.parameters)


def their_uri_parts(uri: sipmessage.URI) -> tuple[object, ...]:
    return uri.scheme, uri.user, uri.host.lower(), uri.port, lowered(uri.parameters)


def assert_same_address(ours: Address, theirs: sipmessage.Address) -> None:
    assert uri_parts(ours.uri) == their_uri_parts(theirs.uri)
    assert " ".join(ours.display.split()) == " ".join(theirs.name.split())
    assert resolved(ours.parameters) == lowered(theirs.parameters)


def assert_same_via(ours: Via, theirs: sipmessage.Via) -> None:
    assert (ours.transport, ours.host, ours.port) == (theirs.transport.upper(), theirs.host.lower(), theirs.port)
    assert resolved(ours.parameters) == lowered(theirs.parameters)


def comparable(value: str) -> bool:
    """sipmessage ends a quoted string at the last quote there is, and joins white space in it: such are left out."""
    return value.count('"') <= 2 and "\t" not in value and "  " not in value


@given(messages)
def test_both_parsers_read_the_same_message(data: bytes) -> None:
    theirs = sipmessage.Message.parse(data.replace(b"\r\n ", b" "))  # sipmessage does not unfold
    ours = read_message(data)
    if isinstance(ours, Request):
        assert isinstance(theirs, sipmessage.Request)
        assert ours.method == theirs.method and uri_parts(ours.uri) == their_uri_parts(theirs.uri)
    if isinstance(ours, Response):
        assert isinstance(theirs, sipmessage.Response)
        assert (ours.status, ours.reason) == (theirs.code, theirs.phrase)
    assert (ours.cseq.number, ours.cseq.method) == (theirs.cseq.sequence, theirs.cseq.method)
    assert ours.call_id == theirs.call_id and ours.body == theirs.body
    for key, name in (("via", "Via"), ("contact", "Contact"), ("from", "From"), ("subject", "Subject")):
        assert [" ".join(line.split()) for line in ours.lines(key)] == [
            " ".join(line.split()) for line in theirs.headers.getlist(name)
        ]


@given(messages)
def test_both_parsers_read_the_same_addresses_and_vias(data: bytes) -> None:
    ours = read_message(data)
    for value in filter(comparable, [ours.required("from"), ours.required("to"), *ours.values("contact")]):
        assert_same_address(Address.parse(value), sipmessage.Address.parse(value))
    for line in filter(comparable, ours.lines("via")):
        ours_here = map(Via.parse, split_unquoted(line, ","))
        theirs_here = sipmessage.Via.parse_many(line.replace(" ,", ","))  # it allows no space before a comma
        for one, other in zip(ours_here, theirs_here, strict=True):
            assert_same_via(one, other)
