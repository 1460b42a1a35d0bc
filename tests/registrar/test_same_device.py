"""Which REGISTER comes from a device that is known already, and which from another one."""

from __future__ import annotations

import pytest

from tests.support.registering import HERE, Desk, flow

OLD = "<sip:101@192.0.2.101:5060>"
NEW = "<sip:101@10.0.0.7:5062>"
THERE = flow("198.51.100.7", 40_001)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def count_after(desk: Desk, first: dict[str, object], second: dict[str, object]) -> int:
    desk.register(str(first.pop("contact", OLD)), **first)  # type: ignore[arg-type]
    desk.now += 5
    desk.register(str(second.pop("contact", NEW)), **second)  # type: ignore[arg-type]
    return len(desk.bindings())


def instance(contact: str, number: int, reg_id: int | None = None) -> str:
    return f'{contact};+sip.instance="<urn:uuid:{number}>"' + (f";reg-id={reg_id}" if reg_id else "")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"contact": instance(OLD, 1)}, {"contact": instance(NEW, 1), "call_id": "n@p", "at": THERE}),
        ({"device": "tablet"}, {"device": "tablet", "call_id": "n@p", "at": THERE}),
        ({}, {"at": THERE}),
        (
            {"headers": ("User-Agent: Yealink SIP-T46U 108.86 00:15:65:aa:bb:cc",)},
            {"headers": ("User-Agent: Yealink SIP-T46U 108.87 001565AABBCC",), "call_id": "n@p", "at": THERE},
        ),
        ({}, {"call_id": "n@p", "at": HERE}),
        ({"at": flow(connection=4)}, {"call_id": "n@p", "at": flow(connection=4)}),
        ({}, {"contact": instance(NEW, 1), "at": THERE}),
        ({"contact": instance(OLD, 1)}, {"at": THERE}),
        ({}, {"contact": instance(NEW, 1), "call_id": "n@p", "at": HERE}),
        ({"contact": instance(OLD, 1)}, {"call_id": "n@p", "at": HERE}),
    ],
    ids=[
        "instance", "device secret", "Call-ID", "MAC", "flow", "connection", "Call-ID, and an instance from now on",
        "Call-ID, and an instance no longer", "flow, and an instance from now on",
        "flow, and an instance no longer",
    ],
)
def test_a_device_that_reappears_elsewhere_replaces_its_old_binding(
    desk: Desk, first: dict[str, object], second: dict[str, object]
) -> None:
    assert count_after(desk, first, second) == 1
    assert desk.contacts() == ["sip:101@10.0.0.7:5062"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"contact": instance(OLD, 1)}, {"contact": instance(NEW, 2), "call_id": "n@p", "at": THERE}),
        ({"contact": instance(OLD, 1), "device": "base"}, {"contact": instance(NEW, 2), "device": "base", "at": THERE}),
        ({"contact": instance(OLD, 1)}, {"contact": instance(NEW, 2), "call_id": "n@p", "at": HERE}),
        ({"device": "tablet"}, {"device": "desk", "call_id": "n@p", "at": THERE}),
        ({}, {"call_id": "n@p", "at": THERE}),
        ({"headers": ("User-Agent: Snom",)}, {"headers": ("User-Agent: Snom",), "call_id": "n@p", "at": flow(port=9)}),
        ({"at": flow(connection=4)}, {"call_id": "n@p", "at": flow(connection=5)}),
        (
            {"contact": "<sip:491512345678@192.0.2.101>"},
            {"contact": "<sip:491512345678@10.0.0.7>", "call_id": "n@p", "at": THERE},
        ),
        (
            {"contact": "<sip:00deadbeef01@192.0.2.101>"},
            {"contact": "<sip:00deadbeef01@10.0.0.7>", "call_id": "n@p", "at": THERE},
        ),
        (
            {"headers": ("User-Agent: Soft 1.0 202611151234",)},
            {"headers": ("User-Agent: Soft 1.0 202611151234",), "call_id": "n@p", "at": THERE},
        ),
        (
            {"headers": ("User-Agent: Soft (git 4b825dc642cb)",)},
            {"headers": ("User-Agent: Soft (git 4b825dc642cb)",), "call_id": "n@p", "at": THERE},
        ),
    ],
    ids=[
        "instance", "instance beside an equal secret", "instance over one flow", "device secret", "no mark",
        "two equal phones behind one router", "connection", "a number as long", "a name like a MAC", "a date",
        "what no maker gives",
    ],
)
def test_two_devices_keep_their_two_bindings(desk: Desk, first: dict[str, object], second: dict[str, object]) -> None:
    assert count_after(desk, first, second) == 2


