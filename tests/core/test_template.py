"""What may stand in the holes of a REGISTER that is known by its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.core.template import is_usual

ASKED = (b"1a", b"7", b"sip:101@192.0.2.101:5060;transport=udp")
PROVED = (*ASKED, b"bm9uY2U+/w==", b"0000000a", b"c1", b"0123456789abcdef")


def test_what_phones_send_is_usual() -> None:
    assert is_usual(ASKED)
    assert is_usual(PROVED)


@pytest.mark.parametrize(
    ("hole", "text"),
    [
        (0, b"1a/"),
        (0, b"1a,1b"),
        (1, b"+7"),
        (1, b"1234567890"),
        (2, b"sip:101@\xc2\xb9.example"),
        (2, b"sip:101@a,sip:102@b"),
        (3, b"n\\o"),
        (4, b"0000000g"),
        (4, b"000000a"),
        (5, b"c\t1"),
        (6, b'0"1'),
    ],
)
def test_what_could_mean_more_is_not(hole: int, text: bytes) -> None:
    for holes in (ASKED, PROVED):
        if hole < len(holes):
            assert not is_usual((*holes[:hole], text, *holes[hole + 1 :]))


@given(st.data())
def test_no_hole_holds_what_belongs_into_others(data: st.DataObject) -> None:
    """Whatever they are made of, a space in one of them is no usual REGISTER."""
    pieces = st.lists(st.sampled_from(PROVED), min_size=1, max_size=5).map(b" ".join)
    for count in (len(ASKED), len(PROVED)):
        holes = tuple(data.draw(st.lists(pieces, min_size=count, max_size=count)))
        assert not is_usual(holes) or not any(b" " in hole for hole in holes)
