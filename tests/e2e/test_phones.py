"""Real phones register, call each other through the box, talk and hang up."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.baresip import Phone, held_and_resumed, hung_up, put_through
from tests.e2e.box import Box

MakePhone = Callable[..., Phone]
_WHERE = {
    "udp": {"transport": "udp"},
    "tcp": {"transport": "tcp"},
    "udp6": {"transport": "udp", "host": "[::1]"},
    "tcp6": {"transport": "tcp", "host": "[::1]"},
}
_SAME_FAMILY = [(a, b) for a in _WHERE for b in _WHERE if a.endswith("6") == b.endswith("6")]
_BOTH_FAMILIES = [("udp", "udp6"), ("udp6", "tcp"), ("tcp", "tcp6"), ("tcp6", "udp")]
_LOSER = 'SIP;cause=200;text="Call completed elsewhere"'  # RFC 3326


def registered(phone: MakePhone, where: str = "udp", **options: Any) -> Phone:
    made = phone(**_WHERE[where], **options)
    made.register()
    return made


def rings(caller: Phone, *called: Phone) -> None:
    caller.dial(called[0].user)
    for phone in called:
        phone.expect("CALL_INCOMING")
    caller.expect("CALL_RINGING")


def talk(*phones: Phone) -> None:
    for phone in phones:
        phone.expect("CALL_RTPESTAB")


# -- calls over every pair of transports


@pytest.mark.parametrize("hangs_up", ["caller", "callee"])
@pytest.mark.parametrize(("caller", "callee"), _SAME_FAMILY)
def test_phones_talk_until_either_hangs_up(phone: MakePhone, box: Box, caller: str, callee: str, hangs_up: str) -> None:
    alice, bob = registered(phone, caller), registered(phone, callee)
    put_through(alice, bob)
    talk(alice, bob)
    hung_up(*((alice, bob) if hangs_up == "caller" else (bob, alice)))


@pytest.mark.parametrize(("caller", "callee"), _BOTH_FAMILIES)
def test_a_call_crosses_address_families(phone: MakePhone, caller: str, callee: str) -> None:
    """The signalling does; phones that have no address in common for their voices say so (488, RFC 3261 13.3.1.3)."""
    alice, bob = registered(phone, caller), registered(phone, callee)
    alice.dial(bob.user)
    refused(alice, 488)
    assert [value for value in bob.received("INVITE").values("Record-Route") if value.startswith("<sip:")][1:]
    bob.received("ACK")


# -- registration


@pytest.mark.parametrize("where", list(_WHERE))
def test_a_registered_phone_is_a_binding(phone: MakePhone, box: Box, where: str) -> None:
    alice = registered(phone, where)
    binding, = box.bindings(alice.user)
    contact = alice.received("REGISTER", 200).value("Contact")
    assert f"<{binding['contact']}>" in contact
    assert binding["transport"].lower() == _WHERE[where]["transport"]
    assert binding["user_agent"].startswith("baresip")
    assert binding["received"] == alice.sent("REGISTER").source
    assert binding["state"] == "live"


@pytest.mark.parametrize("where", ["udp", "tcp"])
def test_an_unregistered_phone_is_no_binding(phone: MakePhone, box: Box, where: str) -> None:
    alice = registered(phone, where)
    alice.unregister()
    assert box.bindings(alice.user) == []


@pytest.mark.parametrize("where", ["udp", "tcp"])
def test_a_wrong_password_is_refused(phone: MakePhone, box: Box, where: str) -> None:
    alice = phone(**_WHERE[where], password="guessed")
    alice.try_to_register()
    assert alice.expect("REGISTER_FAIL")["param"].startswith(("401", "403"))
    assert box.bindings(alice.user) == []


def test_a_phone_that_needs_no_outbound_proxy_registers_at_the_address(phone: MakePhone, box: Box) -> None:
    """The box's own address is as good a domain as its name: one account, one address-of-record."""
    alice, bob = phone(), registered(phone)
    alice.domain = box.address()
    alice.register()
    assert len(box.bindings(alice.user)) == 1
    put_through(alice, bob)
    hung_up(alice, bob)


# -- calls that are not answered


def refused(caller: Phone, status: int) -> None:
    assert str(status) in caller.expect("CALL_CLOSED")["param"]
    caller.received("INVITE", status)


@pytest.mark.parametrize("where", ["udp", "tcp"])
def test_a_declined_call(phone: MakePhone, where: str) -> None:
    alice, bob = registered(phone), registered(phone, where)
    rings(alice, bob)
    bob.hang_up()
    refused(alice, bob.sent("INVITE", 486).status)
    bob.received("ACK")


def test_a_busy_phone(phone: MakePhone) -> None:
    alice, bob, carol = registered(phone), registered(phone, calls=1), registered(phone)
    put_through(alice, bob)
    carol.dial(bob.user)
    refused(carol, 486)
    hung_up(bob, alice)


@pytest.mark.parametrize("where", ["udp", "tcp"])
def test_a_caller_that_gives_up(phone: MakePhone, where: str) -> None:
    """Cancelled before anybody answers: the phone stops ringing, the caller gets 487."""
    alice, bob = registered(phone, where), registered(phone)
    rings(alice, bob)
    alice.hang_up()
    bob.expect("CALL_CLOSED")
    bob.received("CANCEL")
    alice.received("CANCEL", 200)
    alice.received("INVITE", 487)


def test_a_call_to_a_phone_that_has_unregistered(phone: MakePhone) -> None:
    alice, bob = registered(phone), registered(phone)
    bob.unregister()
    alice.dial(bob.user)
    refused(alice, 480)


