"""Phones that take each other's place are a problem: each shows that it is registered, and one is not rung."""

from __future__ import annotations

from dataclasses import replace

from frontdesk.control import alarms
from frontdesk.events import TAKEN_FOR_ONE, Event, Kind, Wording
from tests.control.desk import Desk, phone
from tests.control.telling import told
from tests.store.rows import NOW

HERE, THERE = "sip:101@192.0.2.1", "sip:101@192.0.2.2"


def happens(desk: Desk, kind: Kind, contact: str, at: float, rule: str = "") -> None:
    desk.core.events.add(Event(at, kind, "101", Wording("{contact}"), (contact,), "192.0.2.1:5060/udp", rule))


def test_two_phones_that_are_taken_for_one_are_told_until_the_other_has_a_place_of_its_own(desk: Desk) -> None:
    happens(desk, Kind.MOVED, THERE, NOW - 90)
    assert told(desk) == []
    happens(desk, Kind.MOVED, HERE, NOW - 60, TAKEN_FOR_ONE)
    [problem] = told(desk)
    assert problem["text"].startswith("Two phones are taken for one at 101") and problem["account"] == "101"
    assert list(alarms(desk.box)) == [problem]
    happens(desk, Kind.REGISTERED, THERE, NOW - 30)
    assert told(desk) == []


def test_more_phones_than_may_register_are_told_until_more_may(desk: Desk) -> None:
    desk.box.settings = replace(desk.box.settings, max_bindings=1)
    phone(desk)
    happens(desk, Kind.REPLACED, HERE, NOW - 90)
    happens(desk, Kind.REGISTERED, THERE, NOW - 90)
    assert told(desk) == [], "what was replaced is a phone that has gone, as far as is known"
    happens(desk, Kind.REPLACED, THERE, NOW - 60)
    happens(desk, Kind.REGISTERED, HERE, NOW - 60)
    [problem] = told(desk)
    assert problem["text"].startswith("101 has more phones than may register") and "max-bindings" in problem["cure"]
    desk.box.settings = replace(desk.box.settings, max_bindings=2)
    assert told(desk) == []


def test_more_phones_than_may_register_since_the_setting_was_lowered_are_told_at_once(desk: Desk) -> None:
    phone(desk), phone(desk)
    assert told(desk) == []
    desk.box.settings = replace(desk.box.settings, max_bindings=1)
    assert [problem["account"] for problem in told(desk)] == ["101"]


def test_phones_of_an_account_that_was_removed_are_none(desk: Desk) -> None:
    happens(desk, Kind.MOVED, HERE, NOW - 60, TAKEN_FOR_ONE)
    desk.do("account add", user="102")
    desk.do("account remove", user="101")
    assert told(desk) == []
