"""A PBX that is not trusted yet is told of, with its cure: it is challenged, and never answers."""

from __future__ import annotations

import pytest

from frontdesk.core.unanswered import MOST, PATIENCE
from tests.support.asking import ask, statuses
from tests.support.bare_core import BareCore
from tests.support.registering import HERE, REALM, flow

PBX = flow("192.0.2.50")


def told(box: BareCore) -> list[str]:
    return [event.source for event in box.core.events if event.rule == "never-answered"]


def test_whoever_calls_and_never_shows_a_password_is_told_once() -> None:
    box = BareCore()
    for _ in range(3):
        assert statuses(box.receive(ask("INVITE", f"sip:102@{REALM}"), PBX)) == [407]
    box.clock.advance(PATIENCE - 0.1)
    assert told(box) == []
    box.clock.advance(0.2)
    assert told(box) == ["192.0.2.50:5060/udp"]
    box.clock.advance(10 * PATIENCE)
    assert len(told(box)) == 1 and box.core.next_timer() is None


@pytest.mark.parametrize("password", ["secret", "wrong"])
def test_who_answers_the_challenge_is_not(password: str) -> None:
    box = BareCore()
    box.receive(box.signed(ask("INVITE", f"sip:102@{REALM}"), password=password), HERE)
    box.clock.advance(3 * PATIENCE)
    assert told(box) == []


def test_late_copy_of_what_was_challenged_is_none() -> None:
    box = BareCore()
    asked = ask("INVITE", f"sip:102@{REALM}")
    box.receive(box.signed(asked), HERE)
    box.receive(asked, HERE)
    box.clock.advance(3 * PATIENCE)
    assert told(box) == []
    box.receive(ask("INVITE", f"sip:102@{REALM}"), HERE)
    box.clock.advance(3 * PATIENCE)
    assert len(told(box)) == 1


def test_a_challenge_of_another_request_is_no_answer() -> None:
    box = BareCore()
    box.receive(ask("INVITE", f"sip:102@{REALM}"), PBX)
    box.receive(ask("REGISTER"), PBX)
    box.clock.advance(PATIENCE)
    assert len(told(box)) == 1


@pytest.mark.parametrize("method", ["OPTIONS", "REGISTER", "MESSAGE"])
def test_other_requests_are_not(method: str) -> None:
    box = BareCore()
    box.receive(ask(method, f"sip:102@{REALM}"), PBX)
    box.clock.advance(3 * PATIENCE)
    assert told(box) == []


def test_strangers_from_outside_are_not_nor_more_than_a_few() -> None:
    box = BareCore()
    box.receive(ask("INVITE", f"sip:102@{REALM}"), flow("8.8.8.8"))
    for number in range(MOST + 5):
        box.receive(ask("INVITE", f"sip:102@{REALM}"), flow(f"10.0.0.{number}"))
    box.clock.advance(3 * PATIENCE)
    assert len(told(box)) == MOST and not any("8.8.8.8" in source for source in told(box))
