"""Phones that do not react to a call are a problem until they give a sign of life."""

from __future__ import annotations

import pytest

from frontdesk.control import alarms
from frontdesk.events import Event, Incoming, Kind, Wording
from frontdesk.sip.wire import Flow
from tests.control.desk import Desk, phone
from tests.control.telling import told
from tests.store.rows import NOW

SILENT = Wording("{contact} did not react to a call")
THERE = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.9", 5060))


def test_place_by_ipv6_that_is_silent_is_told_whole(desk: Desk) -> None:
    contact = "sip:door@[2001:db8::20]"
    desk.do("binding add", user="101", contact=contact, static=True)
    next(iter(desk.box.location)).seen_at = NOW - 90
    desk.core.events.add(Event(NOW - 60, Kind.WARNING, "101", SILENT, (contact,), "2001:db8::20", "silent"))
    (problem,) = told(desk)
    assert "2001:db8::20 did not" in problem["text"]


@pytest.mark.parametrize(("host", "is_name"), [("gw.example.com", True), ("gateway", True), ("192.0.2.20", False)])
def test_place_by_a_name_may_be_silent_since_nobody_knows_the_name(desk: Desk, host: str, is_name: bool) -> None:
    desk.do("binding add", user="101", contact=f"sip:{host}", static=True)
    next(iter(desk.box.location)).seen_at = NOW - 90
    desk.core.events.add(Event(NOW - 60, Kind.WARNING, "101", SILENT, (f"sip:{host}",), host, "silent"))
    (problem,) = told(desk)
    assert f"at {host} did not" in problem["text"] and ("name servers" in problem["cure"]) is is_name


def test_what_a_phone_left_behind_when_it_was_started_again_is_no_problem(desk: Desk) -> None:
    ghost, again = phone(desk), phone(desk)
    assert ghost.flow is not None and again.flow is not None
    ghost.seen_at, again.registered_at, again.seen_at = NOW - 900, NOW - 800, NOW - 300
    desk.core.events.add(Event(NOW - 60, Kind.WARNING, "101", SILENT, ("",), ghost.flow, "silent"))
    assert told(desk) == []
    again.registered_at = NOW - 1000
    assert len(told(desk)) == 1, "two phones of one kind"
    again.registered_at, again.user_agent = NOW - 800, "another"
    assert len(told(desk)) == 1


def test_phone_that_did_not_react_is_a_problem_until_it_gives_a_sign_of_life(desk: Desk) -> None:
    there = phone(desk)
    assert there.flow is not None
    desk.core.events.add(Event(NOW - 60, Kind.WARNING, "101", SILENT, ("",), there.flow, "silent"))
    there.seen_at = NOW - 90
    [problem] = told(desk)
    assert problem["text"] == f"101's phone at {there.flow.remote[0]} did not react to a call"
    assert "power" in problem["cure"] and list(alarms(desk.box))
    there.seen_at = NOW - 30
    assert told(desk) == []


def test_place_by_hand_that_did_not_react_is_a_problem_until_it_rings_or_calls(desk: Desk) -> None:
    desk.do("binding add", user="101", contact="sip:192.0.2.50", static=True)
    [place] = desk.box.location
    place.seen_at = NOW - 90
    desk.core.events.add(Event(NOW - 60, Kind.WARNING, "101", SILENT, (place.contact,), "192.0.2.50", "silent"))
    desk.core.events.add_incoming(Incoming(NOW - 61, "101", "102", "101", THERE, rang_at=NOW - 50))
    desk.core.events.add_incoming(Incoming(NOW - 40, "101", "102", "101", THERE, result=480))
    assert len(told(desk)) == 1, "another one has rung, and this one not"
    desk.core.events.add_incoming(Incoming(NOW - 30, "101", "102", "101", THERE, ended_at=NOW - 20, result=200))
    assert told(desk) == []
    desk.core.events.add(Event(NOW - 10, Kind.WARNING, "101", SILENT, (place.contact,), "192.0.2.50", "silent"))
    assert len(told(desk)) == 1
    desk.core.events.add_incoming(Incoming(NOW - 9, "101", "102", "101", THERE, rang_at=NOW - 8))
    assert told(desk) == []
    phone(desk).seen_at = NOW - 90
    assert len(told(desk)) == 1, "it may have been the other place"
    for user, left in (("102", 1), ("", 0)):  # another account's, behind one address; what needs no password
        desk.core.events.add(Event(NOW - 5, Kind.CALLING, user, Wording("calls"), (), "192.0.2.50:5060/udp"))
        assert len(told(desk)) == left


