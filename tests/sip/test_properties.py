"""What holds for all messages: written as read, the same however a stream is cut, and only ParseError raised."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy

from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.sip.address import Address
from frontdesk.sip.checks import read_message
from frontdesk.sip.errors import ParseError
from frontdesk.sip.framing import PONG, Stream
from frontdesk.sip.message import Message, Response
from frontdesk.sip.parser import parse_message
from frontdesk.sip.uri import Uri
from frontdesk.sip.via import Via
from frontdesk.sip.wire import Flow
from tests.sip.torture import MESSAGES
from tests.sip.valid_messages import addresses, message, messages, seeds, uris, vias

FLOW = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.4", 40000))
NASTY = [
    *(bytes((byte,)) for byte in b'\r\n\0 \t"\\<>;,:@=?%[]/*\xff\x85'),
    *(b"\r\n", b"\r\n ", b"\r\n\r\n", b"%0", b"\xc3\xa9", b"\xed\xa0\x80", "²".encode(), "\u2028".encode(), b"-1"),
    *(b"9" * 5000, b"SIP/2.0", b"\r\nVia: SIP/2.0/UDP h", b"\r\nTo: ", b"\r\nContent-Length: 5", b"\r\nCSeq: 1 ACK"),
]
ARCHIVE = [torture.archived for torture in MESSAGES]


def same(one: Message, other: Message) -> bool:
    return (one.start_line, one.fields, one.body) == (other.start_line, other.fields, other.body)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good or a torture message with pieces cut out and nasty ones put in."""
    random = draw(seeds)
    data = random.choice((message(random), random.choice(ARCHIVE)))
    for _ in range(random.randrange(5)):
        start = random.randint(0, len(data))
        data = data[:start] + random.choice(NASTY) + data[start + random.choice((0, 0, 1, 2, 10)) :]
    return data


def look_at_everything(message: Message) -> None:
    """Asks for every typed view; ParseError is the only thing that may come of it."""
    for view in ("via", "cseq", "call_id", "from_", "to", "uri"):
        with suppress(ParseError, AttributeError):
            getattr(message, view)
    for key in {field[0] for field in message.fields}:
        with suppress(ParseError):
            for value in message.values(key):
                for parse in (Via.parse, Address.parse, Uri.parse):
                    with suppress(ParseError):
                        str(parse(value))
        with suppress(ParseError):
            deepcopy(message).remove_first(key)


@given(messages)
def test_a_message_is_written_as_it_came_and_read_again_the_same(data: bytes) -> None:
    message = read_message(data)
    assert message.encode() == data
    assert same(parse_message(message.encode()), message)
    assert message.via.host and message.from_.uri.host and message.to.uri.host


@given(messages)
def test_a_message_from_parts_is_read_the_same(data: bytes) -> None:
    message = read_message(data)
    for key in ("via", "from", "to", "contact"):
        message.replace(key, [" ".join(value.split()) for value in message.values(key)])
    again = read_message(message.encode())
    assert same(again, message)
    assert (again.via, again.from_, again.to, again.cseq) == (message.via, message.from_, message.to, message.cseq)


@given(uris)
def test_a_uri_is_written_and_read_the_same(text: str) -> None:
    uri = Uri.parse(text)
    assert Uri.parse(str(uri)) == uri
    assert uri.matches(Uri.parse(text))


@given(uris, uris)
def test_equivalence_is_symmetric(one: str, other: str) -> None:
    assert Uri.parse(one).matches(Uri.parse(other)) == Uri.parse(other).matches(Uri.parse(one))


@given(addresses, vias)
def test_addresses_and_vias_are_written_and_read_the_same(address: str, via: str) -> None:
    unfolded = " ".join(address.split())
    assert Address.parse(str(Address.parse(unfolded))) == Address.parse(unfolded)
    assert Via.parse(str(Via.parse(via))) == Via.parse(via)


@given(st.lists(st.one_of(messages, st.just(b"\r\n\r\n")), max_size=4), st.data())
def test_a_stream_gives_the_same_wherever_it_is_cut(items: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(items)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    reader = Stream()
    found: list[bytes] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += reader.feed(stream[start:end])
    assert found == [PONG if item == b"\r\n\r\n" else item for item in items]


@settings(max_examples=400)
@given(st.one_of(damaged(), st.binary(max_size=200)))
def test_nothing_but_parse_error_is_raised_and_every_answer_is_sound(data: bytes) -> None:
    try:
        message = parse_message(data)
        look_at_everything(message)
        assert same(parse_message(message.encode()), message)
        read_message(data)
    except ParseError as error:
        if error.request is not None:
            assert error.request.method != "ACK"
            error.request.stamp(FLOW)
            response = Response.to_request(error.request, error.status, error.reason, to_tag="1")
            answer = parse_message(response.encode())
            assert answer.via.parameters.get("received", answer.via.host) == FLOW.remote[0]


@settings(max_examples=300)
@given(st.lists(damaged(), max_size=3), st.data())
def test_a_stream_of_anything_ends_alike_wherever_it_is_cut(items: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(items)
    cut = data.draw(st.integers(0, len(stream)))
    assert drain(stream) == drain(stream[:cut], stream[cut:])


def drain(*pieces: bytes) -> list[object]:
    reader = Stream()
    found: list[object] = []
    try:
        for piece in pieces:
            for frame in reader.feed(piece):
                found.append(frame)
    except ParseError as error:
        found.append((error.status, error.request and error.request.encode()))
    return found


@given(st.text(), st.text(st.sampled_from('sip:a@b;=,"<>\\% []?\r\n²')))
def test_any_text_is_parsed_or_refused(one: str, other: str) -> None:
    for text in (one, other, f"sip:{other}", f"<sip:a@b>;{other}", f"SIP/2.0/UDP {other}"):
        for parse in (Uri.parse, Address.parse, Via.parse):
            with suppress(ParseError):
                assert parse(str(parse(text)))
