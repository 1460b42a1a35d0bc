"""LED and button of a board, over chips at the seam of gpiod."""

from __future__ import annotations

import asyncio
import logging
import sys
from itertools import islice

import pytest
from gpiod.line import Bias, Direction

from frontdesk.board import Board, Pin, load
from frontdesk.pins import Front, button
from frontdesk.pins.led import ALARM, ASKING, BOOTING, CALL, READY, steps
from tests.pins.chips import Chips, chips

__all__ = ["chips"]
LED, BUTTON = 17, 27
FIVE = load("rpi-5")


async def turn() -> None:
    """Lets what was started begin."""
    for _ in range(5):
        await asyncio.sleep(0)


async def never() -> None:
    raise AssertionError("nobody asked for a reset")


def test_the_lines_are_taken_by_the_chips_label(chips: Chips) -> None:
    async def live() -> None:
        front = Front(FIVE, lambda: 30.0)
        front.ready(lambda: False, lambda: False, never)
        await turn()
        await front.close()

    asyncio.run(live())
    led, pressed = chips.requests[LED], chips.requests[BUTTON]
    assert (led.chip, led.settings.direction, led.settings.active_low) == ("gpiochip4", Direction.OUTPUT, False)
    assert (pressed.settings.direction, pressed.settings.bias) == (Direction.INPUT, Bias.PULL_UP)
    assert pressed.settings.active_low and {led.consumer, pressed.consumer} == {"frontdesk"}
    assert led.values[0] and not led.values[-1] and led.released and pressed.released


def test_what_needs_a_hand_is_shown_first(chips: Chips) -> None:
    state = {"alarm": False, "call": False}

    async def live() -> None:
        front = Front(Board("mine", "Mine", "nowhere"), lambda: 30.0)
        assert front.pattern() == BOOTING
        front.ready(lambda: state["alarm"], lambda: state["call"], never)
        assert front.pattern() == READY
        state["call"] = True
        assert front.pattern() == CALL
        state["alarm"] = True
        assert front.pattern() == ALARM
        await front.close()

    asyncio.run(live())


def test_a_pattern_begins_lit_and_goes_on_with_what_is_shown_next() -> None:
    shown = iter([CALL, READY])
    assert list(islice(steps(lambda: next(shown)), 3)) == [(True, 0.5), (False, 0.5), (True, 1.0)]


def test_held_and_pressed_again_it_resets_once_and_the_led_asks_in_between(
    chips: Chips, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(button, "POLL", 0.0)
    monkeypatch.setattr("frontdesk.pins.front.POLL", 0.0)
    now, resets = [20.0], list[float]()

    async def reset() -> None:
        resets.append(now[0])

    async def live() -> None:
        chips.pressed = True
        front = Front(FIVE, lambda: now[0])
        front.ready(lambda: True, lambda: True, reset)
        await turn()
        assert front.pattern() == ALARM
        for at, pressed in [(30.5, True), (31.0, False), (31.5, False), (32.0, True), (32.5, True), (33.0, True)]:
            if at == 32.0:
                assert front.pattern() == ASKING
            now[0], chips.requests[BUTTON].pressed = at, pressed
            await turn()
        assert front.pattern() == ALARM
        await front.close()

    asyncio.run(live())
    assert resets == [32.5] and chips.requests[BUTTON].released


def test_a_reset_that_was_refused_is_told(
    chips: Chips, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [20.0]

    async def refuse() -> None:
        raise RuntimeError("The disk is full.")

    async def live() -> None:
        chips.pressed = True
        front = Front(FIVE, lambda: now[0])
        front.ready(lambda: False, lambda: False, refuse)
        await turn()
        for at, pressed in [(30.5, True), (31.0, False), (31.5, False), (32.0, True), (32.5, True)]:
            now[0], chips.requests[BUTTON].pressed = at, pressed
            await turn()
        await front.close()

    monkeypatch.setattr("frontdesk.pins.front.POLL", 0.0)
    asyncio.run(live())
    assert caplog.messages[-1] == "there was no factory reset: The disk is full."


def test_a_chip_that_is_not_there_is_told_once_and_the_box_goes_on(
    chips: Chips, caplog: pytest.LogCaptureFixture
) -> None:
    async def live() -> None:
        front = Front(Board("mine", "Mine", "nowhere", led=Pin("pinctrl-unheard-of", 1)), lambda: 30.0)
        await turn()
        await front.close()

    asyncio.run(live())
    assert [record.getMessage() for record in caplog.records] == [
        "the LED is not used: there is no GPIO chip pinctrl-unheard-of"
    ]


def test_without_gpiod_the_box_goes_on(
    chips: Chips, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "gpiod", None)

    async def live() -> None:
        front = Front(FIVE, lambda: 30.0)
        front.ready(lambda: False, lambda: False, never)
        await turn()
        await front.close()

    with caplog.at_level(logging.WARNING):
        asyncio.run(live())
    assert {record.getMessage() for record in caplog.records} == {
        "the LED is not used: gpiod 2 is not installed",
        "the button is not used: gpiod 2 is not installed",
    }
