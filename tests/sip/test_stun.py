"""STUN keep-alives (RFC 5626 section 8): the answers are RFC 5769's examples, and what is no question has none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.sip.stun import BEFORE_TEXT, LONGEST, binding_response

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
COOKIE = bytes.fromhex("2112a442")


def question(*attributes: tuple[int, bytes], kind: int = 0x0001, cookie: bytes = COOKIE) -> bytes:
    body = b"".join(
        number.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value + b" " * (-len(value) % 4)
        for number, value in attributes
    )
    return kind.to_bytes(2, "big") + len(body).to_bytes(2, "big") + cookie + TRANSACTION + body


@pytest.mark.parametrize(
    ("host", "attribute"),
    [
        ("192.0.2.1", "002000080001a147e112a643"),
        ("2001:db8:1234:5678:11:2233:4455:6677", "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"),
    ],
    ids=["RFC 5769 section 2.2", "section 2.3"],
)
def test_who_asks_is_told_as_whom_he_is_seen(host: str, attribute: str) -> None:
    value = bytes.fromhex(attribute)
    head = bytes.fromhex("0101") + len(value).to_bytes(2, "big") + COOKIE + TRANSACTION
    assert binding_response(question(), host, 32853) == head + value


def test_a_zone_is_no_part_of_an_address() -> None:
    assert binding_response(question(), "fe80::1%eth0", 1) == binding_response(question(), "fe80::1", 1)


@pytest.mark.parametrize("attribute", [0x8022, 0x8028, 0x0006, 0x0008], ids=["software", "CRC", "user", "integrity"])
def test_what_may_be_left_alone_is(attribute: int) -> None:
    with_it = question((attribute, b"abc"))
    assert binding_response(with_it, "192.0.2.1", 1) == binding_response(question(), "192.0.2.1", 1)


def test_what_would_have_to_be_understood_and_is_not_is_named() -> None:
    """RFC 8489 section 6.3.1: CHANGE-REQUEST of old, and ICE's PRIORITY."""
    answer = binding_response(question((0x0003, b"\0\0\0\6"), (0x8022, b"x"), (0x0024, b"\1\2\3\4")), "192.0.2.1", 1)
    assert answer is not None
    assert answer[:2] == bytes.fromhex("0111") and answer[4:20] == COOKIE + TRANSACTION
    assert int.from_bytes(answer[2:4], "big") == len(answer) - 20
    assert answer[20:].startswith(bytes.fromhex("0009001500000414") + b"Unknown Attribute\0\0\0")
    assert answer.endswith(bytes.fromhex("000a000400030024"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\0",
        question()[:-1],
        question().replace(b"\0\0", b"\0\1", 1) + b"\0",
        question() + b"\0\0\0\0",
        question(kind=0x0011),
        question(kind=0x0101),
        question(cookie=b"\0\0\0\0"),
        question((0x8022, b"abcd"))[:-4].replace(b"\0\x08", b"\0\x04", 1),
    ],
    ids=["empty", "zeros", "short", "no whole words", "longer", "indication", "answer", "RFC 3489", "cut off"],
)
def test_anything_else_has_no_answer(data: bytes) -> None:
    assert binding_response(data, "192.0.2.1", 1) is None


def test_a_question_fits_into_one_piece() -> None:
    """Thousands of attributes, one by one, would take the time of calls."""
    most = (LONGEST - len(question())) // 4
    assert binding_response(question(*[(0x8022, b"")] * most), "192.0.2.1", 1) is not None
    assert binding_response(question(*[(0x8022, b"")] * (most + 1)), "192.0.2.1", 1) is None


@given(st.binary(max_size=60).map(lambda tail: question()[:2] + tail) | st.binary(max_size=60))
def test_no_bytes_are_too_much_for_it(data: bytes) -> None:
    answer = binding_response(data, "192.0.2.1", 1)
    assert answer is None or len(answer) <= 20 + 28 + 4 + len(data)


def test_no_message_of_sip_is_taken_for_one() -> None:
    assert question() < BEFORE_TEXT and question(kind=0x0101) < BEFORE_TEXT
    assert not any(bytes((begin,)) < BEFORE_TEXT for begin in range(2, 256))
