"""Which bindings are tried, and in which order."""

from __future__ import annotations

import pytest

from frontdesk.directory import Directory
from frontdesk.model import Account, Binding, BindingState
from frontdesk.proxy.target_set import Candidate, target_set
from frontdesk.sip.wire import Destination, Flow
from tests.proxy.box import BOX, tcp, udp

DIRECTORY = Directory("desk.example")
DIRECTORY.listen(*BOX)
DIRECTORY.put(Account("102", "sip:102@desk.example"))
DIRECTORY.put(Account("103", "sip:103@desk.example"))
PHONE = udp("192.0.2.12")
_numbers = iter(range(1, 10_000))


def binding(contact: str = "", flow: Flow | None = PHONE, **more: object) -> Binding:
    number = next(_numbers)
    made = Binding(number, "sip:102@desk.example", contact or f"sip:{number}@192.0.2.12", "", flow, 3600, 9e9)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def groups(*bindings: Binding, limit: int = 10) -> list[list[Candidate]]:
    return target_set(list(bindings), DIRECTORY, limit)


def ids(*bindings: Binding, limit: int = 10) -> list[list[int]]:
    return [[candidate.side.binding for candidate in group] for group in groups(*bindings, limit=limit)]


def target(one: Binding) -> object:
    (found,) = groups(one)
    return found[0].target


def test_equal_q_rings_together_and_lower_q_after_it() -> None:
    low, high, also_high, lowest = binding(q=0.5), binding(q=0.9), binding(q=0.9), binding(q=0.1)
    assert ids(low, high, also_high, lowest) == [[high.id, also_high.id], [low.id], [lowest.id]]


def test_no_q_is_the_highest() -> None:
    plain, one, less = binding(), binding(q=1.0), binding(q=0.9)
    assert ids(less, plain, one) == [[plain.id, one.id], [less.id]]


def test_binding_in_doubt_rings_with_the_others_but_after_them() -> None:
    restored, live = binding(state=BindingState.RESTORED), binding(state=BindingState.LIVE)
    assert ids(restored, live) == [[live.id, restored.id]]


def test_closed_connection_is_tried_last_at_its_contact() -> None:
    closed = binding("sip:x@192.0.2.13:5070;transport=tcp", tcp("192.0.2.13"), connected=False, q=1.0)
    live = binding(q=0.1)
    assert ids(closed, live) == [[live.id], [closed.id]]
    assert target(closed) == Destination("192.0.2.13", 5070, "tcp")


def test_closed_connection_of_a_phone_behind_a_router_is_hopeless() -> None:
    assert groups(binding("sip:x@10.0.0.5;transport=tcp", tcp("198.51.100.7"), connected=False)) == []


def test_closed_connection_of_a_contact_that_is_no_address_is_hopeless() -> None:
    assert groups(binding("sip:x@abc123.invalid;transport=ws", tcp("192.0.2.13"), connected=False)) == []


@pytest.mark.parametrize(
    "uri", ["sip:x@192.0.2.13;transport=sctp", "sip:x@192.0.2.13;transport=ws", "tel:1", "sip:x@y.invalid", "nothing"]
)
def test_uri_that_the_box_cannot_connect_to_is_no_target(uri: str) -> None:
    assert groups(binding(uri, None)) == []


def test_live_flow_is_taken_whatever_the_contact_says() -> None:
    flow = tcp("198.51.100.7")
    assert target(binding("sip:x@abc123.invalid;transport=ws", flow)) == flow
    assert target(binding("sip:x@10.0.0.5", flow)) == flow
    assert target(binding("tel:102", flow)) == flow


def test_one_target_for_an_instance_the_newest() -> None:
    old, new = (binding(instance="<urn:uuid:1>", seen_at=seen) for seen in (1.0, 2.0))
    other = binding(instance="<urn:uuid:2>")
    assert ids(new, old, other) == [[new.id, other.id]]


def test_connected_flow_of_an_instance_goes_before_a_newer_closed_one() -> None:
    closed = binding(flow=tcp("192.0.2.12"), instance="<urn:uuid:1>", seen_at=2.0, connected=False)
    live = binding(flow=tcp("192.0.2.12", connection=2), instance="<urn:uuid:1>", seen_at=1.0, reg_id=2)
    assert ids(closed, live) == [[live.id]]


