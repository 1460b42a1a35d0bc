"""What a phone of the box's sends and the box can't take is told: it shows that it is registered, and cannot call."""

from __future__ import annotations

import pytest

from frontdesk.sip.message import Request
from tests.support.asking import ask, statuses
from tests.support.bare_core import BareCore
from tests.support.registering import HERE, REALM, flow

UNREADABLE = b"INVITE sip:102@desk.test SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.101;branch=z9hG4bKu\r\n\r\n"
THERE = flow("192.0.2.77")


def told(box: BareCore) -> list[tuple[str, str]]:
    return [(event.account, event.text) for event in box.core.events if event.rule == "not-understood"]


def demanding(method: str = "INVITE") -> Request:
    return ask(method, f"sip:102@{REALM}", "Proxy-Require: privacy\r\n")


def registered() -> BareCore:
    box = BareCore()
    box.register("<sip:101@192.0.2.101>")
    return box


def test_call_of_a_registered_phone_that_requires_too_much_is_told_with_the_option() -> None:
    box = registered()
    assert statuses(box.receive(demanding())) == [420]
    assert told(box) == [("101", "INVITE refused: not understood for 'Bad Extension: privacy'")]


def test_call_that_cannot_be_read_is_told_with_the_reason() -> None:
    box = registered()
    box.core.read(UNREADABLE, HERE, box.clock.now)
    [(account, text)] = told(box)
    assert account == "101" and "From is missing" in text


def test_of_strangers_nothing_is_told() -> None:
    box = registered()
    box.receive(demanding(), THERE)
    box.core.read(UNREADABLE, THERE, box.clock.now)
    assert told(box) == []


def test_of_a_trusted_peer_it_is() -> None:
    box = BareCore()
    box.directory.peers["192.0.2.77"] = "pbx"
    box.receive(demanding(), THERE)
    assert len(told(box)) == 1


def test_phone_that_has_shown_its_password_is_told_why_it_cannot_register() -> None:
    box = BareCore()
    assert statuses(box.register("<tel:101>")) == [400]
    [(account, text)] = told(box)
    assert account == "101" and "tel" in text


@pytest.mark.parametrize("method", ["OPTIONS", "MESSAGE", "SUBSCRIBE"])
def test_what_is_no_call_and_no_registration_is_not_told(method: str) -> None:
    box = registered()
    box.receive(demanding(method))
    assert told(box) == []


def test_call_that_comes_round_is_no_fault_of_how_it_is_written() -> None:
    """What leads it round is told as its place that fails: nothing is to be switched off in who sends it."""
    box = registered()
    request = ask("INVITE", f"sip:102@{REALM}")
    request.replace("max-forwards", ["0"])
    assert statuses(box.receive(request)) == [483]
    assert told(box) == []
