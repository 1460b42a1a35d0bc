"""RFC 3261 section 16.7: whatever the branches answer, the caller gets one final response, and nothing is left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.proxy.fork import Fork

finals = st.sampled_from([200, 302, 401, 404, 480, 486, 487, 500, 503, 600, 603])


@given(st.lists(st.one_of(finals, st.just(0), st.just(-1)), min_size=1, max_size=3))
def test_caller_gets_one_final_of_the_right_class(answers: list[int]) -> None:
    """0: cannot be sent; -1: never answers."""
    fork = Fork(len(answers))
    for number in sorted(range(len(answers)), key=lambda number: answers[number] == 200):
        _play(fork, number, answers[number])
    fork.wait(65)
    final = [status for status in fork.statuses if status >= 200]
    expected = _expected(answers)
    assert len(final) == max(answers.count(200), 1)
    assert set(final) == {expected} if expected else final[0] // 100 == 4


def _play(fork: Fork, number: int, answer: int) -> None:
    if answer == 0:
        fork.fail(number)
    elif answer > 0:
        fork.answer(number, answer)


def _expected(answers: list[int]) -> int | None:
    """None: some 4xx."""
    real = [answer for answer in answers if answer > 0]
    for first, last in _classes():
        found = [answer for answer in real if first <= answer < last]
        if not found and first == 400 and -1 in answers:
            return 408
        if found:
            return _of_class(found)
    return 480


def _classes() -> Iterator[tuple[int, int]]:
    yield 200, 300
    yield 600, 700
    for family in (3, 4, 5):
        yield family * 100, family * 100 + 100


def _of_class(found: list[int]) -> int | None:
    if found[0] // 100 == 4:
        return 401 if 401 in found else None
    if found[0] // 100 == 5:
        return 500
    return found[0]


@pytest.mark.parametrize("first", [200, 486, 603])
def test_context_is_gone_when_all_is_over(first: int) -> None:
    fork = Fork(2)
    fork.answer(1, 180)
    fork.answer(0, first)
    fork.answer(1, 487)
    fork.wait(70)
    assert len(fork.box.layer) == 0
    fork.wait(120)  # the one timer of all Timers C looks once more
    assert fork.box.deadlines.next() is None
