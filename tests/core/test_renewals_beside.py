"""A device beside others of its account: known by its bytes too, and no other binding is taken for its own."""

from __future__ import annotations

import pytest

from frontdesk.nonces import WINDOWS
from tests.core.pair import INSTANCE, OTHER, Pair
from tests.support.bare_core import PASSWORD
from tests.support.digest_answer import Answerer


@pytest.mark.parametrize("flush", [600.0, 0.0])
def test_a_device_beside_another_of_its_account_takes_the_short_way(flush: float) -> None:
    pair = Pair()
    pair.configure(flush=flush)
    pair.send_other()
    assert pair.send(pair.next()) == 200
    assert pair.send(pair.next()) == 200
    pair.wait(100)
    assert pair.send(pair.next()) == 200
    assert len(pair.short.sent[-1][0].lines("contact")) == 2
    assert pair.was_short(pair.next())


def test_the_answer_follows_what_the_other_device_does() -> None:
    pair = Pair()
    pair.send_other()
    assert pair.send(pair.next()) == 200
    for contact in ("<sip:101@192.0.2.104>", "<sip:101@192.0.2.105>;q=0.5"):
        pair.send_other(contact)
        assert pair.send(pair.next()) == 200
        assert pair.short.sent[-1][0].lines("contact")[1].startswith(contact)
    pair.send_other("<sip:101@192.0.2.105>;q=0.5", expires=0)
    assert pair.send(pair.next()) == 200
    assert len(pair.short.sent[-1][0].lines("contact")) == 1


def test_beside_another_a_device_that_names_its_instance_moves_the_short_way() -> None:
    pair = Pair()
    assert pair.send(pair.next(contact="<sip:101@192.0.2.101>" + INSTANCE)) == 200
    pair.send_other()
    for port in (5061, 5062):
        assert pair.send(pair.next(contact=f"<sip:101@192.0.2.101:{port}>{INSTANCE}")) == 200
    assert pair.was_short(pair.next(contact=f"<sip:101@192.0.2.101:5063>{INSTANCE}"))


def test_beside_another_a_device_without_an_instance_moves_the_long_way() -> None:
    pair = Pair()
    pair.send_other()
    assert pair.send(pair.next()) == 200
    assert not pair.was_short(pair.next(contact="<sip:101@192.0.2.101:5062>"))


def test_two_devices_at_one_uri_are_told_apart_the_long_way() -> None:
    """Which of them a REGISTER without an instance means is the registrar's to say: the first."""
    pair = Pair()
    second = INSTANCE.replace("1", "2")
    pair.send_other(OTHER + second)
    assert pair.send(pair.next(contact="<sip:101@192.0.2.101>;expires=0")) == 200
    for _ in range(2):
        assert pair.send(pair.next()) == 200
    pair.send_other("<sip:101@192.0.2.101>" + second)
    assert pair.send(pair.next()) == 200
    assert [each.call_id for each in pair.short.bindings()] == ["r@phone", "r@phone"]


def test_of_two_devices_at_one_uri_the_first_takes_the_short_way() -> None:
    pair = Pair()
    pair.send_other()
    pair.send_other("<sip:101@192.0.2.101>" + INSTANCE)
    assert pair.send(pair.next()) == 200
    assert pair.was_short(pair.next())


def test_two_flows_of_one_instance_are_told_apart_the_long_way() -> None:
    """RFC 5626 section 6: a binding without a reg-id is taken by the first that names one."""
    pair = Pair()
    outbound = "Supported: outbound\r\n"
    flows = [f"<sip:101@192.0.2.101:{port}>{INSTANCE};reg-id={port}" for port in (1, 2)]
    for contact in (*flows, flows[1], "<sip:101@192.0.2.101:1>" + INSTANCE, flows[1]):
        data = pair.next(contact=contact, extra=outbound).replace(b"r@phone", contact[-1:].encode())
        assert pair.send(data) == 200


def push_out(pair: Pair) -> None:
    """The account's other device logs in with one nonce after the other, more than are kept."""
    before = pair.answerer
    for _ in range(WINDOWS):
        pair.wait(1)
        pair.answerer = Answerer("101", PASSWORD, pair.challenge())
        pair.send_other()
    pair.answerer = before


def test_a_nonce_that_had_to_make_room_is_good_no_more_though_it_is_at_hand() -> None:
    pair = Pair()
    assert pair.send(pair.next()) == 200
    push_out(pair)
    assert pair.send(pair.next()) == 401


def test_nor_once_what_it_has_registered_is_on_disk() -> None:
    pair = Pair()
    assert pair.send(pair.next()) == 200
    pair.hold()
    pair.answerer = Answerer("101", PASSWORD, pair.challenge())
    moved = "<sip:101@192.0.2.101:5062>"
    assert pair.send(pair.next(contact=moved)) == 0
    push_out(pair)
    pair.tell(fail=False)
    pair.tell(fail=False)  # the other device's, which waited for it
    assert pair.send(pair.next(contact=moved)) == 401


def test_who_moves_while_his_place_is_taken_away_by_hand_is_told_so_in_both_ways() -> None:
    pair = Pair()
    pair.hold()
    assert pair.send(pair.next(contact="<sip:101@192.0.2.101:5062>")) == 0
    for box in pair.both():
        box.core.drop(box.bindings(), box.clock.now)
        box.settle()
    pair.compare()
    assert pair.last() == [500]
    pair.tell(fail=False)
    assert pair.last() == [500] and pair.short.bindings() == []