def test_target_stands_in_the_set_once() -> None:
    first, second = binding("sip:x@192.0.2.12"), binding("sip:x@192.0.2.12")
    assert ids(first, second) == [[first.id]]


def test_no_more_targets_than_the_limit() -> None:
    assert sum(map(len, ids(*[binding() for _ in range(12)], limit=10))) == 10


@pytest.mark.parametrize(("q", "groups"), [(0.5, [10, 3]), (1.0, [13])])
def test_places_set_by_hand_are_no_devices_and_are_tried_beside_as_many_as_there_may_be(
    q: float, groups: list[int]
) -> None:
    by_hand = [binding(q=q, state=BindingState.STATIC) for _ in range(3)]
    assert list(map(len, ids(*by_hand, *[binding() for _ in range(12)], limit=10))) == groups


def test_static_binding_is_resolved() -> None:
    assert target(binding("sip:door@door.example", None)) == Destination("door.example", None, None)
    assert target(binding("sip:door@[2001:db8::9]:5070", None)) == Destination("2001:db8::9", 5070, None)
    assert target(binding("sips:door@door.example", None)) == Destination("door.example", None, "tls")


@pytest.mark.parametrize("flow", [PHONE, None], ids=["registered", "static"])
@pytest.mark.parametrize("uri", ["sip:103@192.0.2.1", "sip:103@192.0.2.1:5060;transport=tcp", "sip:103@desk.example"])
def test_contact_of_another_account_at_the_box_is_a_spiral_over_udp(uri: str, flow: Flow | None) -> None:
    assert target(binding(uri, flow)) == Destination("192.0.2.1", 5060, "udp")


def test_spiral_of_a_box_that_is_heard_over_tls_alone_is_to_itself_too() -> None:
    directory = Directory("desk.example")
    directory.listen("192.0.2.1", 5061, "tls")
    directory.put(Account("103", "sip:103@desk.example"))
    ((candidate,),) = target_set([binding("sip:103@desk.example", None)], directory, 10)
    assert candidate.target == Destination("192.0.2.1", 5061, "udp") and candidate.is_spiral


def test_ones_own_name_as_contact_is_a_phones_mistake() -> None:
    flow = udp("192.0.2.12")
    assert target(binding("sip:102@192.0.2.1", flow)) == flow
    assert target(binding("sip:random@desk.example", flow)) == flow


def test_no_bindings_are_no_targets() -> None:
    assert groups() == []


def others(*bindings: Binding) -> list[list[int]]:
    """Of each target, where else its phone is tried."""
    return [[each.side.binding for each in one.others] for group in groups(*bindings) for one in group]


def test_other_flows_of_an_instance_follow_from_the_newest_to_the_oldest() -> None:
    old, new, middle = (binding(instance="<urn:uuid:1>", seen_at=seen) for seen in (1.0, 3.0, 2.0))
    other = binding()
    assert ids(old, new, middle, other) == [[new.id, other.id]]
    assert others(old, new, middle, other) == [[middle.id, old.id], []]


def test_flow_that_was_passed_over_goes_last_until_it_is_registered_again() -> None:
    old, new = (binding(instance="<urn:uuid:1>", seen_at=seen) for seen in (1.0, 3.0))
    new.passed_over_at = 4.0
    assert (ids(old, new), others(old, new)) == ([[old.id]], [[new.id]])
    new.seen_at = 5.0
    assert (ids(old, new), others(old, new)) == ([[new.id]], [[old.id]])


def test_flow_without_hope_leaves_its_instance_to_the_other() -> None:
    hopeless = binding("sip:x@10.0.0.5", tcp("198.51.100.7"), instance="<urn:uuid:1>", connected=False, seen_at=2.0)
    closed = binding("sip:x@192.0.2.12", tcp("192.0.2.12"), instance="<urn:uuid:1>", connected=False, seen_at=1.0)
    assert (ids(hopeless, closed), others(hopeless, closed)) == ([[closed.id]], [[]])


def test_two_registrations_over_one_flow_are_one() -> None:
    twice = [binding("sip:x@192.0.2.12", instance="<urn:uuid:1>", reg_id=number) for number in (1, 2)]
    assert others(*twice) == [[]]
