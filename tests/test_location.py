"""What look-ups see while commits are open, and what expires when."""

from __future__ import annotations

import pytest

from frontdesk.location import MAX_HEIRS, LocationService
from frontdesk.model import Binding, BindingState, Changes, Commit
from frontdesk.sip.wire import Flow
from tests.support.registering import flow

AOR = "sip:101@desk.test"


def binding(id: int, expires_at: float = 100.0, port: int = 5060) -> Binding:
    return Binding(id, AOR, f"sip:101@192.0.2.{id}", "", flow(port=port), 60, expires_at)


def ids(location: LocationService, now: float = 0.0) -> list[int]:
    return [each.id for each in location.bindings(AOR, now)]


def test_a_change_is_seen_once_it_is_committed() -> None:
    location = LocationService()
    location.stage(AOR, 1, [binding(1)])
    assert ids(location) == [] and [each.id for each in location.latest(AOR)] == [1]
    location.commit(1)
    assert ids(location) == [1] and location.open_ticket(AOR) is None


def test_a_failed_ticket_restores_what_was_committed_and_takes_the_one_that_waits_along() -> None:
    first = binding(1)
    location = LocationService([first])
    location.stage(AOR, 1, [first, binding(2)])
    location.stage(AOR, 2, [first, binding(2), binding(3)])
    assert location.fail(1) == [1, 2]
    assert ids(location) == [1] and location.latest(AOR) == (first,) and location.open_ticket(AOR) is None


def test_what_comes_while_a_ticket_is_open_goes_to_the_journal_behind_it_as_one() -> None:
    kept, moved, later = binding(1), binding(2, port=1), binding(2, port=2)
    location = LocationService([kept, binding(2), binding(3)])
    assert location.stage(AOR, 1, [kept, moved, binding(3)]) == 1
    assert location.stage(AOR, 2, [kept, moved, binding(3), binding(4)]) == 2
    assert location.stage(AOR, 3, [kept, later]) == 2
    assert location.commit(1) == Commit(2, Changes(saved=[later], removed=[3]))
    assert ids(location) == [1, 2, 3]
    assert location.commit(2) is None
    assert location.bindings(AOR, 0.0) == [kept, later] and location.open_ticket(AOR) is None


@pytest.mark.parametrize("is_open", [False, True])
def test_what_comes_while_bindings_are_taken_away_by_hand_waits_and_brings_none_back(is_open: bool) -> None:
    first, second = binding(1), binding(2)
    location = LocationService([first, second])
    if is_open:
        location.stage(AOR, 1, [first, second, binding(3)])
        location.stage(AOR, 2, [first, binding(2, port=1), binding(3)])
    location.hold(AOR, 5)
    waiting = location.stage(AOR, 6, [binding(1, port=2), binding(2, port=2)])
    assert waiting == (2 if is_open else 6) and location.settled(first) == ()
    if is_open:
        assert location.commit(1) is None
    location.remove(AOR, {2})
    going = location.commit(5)
    assert going is not None and going.ticket == waiting
    assert [each.id for each in going.changes.saved] == [1] and going.changes.removed == ([3] if is_open else [])
    location.commit(waiting)
    assert ids(location) == [1] and location.open_ticket(AOR) is None


@pytest.mark.parametrize("fails_first", [False, True])
def test_ticket_that_fails_while_bindings_are_taken_away_by_hand_takes_what_waits_along(fails_first: bool) -> None:
    first = binding(1)
    location = LocationService([first])
    location.stage(AOR, 1, [first, binding(2)])
    location.hold(AOR, 5)
    assert [each.id for each in location.latest(AOR)] == [1, 2]
    location.stage(AOR, 6, [first, binding(2), binding(3)])
    if fails_first:
        assert location.fail(1) == [1, 5, 6] and location.latest(AOR) == [first]
        assert location.commit(5) is None
    else:
        assert location.commit(5) is None and location.fail(1) == [1, 6]
    assert ids(location) == [1] and location.open_ticket(AOR) is None


def test_every_binding_that_may_be_there_is_told_whether_its_ticket_is_on_disk_or_fails() -> None:
    first, moved = binding(1), binding(2, port=1)
    location = LocationService([first, binding(2)])
    location.stage(AOR, 1, [moved])
    location.stage(AOR, 2, [moved, binding(3)])
    assert location.every(AOR)[:2] == [first, moved] and [each.id for each in location.every(AOR)] == [1, 2, 3]


def test_what_ends_while_a_ticket_is_open_waits_for_it_unseen() -> None:
    location = LocationService([binding(1, 50.0), binding(2, 50.0)])
    location.stage(AOR, 1, [binding(1, 200.0)])
    assert [each.id for each in location.expire(60.0)] == [2] and ids(location, 60.0) == []
    location.fail(1)
    location.hold(AOR, 2)
    assert location.expire(60.0) == []
    location.commit(2)
    assert [each.id for each in location.expire(60.0)] == [1]