def test_equal_user_agent_and_address_count_once_the_old_connection_is_closed(desk: Desk) -> None:
    agent = ("User-Agent: Snom",)
    desk.register(OLD, at=flow(port=1, connection=1), headers=agent)
    desk.bindings()[0].connected = False
    desk.register(NEW, at=flow(port=2, connection=2), headers=agent, call_id="n@p")
    assert desk.contacts() == ["sip:101@10.0.0.7:5062"]


def test_two_nameless_phones_behind_one_router_stay_two(desk: Desk) -> None:
    desk.register(OLD, at=flow(port=1, connection=1))
    desk.bindings()[0].connected = False
    desk.register(NEW, at=flow(port=2, connection=2), call_id="n@p")
    assert len(desk.bindings()) == 2


def test_contact_that_is_taken_away_beside_a_new_one_has_moved_there(desk: Desk) -> None:
    """pjsip over a new connection: what was said of the binding, as by a call that is up, goes on to be true."""
    desk.register("<sip:101@10.0.0.9>", instance(OLD, 1, 1), at=flow(connection=1))
    first, second = desk.bindings()
    desk.register(NEW, instance(OLD, 1, 1) + ";expires=0", headers=PJSIP, at=flow(connection=2))
    assert [(each.id, each.contact) for each in desk.bindings()] == [
        (first.id, "sip:101@10.0.0.9"), (second.id, "sip:101@10.0.0.7:5062"),
    ]  # fmt: skip


@pytest.mark.parametrize("mark", ["", ';+sip.instance="<urn:uuid:1>"'])
def test_contact_that_is_taken_away_before_a_new_one_has_moved_there_too(desk: Desk, mark: str) -> None:
    """A call that is up goes on at the new place."""
    desk.register(OLD + mark)
    (before,) = desk.bindings()
    desk.register(f"{OLD}{mark};expires=0", NEW + mark, at=THERE)
    assert [(each.id, each.contact) for each in desk.bindings()] == [(before.id, "sip:101@10.0.0.7:5062")]


@pytest.mark.parametrize(("first", "last", "left"), [("", ";expires=0", 0), (";expires=0", "", 1)])
def test_of_a_contact_that_stands_there_twice_the_last_counts(desk: Desk, first: str, last: str, left: int) -> None:
    desk.register(OLD)
    desk.register(NEW, OLD + first, OLD + last, at=THERE)
    assert len([each for each in desk.contacts() if each == OLD.strip("<>")]) == left


def test_contact_that_is_taken_away_beside_anothers_has_not_moved_there(desk: Desk) -> None:
    desk.register(instance(OLD, 1), call_id="n@p", at=flow(connection=1))
    (before,) = desk.bindings()
    desk.register(instance(NEW, 2), instance(OLD, 1) + ";expires=0", at=flow(connection=2))
    assert [each.id != before.id for each in desk.bindings()] == [True]


@pytest.mark.parametrize(
    ("before", "after"),
    [("<sip:101@192.0.2.101:5060>", "<sip:101@192.0.2.101:5060;ob>"), ("<sip:%3101@10.0.0.7>", "<sip:101@10.0.0.7>")],
)
def test_contact_that_is_taken_away_beside_itself_in_other_words_stays(desk: Desk, before: str, after: str) -> None:
    """Both are one URI (RFC 3261 section 19.1.4)."""
    desk.register(before)
    desk.register(after, f"{before};expires=0")
    assert desk.contacts() == [after.strip("<>")]


