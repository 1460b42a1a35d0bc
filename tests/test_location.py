"""What look-ups see while commits are open, and what expires when."""

from __future__ import annotations

from frontdesk.location import LocationService
from frontdesk.model import Binding
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


def test_a_failed_ticket_restores_what_was_committed_and_takes_the_later_ones_along() -> None:
    first = binding(1)
    location = LocationService([first])
    location.stage(AOR, 1, [first, binding(2)])
    location.stage(AOR, 2, [first, binding(2), binding(3)])
    assert location.fail(1) == [1, 2]
    assert ids(location) == [1]
    take_back = location.commit(2)
    assert ids(location) == [1]
    assert take_back is not None
    assert take_back.removed == [2, 3] and take_back.saved == [first]


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
