"""Every torture message of RFC 4475 and RFC 5118 against the whole core: from a stranger, and from a trusted peer."""

from __future__ import annotations

import re

import pytest

from frontdesk.model import Account
from frontdesk.sip.errors import ParseError, Rejection
from frontdesk.sip.message import Request, Response
from frontdesk.sip.parser import parse_message
from tests.sip.torture import MESSAGES, Torture
from tests.support.bare_core import BareCore
from tests.support.registering import HERE, REALM, Desk, Registrant

DOMAINS = ("example.com", "example.org", "biloxi.example.com", "company.com", "atlanta.example.com")


def answers(message: Torture, *, trusted: bool) -> list[int]:
    """What goes out for it."""
    box = BareCore()
    box.directory.domains.update(DOMAINS)
    if trusted:
        box.directory.peers[HERE.remote[0]] = "peer"
    box.core.read(message.data, HERE, box.clock.now)
    box.settle()
    return [sent.status for sent, _ in box.sent if isinstance(sent, Response)]


_REASON = re.compile(r"(?:[-;/?:@&=+$,\w.!~*'() ]|%[0-9A-F]{2})+")
"""Reason-Phrase (RFC 3261 section 25.1). Browsers' phones hear no other answer (JsSIP)."""


@pytest.mark.parametrize("message", [each for each in MESSAGES if each.answer], ids=str)
def test_what_a_refusal_quotes_makes_it_no_less_of_an_answer(message: Torture) -> None:
    box = BareCore()
    box.core.read(message.data, HERE, box.clock.now)
    box.settle()
    ((sent, _),) = box.sent
    assert isinstance(sent, Response) and _REASON.fullmatch(sent.reason)


def is_silent(message: Torture) -> bool:
    """Responses and ACKs are never answered."""
    try:
        parsed = parse_message(message.data)
    except ParseError:
        return False
    return not isinstance(parsed, Request) or parsed.method == "ACK"


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_a_stranger_gets_the_refusal_that_the_rfc_asks_for_or_a_challenge(message: Torture) -> None:
    got = answers(message, trusted=False)
    if message.answer == 0 or is_silent(message):
        assert got == []
    elif message.answer is not None:
        assert got == [message.answer]
    else:
        assert len(got) == 1 and got[0] in (200, 401, 407, 403)


@pytest.mark.parametrize("message", [each for each in MESSAGES if each.trusted not in (None, 0, 401)], ids=str)
def test_without_a_password_in_the_way_the_box_says_what_is_wrong(message: Torture) -> None:
    parsed = parse_message(message.data)
    if isinstance(parsed, Request) and parsed.method == "REGISTER":
        assert registered(parsed) == message.trusted
    else:
        assert answers(message, trusted=True) == [message.trusted]


def registered(request: Request) -> int:
    """What the registrar says to whom the To names."""
    desk = Desk()
    desk.directory.domains.update(DOMAINS)
    user = request.to.uri.user or "nobody"
    account = Account(user, f"sip:{user}@{REALM}")
    desk.directory.put(account)
    try:
        desk.registrar.register(request, HERE, Registrant(account), 0.0)
    except ParseError as error:
        return error.status
    except Rejection as rejection:
        return rejection.status
    return 200
