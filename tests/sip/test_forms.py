"""What names come to is remembered, and what was seen last is tried first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.sip.forms import Forms

PIECES = (b"A:", b"A: ", b"A: x", b"A:x", b"AB: x", b"B: x", b"", b" ", b"A")


def names(lines: list[bytes]) -> tuple[bytes, ...]:
    return tuple(line.partition(b" ")[0] for line in lines)


@given(st.lists(st.lists(st.sampled_from(PIECES), min_size=2, max_size=3), max_size=12))
def test_what_it_says_is_what_the_names_come_to_whatever_came_before(messages: list[list[bytes]]) -> None:
    forms = Forms(lambda names: None if b"" in names else names)
    for lines in messages:
        assert forms.of(lines) == (None if b"" in names(lines) else names(lines))


def test_of_many_forms_few_are_kept() -> None:
    forms = Forms(lambda names: names)
    for number in range(1000):
        forms.of([b"X-%d: " % number] * (number % 7 + 1))
    assert len(forms._last) == 7
    assert forms.of_names.cache_info().currsize == 128
