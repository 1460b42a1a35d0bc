"""Messages out of a stream: RFC 3261 sections 7.5 and 18.3, RFC 5626 section 4.4.1."""

import pytest

from frontdesk.sip.errors import ParseError
from frontdesk.sip.framing import PONG, Stream
from frontdesk.sip.parser import MAX_MESSAGE

HEAD = b"OPTIONS sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKa\r\n"
ONE = HEAD + b"Content-Length: 3\r\n\r\nabc"
TWO = HEAD + b"l :\r\n 0\r\n\r\n"
LF = b"OPTIONS sip:a SIP/2.0\nVia: SIP/2.0/TCP a\ncontent-length:1\n\nx"


def read(*pieces: bytes) -> list[bytes]:
    reader = Stream()
    return [item for piece in pieces for item in reader.feed(piece)]


def test_messages_are_cut_by_content_length_wherever_the_bytes_are_cut() -> None:
    stream = b"\r\n" + ONE + TWO + b"\r\n\r\n" + LF + ONE
    expected = [ONE, TWO, PONG, LF, ONE]
    for at in range(len(stream) + 1):
        assert read(stream[:at], stream[at:]) == expected
    assert read(*(bytes([byte]) for byte in stream)) == expected


def test_a_double_line_end_is_a_ping_and_a_single_one_is_nothing() -> None:
    reader = Stream()
    assert list(reader.feed(b"\r\n")) == []
    assert reader.pending == 0, "a pong is no message that has begun"
    assert list(reader.feed(b"\r\n\r")) == [PONG]
    assert list(reader.feed(b"\n" + ONE + b"\r\n" + ONE + b"\n\n")) == [ONE, ONE]


def test_what_comes_before_a_broken_message_is_still_given() -> None:
    reader = Stream()
    frames = reader.feed(ONE + HEAD + b"\r\n")
    assert next(frames) == ONE
    with pytest.raises(ParseError, match="Content-Length") as refused:
        next(frames)
    assert refused.value.request is not None and refused.value.request.via.branch == "z9hG4bKa"
    with pytest.raises(ParseError):
        next(reader.feed(ONE))


@pytest.mark.parametrize(
    "line", [b"", b"Content-Length: x\r\n", b"Content-Length: -1\r\n", b"l: 1\r\nContent-Length: 2\r\n"]
)
def test_a_length_that_is_not_one_number_is_refused(line: bytes) -> None:
    with pytest.raises(ParseError) as refused:
        read(HEAD + line + b"\r\n")
    assert refused.value.status == 400


def test_a_message_over_64_kib_is_refused_by_its_head_alone() -> None:
    with pytest.raises(ParseError) as refused:
        read(HEAD + b"Content-Length: 65536\r\n\r\n")
    assert refused.value.status == 513 and refused.value.request is not None


@pytest.mark.parametrize(("begin", "is_answered"), [(b"", False), (HEAD, True)])
def test_a_head_that_never_ends_is_refused(begin: bytes, is_answered: bool) -> None:
    with pytest.raises(ParseError) as refused:
        read(begin, *[b"x" * 1000] * (MAX_MESSAGE // 1000 + 1))
    assert refused.value.status == 513 and (refused.value.request is not None) == is_answered


@pytest.mark.parametrize("piece", [1000, MAX_MESSAGE])
def test_a_head_may_be_as_long_as_a_message_however_it_is_cut(piece: int) -> None:
    rest = b"\r\nContent-Length: 0\r\n\r\n"
    long = HEAD + b"X: " + b"x" * (MAX_MESSAGE - len(HEAD) - 3 - len(rest)) + rest
    assert read(*cut(long, piece)) == [long]
    with pytest.raises(ParseError) as refused:
        read(*cut(long.replace(b"X: ", b"X: x"), piece))
    assert refused.value.status == 513 and refused.value.request is not None


def cut(data: bytes, piece: int) -> list[bytes]:
    return [data[at : at + piece] for at in range(0, len(data), piece)]
