"""Granted intervals: spread over devices, and never creeping."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.registrar.spread import SHARE, spread

seconds = st.integers(60, 86_400)


@given(seconds, st.integers(0, 86_400), st.text())
def test_what_was_granted_is_granted_again(asked: int, last: int, device: str) -> None:
    granted = spread(asked, last, device, 60)
    assert spread(granted, granted, device, 60) == granted


@given(seconds, st.integers(0, 86_400), st.text())
def test_at_most_a_twentieth_is_taken_and_never_below_the_minimum(asked: int, last: int, device: str) -> None:
    granted = spread(asked, last, device, 60)
    assert max(60, asked * (1 - SHARE) - 1) <= granted <= asked


def test_devices_are_spread() -> None:
    assert len({spread(3600, 0, f"device {number}", 60) for number in range(100)}) > 50


def test_a_phone_that_always_asks_the_same_is_always_granted_the_same() -> None:
    first = spread(3600, 0, "phone", 60)
    assert spread(3600, first, "phone", 60) == first
