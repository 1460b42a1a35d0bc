"""RFC 3261 section 16.7 steps 6 and 7: which of the answers goes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.proxy.best_response import after_cancel, best_response
from frontdesk.sip.message import Response, make_field

finals = st.integers(300, 699)


def response(status: int, *headers: tuple[str, str]) -> Response:
    return Response(status, "", [make_field(name, value) for name, value in headers])


def best(*statuses: int) -> int:
    return best_response([response(status) for status in statuses]).status


@given(st.lists(finals, min_size=1))
def test_one_of_those_that_came_is_chosen(statuses: list[int]) -> None:
    assert best(*statuses) in statuses


@given(st.lists(finals), st.integers(600, 699))
def test_6xx_goes_before_all(statuses: list[int], decline: int) -> None:
    assert best(*statuses, decline) >= 600


@given(st.lists(st.integers(300, 599), min_size=1))
def test_no_class_above_the_lowest_is_chosen(statuses: list[int]) -> None:
    assert best(*statuses) // 100 == min(statuses) // 100


@given(st.lists(finals, min_size=1), st.randoms(use_true_random=False))
def test_rank_does_not_hang_on_who_was_first(statuses: list[int], random) -> None:  # type: ignore[no-untyped-def]
    first = best(*statuses)
    random.shuffle(statuses)
    again = best(*statuses)
    assert first // 100 == again // 100


@pytest.mark.parametrize("useful", [401, 407, 415, 420, 484])
@given(others=st.lists(st.integers(400, 499).filter(lambda status: status not in (401, 407, 415, 420, 484))))
def test_what_tells_how_to_try_again_goes_first_in_its_class(useful: int, others: list[int]) -> None:
    assert best(*others, useful) == useful


def test_503_goes_last_in_its_class() -> None:
    assert best(503, 500) == 500


def test_busy_phone_says_more_than_one_that_was_not_reached() -> None:
    assert best(480, 408, 487, 486, 404) == 486


def test_equals_the_first_that_came() -> None:
    first, second = response(404), response(410)
    assert best_response([first, second]) is first


def test_challenges_of_all_are_gathered_unchanged() -> None:
    mine, other = ("www-authenticate", 'Digest realm="a"'), ("proxy-authenticate", 'Digest realm="b"')
    third = ("www-authenticate", 'Digest realm="c"')
    refused = response(404, ("www-authenticate", "no"))
    chosen = best_response([refused, response(401, mine), response(407, other, third)])
    assert [(key, value) for key, value, _ in chosen.fields] == [mine, other, third]


def test_other_answers_gather_nothing() -> None:
    chosen = best_response([response(401, ("www-authenticate", "x")), response(603)])
    assert chosen.fields == []


def test_a_phones_487_and_a_6xx_count_after_a_cancel_and_nothing_else() -> None:
    given = [response(status) for status in (302, 407, 486, 487, 503, 603)]
    assert [each.status for each in after_cancel(given)] == [487, 603]
