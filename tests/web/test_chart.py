"""The picture of the last day: how high a bar and a step of the line are."""

from __future__ import annotations

import re

import pytest
from frontdesk_web.chart import FLOOR, HEIGHT, STEP, WIDTH, drawn

QUARTERS = WIDTH // STEP
NOBODY = [0] * QUARTERS


def bars(calls: list[int]) -> list[tuple[int, int]]:
    """Of each bar its place and its height; all stand on the floor."""
    found = re.findall(r'class="calls" x="(\d+)" y="(\d+)" width="\d+" height="(\d+)"', drawn(NOBODY, calls))
    assert all(int(y) + int(height) == FLOOR for _, y, height in found)
    return [(int(x) // STEP, int(height)) for x, _, height in found]


def line(devices: list[int]) -> str:
    found = re.search(r'class="devices" d="(.*?)"', drawn(devices, NOBODY))
    assert found is not None
    return found[1]


@pytest.mark.parametrize("most", [1, 2, 300])
def test_most_calls_of_a_quarter_take_six_tenths_of_the_height(most: int) -> None:
    assert bars([*NOBODY[1:], most]) == [(QUARTERS - 1, round(0.6 * HEIGHT))]


def test_half_as_many_calls_are_half_as_high_and_none_has_no_bar() -> None:
    assert bars([20, 0, 10, *NOBODY[3:]]) == [(0, 58), (2, 29)]


def test_single_call_beside_a_thousand_is_seen() -> None:
    assert bars([1000, 1, *NOBODY[2:]])[1] == (1, 2)


def test_line_is_on_the_floor_without_devices_and_below_the_top_with_the_most() -> None:
    assert line(NOBODY) == f"M0 {FLOOR}H{WIDTH}"
    assert line([1] * QUARTERS) == line([7] * QUARTERS) == f"M0 10H{WIDTH}"


def test_line_steps_where_another_number_is_registered_and_nowhere_else() -> None:
    assert line([2, 2, 1, 1, 1, *[2] * (QUARTERS - 5)]) == f"M0 10H{2 * STEP}V52H{5 * STEP}V10H{WIDTH}"
