"""Whoever is called and asks for a password that no phone has is a problem: callers only hear that it fails."""

from __future__ import annotations

import pytest

from frontdesk.control.problems import RECENT
from frontdesk.events import Incoming
from frontdesk.sip.status import RETRIED_WITHIN
from frontdesk.sip.wire import Flow
from tests.control.desk import Desk
from tests.store.rows import NOW

ORIGIN = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.23", 5060))


def called(desk: Desk, status: int, at: float) -> None:
    call = Incoming(at, "101", f"caller at {at}", "030123", ORIGIN)
    desk.core.events.add_incoming(call)
    call.hear(status, at)


def texts(desk: Desk) -> list[str]:
    desk.now = NOW
    return [problem["text"] for problem in desk.do("problems")]


@pytest.mark.parametrize("status", [401, 407])
def test_challenge_that_nobody_answers_is_told_for_an_hour(desk: Desk, status: int) -> None:
    asked = [f"Nobody is put through to 101: it asks for a password ({status})"]
    called(desk, status, NOW - RECENT)
    assert texts(desk) == []
    called(desk, status, NOW - RETRIED_WITHIN)
    assert texts(desk) == asked


def test_caller_has_a_moment_to_answer(desk: Desk) -> None:
    called(desk, 407, NOW - RETRIED_WITHIN + 1)
    assert texts(desk) == []


@pytest.mark.parametrize("status", [200, 486])
def test_next_call_that_is_taken_or_refused_for_another_reason_puts_it_right(desk: Desk, status: int) -> None:
    called(desk, 407, NOW - 60)
    called(desk, status, NOW - 30)
    assert texts(desk) == []