def test_what_ends_while_a_ticket_is_open_goes_when_that_fails() -> None:
    location = LocationService([binding(1, 50.0)])
    location.stage(AOR, 1, [binding(1, 200.0)])
    location.stage(AOR, 2, [])
    assert location.expire(60.0) == [], "the ticket that is with the journal renews it"
    location.fail(1)
    assert [each.id for each in location.expire(60.0)] == [1]


def test_binding_that_is_on_disk_already_is_seen_at_once_and_by_tickets_that_are_open() -> None:
    location = LocationService([binding(1)])
    location.stage(AOR, 1, [binding(1, port=2)])
    location.stage(AOR, 2, [])
    location.add(binding(9))
    assert ids(location) == [1, 9] and [each.id for each in location.latest(AOR)] == [9]
    location.commit(1)
    assert ids(location) == [1, 9]
    location.commit(2)
    assert ids(location) == [9]


def test_binding_that_is_gone_from_the_disk_goes_at_once_and_no_ticket_brings_it_back() -> None:
    location = LocationService([binding(1), binding(2)])
    location.stage(AOR, 1, [binding(1, port=2), binding(2)])
    location.stage(AOR, 2, [binding(1, port=3), binding(2)])
    assert [each.flow for each in location.remove(AOR, {1, 9})] == [flow(port=3)]
    assert ids(location) == [2] and [each.id for each in location.latest(AOR)] == [2]
    for ticket in (1, 2):
        location.commit(ticket)
        assert ids(location) == [2]


def test_tickets_of_other_addresses_of_record_do_not_matter() -> None:
    location = LocationService()
    location.stage(AOR, 1, [binding(1)])
    assert location.open_ticket("sip:102@desk.test") is None
    location.fail(1)
    assert location.open_ticket(AOR) is None and not location.latest(AOR)


def test_bindings_are_found_by_the_flow_that_they_were_registered_over() -> None:
    location = LocationService([binding(1, port=1), binding(2, port=2)])
    assert [each.id for each in location.at(flow(port=2))] == [2]
    location.stage(AOR, 1, [binding(2, port=3)])
    location.commit(1)
    assert location.at(flow(port=1)) == [] and location.at(flow(port=2)) == []
    assert [each.id for each in location.at(flow(port=3))] == [2]


def test_an_expired_binding_is_not_found_even_before_it_is_taken_away() -> None:
    location = LocationService([binding(1, expires_at=100.0)])
    assert ids(location, 99.9) == [1] and ids(location, 100.0) == []


def test_expire_takes_away_what_is_over_and_nothing_else() -> None:
    location = LocationService([binding(1, 100.0), binding(2, 50.0)])
    assert location.next_expiry() == 50.0
    assert [each.id for each in location.expire(60.0)] == [2]
    assert location.next_expiry() == 100.0 and len(location) == 1


def test_an_extended_binding_lives_on() -> None:
    kept = binding(1, 100.0)
    location = LocationService([kept])
    location.extend(kept, 200.0)
    assert location.expire(150.0) == []
    assert location.next_expiry() == 200.0
    assert location.expire(200.0) == [kept]


def test_a_shortened_binding_is_taken_away_in_time() -> None:
    kept = binding(1, 100.0)
    location = LocationService([kept])
    location.extend(kept, 30.0)
    assert location.next_expiry() == 30.0
    assert location.expire(30.0) == [kept]
    assert location.expire(100.0) == []


def test_bindings_that_come_and_go_do_not_pile_up_in_the_heap() -> None:
    location = LocationService()
    for ticket in range(1, 1000):
        location.stage(AOR, ticket, [binding(ticket, 100_000.0)])
        location.commit(ticket)
    assert len(location._expiries) < 100
    assert location.expire(100_000.0)[0].id == 999


def test_a_static_binding_never_expires() -> None:
    static = binding(1)
    static.expires_at = None
    location = LocationService([static])
    assert location.next_expiry() is None and ids(location, 1e12) == [1]


# -- a device with several flows ---------------------------------------------------------------------------------------

PHONE = "<urn:uuid:1>"


def way(reg_id: int | None, id: int = 0, instance: str | None = PHONE, expires_at: float = 100.0) -> Binding:
    """A flow of a device."""
    found = binding(id or reg_id or 0, expires_at, port=5060 + (reg_id or 0))
    found.instance, found.reg_id, found.seen_at = instance, reg_id, float(reg_id or 0)
    return found


def shown(location: LocationService, *bindings: Binding) -> None:
    """All of the account by now."""
    location.stage(AOR, 1, list(bindings))
    location.commit(1)


