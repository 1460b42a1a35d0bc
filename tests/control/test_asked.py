"""Whoever is called and asks for a password that no phone has, or fails, is a problem: else only callers hear of it."""

from __future__ import annotations

import pytest

from frontdesk.control.phone_problems import RECENT
from frontdesk.events import DISABLED, Incoming
from frontdesk.model import Binding, BindingState, Sentence
from frontdesk.sip.status import RETRIED_WITHIN, reason_phrase
from frontdesk.sip.wire import Flow
from tests.control.desk import Desk, phone
from tests.store.rows import NOW

ORIGIN = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.23", 5060))


@pytest.fixture(autouse=True)
def pbx(desk: Desk) -> Binding:
    """101's place, which was set by hand long ago."""
    return phone(desk, flow=None, state=BindingState.STATIC, registered_at=NOW - 2 * RECENT)


def called(desk: Desk, status: int, at: float, dialled: str = "030123", why: Sentence | None = None) -> None:
    call = Incoming(at, "101", f"caller at {at}", dialled, ORIGIN, why=why)
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


def test_place_that_was_set_anew_since_has_not_been_asked_yet(desk: Desk, pbx: Binding) -> None:
    called(desk, 407, NOW - 60)
    pbx.registered_at = NOW - 30
    assert texts(desk) == []


@pytest.mark.parametrize("status", [400, 403, 404, 405, 482, 483, 500, 502])
def test_place_of_a_number_that_takes_no_calls_is_told_until_one_is_put_through(desk: Desk, status: int) -> None:
    """A gateway for 112, of whose fault nobody hears before somebody needs it."""
    called(desk, status, NOW - 60, "101")
    assert texts(desk) == [f"The last call to 101 was not put through: {status} {reason_phrase(status)}"]
    called(desk, 200, NOW - 30, "101")
    assert texts(desk) == []


@pytest.mark.parametrize("status", [480, 486, 487, 488, 600, 603])
def test_what_a_person_wishes_is_no_fault(desk: Desk, status: int) -> None:
    called(desk, status, NOW - 60, "101")
    assert texts(desk) == []


@pytest.mark.parametrize("status", [403, 482])
def test_phone_may_refuse_a_caller_or_a_call_that_it_gets_twice(desk: Desk, pbx: Binding, status: int) -> None:
    """As of a group in which it is under two names."""
    pbx.flow = ORIGIN
    called(desk, status, NOW - 60, "101")
    assert texts(desk) == []


@pytest.mark.parametrize("status", [403, 404, 484])
def test_trunk_that_refuses_one_number_is_none(desk: Desk, status: int) -> None:
    called(desk, status, NOW - 60)
    assert texts(desk) == []
    called(desk, 503, NOW - 30)
    assert len(texts(desk)) == 1


def test_account_that_is_disabled_has_not_answered(desk: Desk) -> None:
    called(desk, 404, NOW - 60, "101", DISABLED)
    assert texts(desk) == []


@pytest.mark.parametrize(
    ("status", "seconds", "rang", "silent", "is_told"),
    [
        (487, 15, False, False, True), (408, 180, False, False, True), (487, 14, False, False, False),
        (487, 60, True, False, False), (408, 32, False, True, False),
    ],
    ids=["given up", "Timer C", "given up soon", "rang", "silent, which is another problem"],
)  # fmt: skip
def test_phone_that_takes_a_call_in_and_does_not_ring_is_told(
    desk: Desk, status: int, seconds: float, rang: bool, silent: bool, is_told: bool
) -> None:
    """It has said 100, and nothing else."""
    at = NOW - 300
    call = Incoming(at, "101", "102", "101", ORIGIN, rang_at=at + 1 if rang else None, is_silent=silent)
    desk.core.events.add_incoming(call)
    assert texts(desk) == [], "it still goes on"
    call.hear(status, at + seconds)
    assert texts(desk) == ["101 takes a call in and does not ring"] * is_told
