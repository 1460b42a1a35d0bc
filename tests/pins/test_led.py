"""What the LED says can be told apart by eye, as README.md describes it."""

from __future__ import annotations

from itertools import islice

import pytest

from frontdesk.pins.led import ALARM, ASKING, BOOTING, CALL, READY, Pattern, steps


def test_ready_is_steady() -> None:
    assert all(lit for lit, _ in islice(steps(lambda: READY), 6))


def test_call_blinks_slowly_lit_as_long_as_dark() -> None:
    lit, dark = CALL
    assert lit == dark >= 0.5


def test_start_blinks_fast_and_the_question_flickers() -> None:
    assert 0.1 < sum(BOOTING) <= 0.2 and sum(ASKING) <= sum(BOOTING) / 2


def test_alarm_is_three_short_ones_and_a_pause() -> None:
    lit, dark = ALARM[::2], ALARM[1::2]
    assert len(lit) == len(dark) == 3 and max(lit) <= 0.1
    assert dark[-1] > sum(ALARM[:-1]) > 0


@pytest.mark.parametrize("pattern", [ALARM, ASKING, BOOTING, CALL, READY])
def test_another_state_is_seen_within_two_seconds(pattern: Pattern) -> None:
    assert 0 < sum(pattern) <= 2.0
