"""Only a button that is held for 10 s from power-up, let go and pressed again resets the box."""

from __future__ import annotations

import pytest

from frontdesk.pins.button import DECIDE, HOLD, POLL, POWER_UP, Button, Stage

START = 30.0
"""Seconds after power-up at which the box looks first."""
RESET = [(10.2, True), (1.0, False), (0.3, True)]
"""Seconds for which the button stands so, from START."""


def stage_after(*stretches: tuple[float, bool], start: float = START) -> Stage:
    """Where it ends; it is looked at every POLL seconds."""
    button, now = Button(stretches[0][1], start), start
    for length, pressed in stretches:
        for _ in range(round(length / POLL)):
            now += POLL
            if button.stage not in (Stage.RESET, Stage.OVER):
                button.look(pressed, now)
    return button.stage


def test_held_then_pressed_again_resets() -> None:
    assert stage_after(*RESET) is Stage.RESET


@pytest.mark.parametrize(
    "stretches",
    [
        [(60.0, False)],
        [(HOLD - 0.1, True), (1.0, False), (1.0, True)],
        [(5.0, True), (0.05, False), (6.0, True), (1.0, False), (1.0, True)],
        [(HOLD + DECIDE + 1, True), (1.0, False), (1.0, True)],
        [(11.0, True), (DECIDE, False), (1.0, True)],
    ],
    ids=["not pressed", "let go too early", "let go in between", "never let go", "not pressed again"],
)
def test_anything_else_is_nothing(stretches: list[tuple[float, bool]]) -> None:
    assert stage_after(*stretches) is Stage.OVER


def test_a_contact_that_bounces_when_it_is_let_go_is_no_second_press() -> None:
    bounces = [(POLL, False), (POLL, True)] * 4
    assert stage_after((10.2, True), *bounces, (5.0, False)) is Stage.ASKING


def test_a_service_that_is_started_later_does_not_look() -> None:
    assert stage_after(*RESET, start=POWER_UP + 1) is Stage.OVER