def test_place_by_hand_that_did_not_react_is_well_when_it_has_answered_though_there_is_another(desk: Desk) -> None:
    """A second way out, which was taken meanwhile."""
    for host, port in (("192.0.2.50", 5060), ("192.0.2.50", 5070)):
        desk.do("binding add", user="101", contact=f"sip:{host}:{port}", static=True)
    first, second = sorted(desk.box.location, key=lambda place: place.contact)
    first.seen_at = second.seen_at = NOW - 90
    desk.core.events.add(Event(NOW - 60, Kind.WARNING, "101", SILENT, (first.contact,), "192.0.2.50", "silent"))
    for at, port, left in ((NOW - 61, 5060, 1), (NOW - 50, 5070, 1), (NOW - 40, 5060, 0)):
        call = Incoming(at, "101", "102", "0301", THERE, result=200, device=f"sip:0301@192.0.2.50:{port}")
        desk.core.events.add_incoming(call)
        assert len(told(desk)) == left


def test_phone_that_is_back_at_another_address_is_no_problem(desk: Desk) -> None:
    there, dead = phone(desk), Flow("udp", ("192.0.2.1", 5060), ("192.0.2.99", 5060))
    desk.core.events.add(Event(NOW - 60, Kind.WARNING, "101", SILENT, ("",), dead, "silent"))
    there.seen_at = NOW - 90
    assert len(told(desk)) == 1, "another one of the account is not it"
    there.seen_at = NOW - 30
    assert told(desk) == []


def test_phone_that_calls_from_another_port_is_rung_in_vain_all_the_same(desk: Desk) -> None:
    there = phone(desk)
    assert there.flow is not None
    there.seen_at = NOW - 90
    host, port = there.flow.remote[:2]
    desk.core.events.add(Event(NOW - 60, Kind.WARNING, "101", SILENT, ("",), there.flow, "silent"))
    for at, left in ((port + 1, 1), (port, 0)):
        flow = there.flow._replace(remote=(host, at))
        desk.core.events.add(Event(NOW - 50, Kind.CALLING, "101", Wording("calls"), (), flow))
        assert len(told(desk)) == left


def test_what_has_rung_and_gone_since_was_not_the_one_that_did_not_react(desk: Desk) -> None:
    there = phone(desk)
    there.seen_at = NOW - 90
    desk.core.events.add(Event(NOW - 60, Kind.WARNING, "101", SILENT, ("",), there.flow or "", "silent"))
    desk.core.events.add_incoming(Incoming(NOW - 50, "101", "102", "101", THERE, rang_at=NOW - 49, result=200))
    desk.core.events.add(Event(NOW - 40, Kind.UNREGISTERED, "101", Wording("unregistered")))
    assert len(told(desk)) == 1
    desk.core.events.add_incoming(Incoming(NOW - 30, "101", "102", "101", THERE, rang_at=NOW - 29))
    assert told(desk) == []


def test_place_by_hand_that_did_not_react_is_a_problem_until_it_is_gone_whoever_registers(desk: Desk) -> None:
    desk.do("binding add", user="101", contact="sip:192.0.2.50", static=True)
    [place] = desk.box.location
    place.seen_at = NOW - 90
    desk.core.events.add(Event(NOW - 60, Kind.WARNING, "101", SILENT, (place.contact,), "192.0.2.50", "silent"))
    there = phone(desk)
    there.seen_at = NOW - 30
    assert len(told(desk)) == 1
    there.seen_at = NOW - 90
    desk.do("binding remove", user="101", contact=place.contact)
    assert told(desk) == []