PJSIP = ("Supported: outbound, path",)
"""It gives one flow (RFC 5626)."""


def test_device_that_starts_anew_again_and_again_is_one(desk: Desk) -> None:
    for number in range(5):
        desk.register(instance(OLD, 1, 1), headers=PJSIP, call_id=f"{number}@p", at=flow(connection=number + 1))
        desk.register(instance(NEW, 1, 1), headers=PJSIP, call_id=f"{number}@p", at=THERE)
    assert desk.contacts() == ["sip:101@10.0.0.7:5062"] and desk.bindings()[0].instance


def test_device_that_names_itself_from_now_on_has_its_name_whoever_was_taken_for_it(desk: Desk) -> None:
    desk.register(OLD)
    desk.register(instance(OLD, 1))
    assert [each.instance for each in desk.bindings()] == ["<urn:uuid:1>"]
    desk.register(OLD)
    desk.register(NEW, call_id="n@p")
    desk.register(instance(OLD, 1))
    assert [each.instance for each in desk.bindings()] == [None, "<urn:uuid:1>"]


def test_a_device_that_names_its_flow_for_the_first_time_takes_its_old_binding(desk: Desk) -> None:
    desk.register(instance(OLD, 1))
    desk.register(instance(NEW, 1, 1), headers=("Supported: outbound",), call_id="n@p", at=THERE)
    assert desk.contacts() == ["sip:101@10.0.0.7:5062"]


def test_reg_id_sets_flows_of_one_instance_apart_where_outbound_is_spoken(desk: Desk) -> None:
    outbound = ("Supported: path, outbound",)
    desk.register(instance(OLD, 1, 1), headers=outbound)
    desk.register(instance(NEW, 1, 2), headers=outbound, at=THERE)
    assert len(desk.bindings()) == 2
    desk.register(instance("<sip:101@10.0.0.8>", 1, 2), headers=outbound, at=THERE)
    assert desk.contacts() == ["sip:101@192.0.2.101:5060", "sip:101@10.0.0.8"]


def test_a_first_flow_takes_the_binding_of_the_same_contact_that_names_none(desk: Desk) -> None:
    desk.register(instance(OLD, 1))
    desk.register(instance(OLD, 1, 1), headers=("Supported: outbound",), at=THERE)
    assert [each.reg_id for each in desk.bindings()] == [1]
    gone = instance(OLD, 1) + ";expires=0"
    desk.register(gone)
    assert desk.bindings() == []


def test_two_flows_of_an_instance_may_have_one_contact(desk: Desk) -> None:
    """RFC 5626 section 9.2."""
    outbound = ("Supported: path, outbound",)
    for number in (1, 2):
        desk.register(instance(OLD, 1, number), headers=outbound, at=flow(port=5060 + number))
    assert sorted(each.reg_id or 0 for each in desk.bindings()) == [1, 2]


def test_reg_id_is_no_matter_without_outbound(desk: Desk) -> None:
    desk.register(instance(OLD, 1, 1))
    desk.register(instance(NEW, 1, 2), at=THERE)
    assert len(desk.bindings()) == 1


def test_contacts_of_one_request_do_not_take_each_others_binding(desk: Desk) -> None:
    desk.register(OLD, NEW)
    assert len(desk.bindings()) == 2
    desk.register(OLD, NEW)
    assert len(desk.bindings()) == 2
    desk.register(NEW)
    assert len(desk.bindings()) == 2


def test_equal_uris_by_the_rfc_are_one_binding(desk: Desk) -> None:
    desk.register("<sip:%61lice@Phone.Example.COM;transport=UDP>", call_id="a@p")
    desk.register("<sip:alice@phone.example.com;transport=udp>", call_id="b@p", at=THERE)
    assert len(desk.bindings()) == 1


BASE = {"headers": ("User-Agent: N510 00:15:65:aa:bb:cc",)}


