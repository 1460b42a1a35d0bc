"""What a device sends again (RFC 3261 section 17.2.2), by the short way of a REGISTER."""

from __future__ import annotations

from frontdesk.sip.finished_answers import SWEEP
from frontdesk.sip.timers import TIMEOUT
from tests.core.pair import Pair, register
from tests.core.test_renewals import MOVED
from tests.support.registering import flow


def test_what_came_again_is_repeated_and_counts_once() -> None:
    pair = Pair()
    again = pair.next()
    assert [pair.send(again), pair.send(again)] == [200, 200]
    assert pair.send(again.replace(b"branch=z9hG4bKr", b"branch=z9hG4bKx")) == 401


def test_the_last_refresh_alone_may_come_again_and_for_as_long_as_a_message_may() -> None:
    """A phone sends no REGISTER before it has the answer to the one before (RFC 3261 section 10.2)."""
    pair = Pair()
    first, second = pair.next(), pair.next()
    assert [pair.send(first), pair.send(second), pair.send(second)] == [200, 200, 200]
    pair.wait(TIMEOUT - 1.0)
    assert pair.send(second) == 200
    assert not pair.was_short(first)
    assert pair.was_short(second)
    pair.short.clock.advance(1.0)
    assert not pair.was_short(second)


def test_refreshes_with_one_branch_are_told_apart_by_their_numbers() -> None:
    pair = Pair()
    first, second = pair.next(branch="z9hG4bKr"), pair.next(branch="z9hG4bKr")
    assert [pair.was_short(first), pair.was_short(second), pair.was_short(first)] == [True, True, False]


def test_a_question_under_the_branch_of_one_that_waits_for_the_disk_is_none() -> None:
    pair = Pair()
    pair.hold()
    assert pair.send(pair.next(contact=MOVED, branch="z9hG4bKr")) == 0
    assert pair.send(register("", pair.cseq, "z9hG4bKr", contact=MOVED)) == 0


def test_over_a_connection_nothing_comes_again() -> None:
    pair = Pair()
    over_tcp = flow(connection=1)
    for _ in range(2):
        assert pair.send(pair.next(), over_tcp) == 200
    assert pair.send(refresh := pair.next(), over_tcp) == 200
    assert pair.send(refresh, over_tcp) == 401


def test_a_move_and_what_was_sent_before_it_are_both_answered_again() -> None:
    pair = Pair()
    refresh = pair.next()
    assert pair.send(refresh) == 200
    pair.hold()
    moved = pair.next(contact=MOVED)
    assert [pair.send(moved), pair.send(refresh), pair.send(moved)] == [0, 200, 0]
    pair.tell(fail=False)
    assert [pair.send(moved), pair.send(refresh)] == [200, 200]


def test_a_move_does_not_let_what_was_sent_before_it_be_answered_for_longer() -> None:
    pair = Pair()
    refresh = pair.next()
    assert pair.send(refresh) == 200
    pair.wait(TIMEOUT + SWEEP)
    assert pair.send(pair.next(contact=MOVED)) == 200
    assert pair.send(refresh) == 401