def found(location: LocationService, id: int) -> int:
    device = location.device(id)
    return device.id if device is not None else 0


def test_device_is_found_by_the_flow_that_was_there_when_another_has_run_out() -> None:
    location = LocationService([way(1, expires_at=10.0), way(2), way(3)])
    location.expire(10.0)
    assert found(location, 1) == 3, "the one that was heard last"
    assert location.binding(1) is None


def test_device_is_found_where_a_flow_was_given_up() -> None:
    one, two = way(1), way(2)
    location = LocationService([one, two])
    shown(location, two)
    assert found(location, 1) == 2
    three = way(3)
    shown(location, two, three)
    shown(location, three)
    assert found(location, 1) == found(location, 2) == 3
    shown(location)
    assert found(location, 1) == 0


@pytest.mark.parametrize(
    ("gone", "other"),
    [
        (way(None, 1), way(None, 2)), (way(1), way(None, 2)), (way(None, 1), way(2)),
        (way(1), way(2, instance="<other>")),
        (way(1, instance=None), way(2, instance=None)), (way(1, instance=""), way(2, instance="")),
    ],
)  # fmt: skip
def test_what_is_no_flow_of_the_same_device_is_not_it(gone: Binding, other: Binding) -> None:
    location = LocationService([gone, other])
    shown(location, other)
    assert found(location, 1) == 0


def test_flow_that_comes_when_the_other_is_gone_may_be_of_a_device_that_has_started_anew() -> None:
    location = LocationService([way(1, expires_at=10.0)])
    location.expire(10.0)
    shown(location, way(2))
    assert found(location, 1) == 0


def test_flow_that_comes_in_the_place_of_another_is_no_heir_either() -> None:
    location = LocationService([way(1)])
    shown(location, way(2))
    assert found(location, 1) == 0


def test_account_that_has_another_device_of_that_name_is_another() -> None:
    stranger = way(2)
    stranger.aor = "sip:103@desk.test"
    location = LocationService([way(1, expires_at=10.0), stranger])
    location.expire(10.0)
    assert found(location, 1) == 0


def test_flow_that_is_back_has_no_heir_of_before() -> None:
    """One that a ticket renews is but away until that is on disk."""
    location = LocationService([way(1, expires_at=10.0), way(2, expires_at=30.0)])
    location.expire(10.0)
    shown(location, way(1, expires_at=40.0), way(2, expires_at=30.0))
    assert found(location, 1) == 1
    location.expire(30.0)
    location.expire(40.0)
    assert found(location, 1) == found(location, 2) == 0


def test_heirs_have_a_bound() -> None:
    location = LocationService([way(1, 9_999)])
    for id in range(1, MAX_HEIRS + 3):
        shown(location, way(1, 9_999), way(2, id))
        shown(location, way(1, 9_999))
    assert len(location._heirs) == MAX_HEIRS
    assert [found(location, id) for id in (1, 2, 3, MAX_HEIRS + 2)] == [0, 0, 9_999, 9_999]


def test_places_that_were_taken_away_have_a_bound() -> None:
    places = [Binding(id, AOR, "sip:pbx.example", "", None, 0, None, "", 0) for id in range(1, MAX_HEIRS + 2)]
    for each in places:
        each.state = BindingState.STATIC
    location = LocationService(places)
    location.remove(AOR, {each.id for each in places})
    assert [location.place(id) for id in (1, 2, MAX_HEIRS + 1)] == [None, places[1], places[-1]]


@pytest.mark.parametrize(
    ("contact", "host", "is_behind"),
    [
        ("sip:101@192.168.1.10:5060", "192.168.1.10", False),
        ("sip:192.168.1.10;transport=udp", "192.168.1.10", False),
        ("sip:101@[fd00::5]:5060", "fd00::5", False),
        ("sip:101@192.168.1.10:5060", "192.168.1.1", True),
        ("sip:101@phone.invalid", "192.168.1.10", True),
        ("sip:101@8.8.8.8:5060", "8.8.8.8", True),  # its router has helped it to that, or it has asked for it
    ],
)
def test_phone_that_is_not_where_it_says_or_not_on_this_network_is_behind_a_router(
    contact: str, host: str, is_behind: bool
) -> None:
    at = Flow("udp", ("192.0.2.1", 5060), (host, 40_000))
    over_udp = Binding(1, AOR, contact, "", at, 3600, 100.0, "call", 1)
    over_tcp = Binding(2, AOR, contact, "", at._replace(transport="tcp", connection=7), 3600, 100.0, "other", 1)
    by_hand = Binding(3, AOR, contact, "", None, 0, None, "", 0)
    another = Binding(4, AOR, contact, "", at, 3600, 100.0, "another", 1)  # of a PBX, which has several
    assert LocationService([over_udp, over_tcp, by_hand, another]).behind_routers() == [at] * is_behind