def test_a_call_to_an_unknown_number(phone: MakePhone) -> None:
    alice = registered(phone)
    alice.dial("4711")
    refused(alice, 404)


def told(box: Box, user: str) -> list[str]:
    """What `events USER` says of calls."""
    rows = json.loads(box.run("events", user, "--json"))
    return [row["text"] for row in rows if row["kind"] in ("calling", "ringing", "answered", "ended")]


def test_whoever_is_called_can_read_what_became_of_it(phone: MakePhone, box: Box) -> None:
    alice, bob = registered(phone), registered(phone)
    for unwilling in (alice, bob):
        rings(alice, bob)
        assert told(box, bob.user)[-1] == f"{alice.user} calls: rings"
        unwilling.hang_up()
        for each in (alice, bob):
            each.expect("CALL_CLOSED")
    put_through(alice, bob)
    hung_up(bob, alice)
    bob.unregister()
    alice.dial(bob.user)
    refused(alice, 480)
    stories = [re.sub(r"[0-9]+ s|sip:.*", "...", text) for text in told(box, bob.user)]
    assert [text.removeprefix(f"{alice.user} called: ") for text in stories] == [
        "rang for ..., the caller gave up", "rang for ..., declined", "rang for ..., answered by ...",
        "no phone was registered",
    ]  # fmt: skip
    assert [text.partition(" ")[0] for text in told(box, alice.user)].count("calls") == 4
    assert not [text for text in told(box, alice.user) if "called" in text]


# -- several phones


@pytest.mark.parametrize("where", ["udp", "tcp"])
def test_two_phones_of_an_account_ring_and_the_loser_is_told_why(phone: MakePhone, box: Box, where: str) -> None:
    alice, desk = registered(phone), registered(phone)
    porch = registered(phone, where, of=desk)
    assert len(box.bindings(desk.user)) == 2
    rings(alice, desk, porch)
    porch.accept()
    alice.expect("CALL_ESTABLISHED")
    desk.expect("CALL_CLOSED")
    assert _LOSER in desk.received("CANCEL").values("Reason")
    talk(alice, porch)
    hung_up(alice, porch)


def test_a_caller_that_gives_up_stops_all_phones(phone: MakePhone) -> None:
    alice, desk = registered(phone), registered(phone)
    porch = registered(phone, "tcp", of=desk)
    rings(alice, desk, porch)
    alice.hang_up()
    for ringing in (desk, porch):
        ringing.expect("CALL_CLOSED")
        assert _LOSER not in ringing.received("CANCEL").values("Reason")
    alice.received("INVITE", 487)


def test_one_phone_declines_and_the_other_answers(phone: MakePhone) -> None:
    alice, desk = registered(phone), registered(phone)
    porch = registered(phone, of=desk)
    rings(alice, desk, porch)
    desk.hang_up()
    desk.received("ACK")
    porch.accept()
    alice.expect("CALL_ESTABLISHED")
    hung_up(porch, alice)


# -- in a call


@pytest.mark.parametrize(("caller", "callee"), [("udp", "udp"), ("tcp", "udp"), ("udp", "tcp"), ("udp6", "tcp6")])
def test_hold_and_resume(phone: MakePhone, caller: str, callee: str) -> None:
    alice, bob = registered(phone, caller), registered(phone, callee)
    put_through(alice, bob)
    talk(alice, bob)
    for holder, held in ((alice, bob), (bob, alice)):
        held_and_resumed(holder, held)
    hung_up(bob, alice)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_call_outlives_a_registration_that_is_taken_away_and_made_anew(
    phone: MakePhone, box: Box, transport: str
) -> None:
    """A hold then has to show a password, and its ACK cannot: without it the other phone hangs up after 32 s."""
    alice, bob = registered(phone, transport), registered(phone, "udp")
    put_through(alice, bob)
    (binding,) = box.bindings(alice.user)
    box.run("binding", "remove", alice.user, binding["contact"])
    held_and_resumed(alice, bob)
    hung_up(bob, alice)


def test_a_running_call_is_listed_and_leaves_a_record(phone: MakePhone, box: Box) -> None:
    alice, bob = registered(phone), registered(phone)
    put_through(alice, bob)

    def states() -> list[str]:
        return [call["state"] for call in box.calls() if (call["caller"], call["callee"]) == (alice.user, bob.user)]

    assert states() == ["answered"]
    hung_up(alice, bob)
    assert states() == ["ended"]


def test_a_phone_without_power_does_not_keep_the_other_from_being_called(phone: MakePhone) -> None:
    alice, desk = registered(phone), registered(phone)
    porch = registered(phone, "tcp", of=desk)
    cellar = registered(phone, "tcp", of=desk)
    for dead in (desk, cellar):
        dead.stop()
    put_through(alice, porch)
    talk(alice, porch)
    hung_up(porch, alice)


@pytest.mark.parametrize("where", ["udp", "udp6"])
def test_a_call_to_a_phone_that_has_died_ends_at_once(phone: MakePhone, where: str) -> None:
    """Nobody listens at its port any more, and its computer says so (ICMP)."""
    alice, bob = registered(phone, where), registered(phone, where)
    bob.stop()
    alice.dial(bob.user)
    refused(alice, 480)


def test_a_phone_that_has_died_does_not_hold_back_that_the_other_is_busy(phone: MakePhone) -> None:
    alice, desk = registered(phone), registered(phone)
    porch = registered(phone, of=desk)
    desk.stop()
    rings(alice, porch)
    porch.hang_up()
    refused(alice, 486)
