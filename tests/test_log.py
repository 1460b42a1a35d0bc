"""The event log's lines, and when subscribers hear of events."""

import io
import json

import pytest

from frontdesk.events import Event, EventLog, Kind, Wording
from frontdesk.log import LONGEST, EventLines, Recent
from frontdesk.sip.wire import Flow

CALLING = Event(1.0, Kind.CALLING, "101", Wording("calls 102"), (), "192.0.2.1:5060/udp")


def written(*events: Event, form: str = "text", wall: float = 1_800_000_000.5) -> str:
    output = io.StringIO()
    EventLines(form, output, lambda: wall).write(events)
    return output.getvalue()


def test_a_line_says_when_who_what_and_from_where() -> None:
    line = written(CALLING)
    assert line[19:] == ",500 I 101 calls 102 from 192.0.2.1:5060/udp\n"
    assert line[:10] in ("2027-01-14", "2027-01-15", "2027-01-16")


def test_the_second_is_written_anew_when_it_is_over() -> None:
    times = iter([10.25, 10.75, 11.0])
    output = io.StringIO()
    lines = EventLines("text", output, lambda: next(times))
    for _ in range(3):
        lines.write([CALLING])
    first, second, third = output.getvalue().splitlines()
    assert first[:19] == second[:19] != third[:19]
    assert (first[19:23], second[19:23], third[19:23]) == (",250", ",750", ",000")


@pytest.mark.parametrize(
    ("origin", "source"),
    [(Flow("tcp", ("192.0.2.1", 5060), ("192.0.2.9", 5061)), " from 192.0.2.9:5061/tcp"), ("x", " from x"), ("", "")],
)
def test_line_ends_with_where_it_came_from(origin: Flow | str, source: str) -> None:
    assert written(Event(1.0, Kind.CALLING, "101", Wording("calls"), (), origin)).endswith(f" 101 calls{source}\n")


def test_of_a_long_line_the_begin_is_kept() -> None:
    recent: Recent = Recent()
    long = Event(1.0, Kind.WARNING, "101", Wording("x" * 5000))
    EventLines("text", io.StringIO(), lambda: 10.0, recent).write([long])
    assert [len(line) for line in recent] == [LONGEST]


@pytest.mark.parametrize(("kind", "level"), [(Kind.WARNING, " W "), (Kind.REFUSED, " W "), (Kind.MOVED, " I ")])
def test_warnings_and_refusals_are_marked(kind: Kind, level: str) -> None:
    assert level in written(Event(1.0, kind, "101", Wording("something")))


def test_text_off_the_wire_forges_no_line() -> None:
    assert written(Event(1.0, Kind.CALLING, "101", Wording("calls 1\r\n2\x1b"))).endswith(" 101 calls 1??2?\n")


def test_repetitions_are_told_the_1st_2nd_4th_and_8th_time() -> None:
    told = [times for times in range(1, 10) if written(Event(1.0, Kind.REFUSED, "101", Wording("no"), times=times))]
    assert told == [1, 2, 4, 8]
    assert "no (4 times)" in written(Event(1.0, Kind.REFUSED, "101", Wording("no"), times=4))
    assert json.loads(written(Event(1.0, Kind.REFUSED, "101", Wording("no"), times=4), form="json"))["times"] == 4


def test_refused_strangers_and_failing_disks_leave_no_line() -> None:
    stranger = Event(1.0, Kind.REFUSED, "", Wording("who?"))
    disk = Event(1.0, Kind.WARNING, "101", Wording("disk"), rule="disk")
    assert not written(stranger, disk)


def test_json_leaves_empty_things_out() -> None:
    line = json.loads(written(CALLING, form="json"))
    source = "192.0.2.1:5060/udp"
    assert line == {
        "time": 1_800_000_000.5, "level": "info", "event": "calling", "account": "101", "source": source,
        "text": "calls 102",
    }  # fmt: skip


def test_a_log_that_cannot_be_written_harms_nobody() -> None:
    output = io.StringIO()
    output.close()
    EventLines("text", output, lambda: 0.0).write([CALLING])


def test_subscribers_hear_of_a_turn_at_once_and_only_once() -> None:
    log, heard = EventLog(), list[list[Event]]()
    log.subscribe(heard.append)
    ringing = Event(2.0, Kind.RINGING, "101", Wording("102 rings"))
    log.add(CALLING)
    log.add(ringing)
    assert heard == []
    log.publish()
    log.publish()
    assert heard == [[CALLING, ringing]]


def test_subscribers_hear_how_often_it_has_happened() -> None:
    log, heard = EventLog(), list[int]()
    log.subscribe(lambda events: heard.extend(event.times for event in events))
    for at in (1.0, 2.0, 3.0):
        log.add(Event(at, Kind.REFUSED, "101", Wording("wrong password")))
    log.publish()
    assert heard == [1, 2, 3]
