"""The last day: what is counted in it, and since when."""

from __future__ import annotations

import pytest

from frontdesk.control import text
from frontdesk.control.day import DAY, QUARTER, SLOTS, Day
from frontdesk.events import Event, Kind, Wording
from tests.control.desk import Desk, phone


def test_day_counts_calls_and_carries_devices_on() -> None:
    devices, written = [0], [1000]
    start = 1_000_000 * QUARTER
    day = Day(lambda: devices[0], lambda: written[0], lambda: start)
    devices[0] = 3
    day.hear([Event(start, kind, "101", Wording("")) for kind in (Kind.REGISTERED, Kind.CALLING)])
    devices[0], written[0] = 2, 5000
    day.hear([Event(start + 2 * QUARTER, kind, "101", Wording("")) for kind in (Kind.EXPIRED, Kind.CALLING)])
    written[0] = 6000
    told = day.told(start + 3 * QUARTER)
    assert told["devices"][-4:] == [3, 3, 3, 2] and told["calls"][-4:] == [1, 0, 1, 0]
    assert len(told["devices"]) == len(told["calls"]) == SLOTS


def test_day_forgets_what_is_older_than_a_day() -> None:
    written = [0]
    start = 1_000_000 * QUARTER
    day = Day(lambda: 7, lambda: written[0], lambda: start)
    for number in range(2 * SLOTS):
        written[0] += 10
        at = start + number * QUARTER
        day.hear([Event(at, kind, "101", Wording("")) for kind in (Kind.CALLING, Kind.REGISTERED)])
    told = day.told(start + (2 * SLOTS - 1) * QUARTER)
    assert told == {"devices": [7] * SLOTS, "calls": [1] * SLOTS, "written": (SLOTS - 1) * 10}


def test_devices_that_were_there_when_the_box_started_are_in_its_day(desk: Desk) -> None:
    phone(desk)
    desk.box.day = Day(lambda: len(desk.box.location), lambda: 0, lambda: desk.now)
    assert desk.do("today")["devices"][-1] == desk.do("status")["bindings"] == 1
    desk.do("binding add", user="101", contact="sip:door@192.0.2.7", static=True)
    assert desk.do("today")["devices"][-1] == desk.do("status")["bindings"] == 2, "a place set by hand is no event"
    desk.box.day.hear([Event(desk.now + QUARTER, Kind.CALLING, "101", Wording(""))])
    assert desk.box.day.told(desk.now + 2 * QUARTER)["devices"][-3:] == [2, 2, 2]


def test_who_is_taken_away_goes_after_the_event_and_is_counted_no_longer() -> None:
    devices, start = [2], 1_000_000 * QUARTER
    day = Day(lambda: devices[0], lambda: 0, lambda: start)
    day.hear([Event(start, Kind.UNREGISTERED, "101", Wording("dropped"))])
    devices[0] = 1
    assert day.told(start + 2 * QUARTER)["devices"][-3:] == [2, 1, 1]


def test_what_is_written_in_a_day_without_events_is_told() -> None:
    written, start = [0], 1_000_000 * QUARTER
    day = Day(lambda: 1, lambda: written[0], lambda: start)
    written[0] = 20 * SLOTS
    told = day.told(start + (2 * SLOTS - 1) * QUARTER)
    assert told["written"] == pytest.approx(10 * SLOTS, abs=10)


def test_day_of_a_box_that_was_reset_begins_with_nobody() -> None:
    at, written, devices = [1_000_000 * QUARTER], [10], [3]
    day = Day(lambda: devices[0], lambda: written[0], lambda: at[0])
    at[0], written[0] = at[0] + QUARTER, 30
    day.forget()
    devices[0], written[0] = 0, 35
    told = day.told(at[0] + QUARTER)
    assert (told["devices"][-3:], told["written"], day.began) == ([0, 0, 0], 5, at[0])


def test_day_says_since_when_it_counts_until_it_is_whole(desk: Desk) -> None:
    began = desk.now - 60
    desk.box.day = Day(lambda: 0, lambda: 0, lambda: began)
    told = desk.do("today")
    assert f"Calls since {told['since'][:10]} " in text.today(told)
    desk.box.day.began = desk.now - 2 * DAY
    assert "Calls in 24 h " in text.today(desk.do("today"))
    desk.box.day = None
    told = desk.do("today")
    assert told["since"] is None and "Calls" not in text.today(told), "no box runs that could have counted"