@pytest.mark.parametrize("marks", [{"at": HERE}, BASE], ids=["place", "MAC"])
def test_handsets_of_one_base_station_keep_their_bindings(desk: Desk, marks: dict[str, object]) -> None:
    """The first REGISTERs look like those of one device; that the first comes back tells that it is another."""
    handsets = {f"h{number}@base": f"<sip:101@192.0.2.101:5060;line={number}>" for number in (1, 2, 3)}
    for _ in range(2):
        for call_id, contact in handsets.items():
            desk.register(contact, call_id=call_id, **marks)  # type: ignore[arg-type]
    assert sorted(desk.contacts()) == [f"sip:101@192.0.2.101:5060;line={number}" for number in (1, 2, 3)]


def test_one_more_handset_takes_the_place_of_none_of_two(desk: Desk) -> None:
    for call_id, line in (("h1@base", 1), ("h2@base", 2), ("h1@base", 1)):
        desk.register(f"<sip:101@192.0.2.101:5060;line={line}>", call_id=call_id)
    assert len(desk.bindings()) == 2
    desk.register("<sip:101@192.0.2.101:5060;line=3>", call_id="h3@base")
    assert len(desk.bindings()) == 3


def test_phones_behind_one_proxy_keep_their_two_bindings(desk: Desk) -> None:
    """The flow is the proxy's."""
    for number in (10, 20):
        path = (f"Path: <sip:{number}@192.0.2.50;lr>", "Supported: path")
        desk.register(f"<sip:101@10.1.1.{number}>", call_id=f"{number}@p", headers=path)
    assert len(desk.bindings()) == 2


GONE = instance(OLD, 1) + ";expires=0"


ORDERS = [(instance(NEW, 1), GONE), (GONE, instance(NEW, 1))]


@pytest.mark.parametrize("contacts", ORDERS, ids=["new first", "old first"])
def test_phone_that_takes_its_old_contact_away_stays_registered_at_the_new_one(
    desk: Desk, contacts: tuple[str, str]
) -> None:
    """Linphone does so where its address has changed; the old one is named by its URI (RFC 3261 section 10.3)."""
    desk.register(instance(OLD, 1))
    desk.register(*contacts)
    assert desk.contacts() == ["sip:101@10.0.0.7:5062"]
    desk.register(GONE)
    assert desk.contacts() == ["sip:101@10.0.0.7:5062"]
    desk.register(instance(NEW, 1) + ";expires=0")
    assert desk.contacts() == []


def test_flow_is_taken_away_by_its_reg_id_whatever_its_contact(desk: Desk) -> None:
    outbound = ("Supported: path, outbound",)
    desk.register(instance(OLD, 1, 1), headers=outbound)
    desk.register(instance(NEW, 1, 1) + ";expires=0", headers=outbound)
    assert desk.contacts() == []
    desk.register(instance(OLD, 1, 1), headers=outbound)
    desk.register(instance(NEW, 1, 1), instance(OLD, 1, 1) + ";expires=0", headers=outbound)
    assert desk.contacts() == ["sip:101@10.0.0.7:5062"]


def told(desk: Desk, contact: str, call_id: str, **marks: object) -> list[str]:
    desk.now += 5
    return [what for what, _ in desk.register(contact, call_id=call_id, **marks).told]  # type: ignore[arg-type]


@pytest.mark.parametrize("marks", [{"device": "tablet"}, {}], ids=["device secret", "instance"])
def test_phone_that_takes_its_place_back_from_another_is_told_as_that(desk: Desk, marks: dict[str, object]) -> None:
    """Both show that they are registered, and only the last is rung."""
    here, there = (OLD, NEW) if marks else (instance(OLD, 1), instance(NEW, 1))
    assert told(desk, here, "one@p", **marks) == ["add"]
    assert told(desk, there, "two@p", at=THERE, **marks) == ["move"], "a phone that has moved, as far as is known"
    assert told(desk, here, "one@p", **marks) == ["return"]
    assert told(desk, there, "two@p", at=THERE, **marks) == ["return"]
    assert told(desk, here, "two@p", **marks) == ["move"], "it has only moved"
    assert told(desk, there, "new@p", at=THERE, **marks) == ["move"]
