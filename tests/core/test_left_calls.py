"""A call that both phones have lost, as in a power cut, is no longer shown as up, though nobody has hung up and both
are registered again; where one says something in it after all, it is."""

from __future__ import annotations

import pytest

from frontdesk.proxy.calls import MAX_AGE
from frontdesk.sip.message import Request
from frontdesk.sip.wire import Flow
from tests.core.test_lost_calls import THERE, Talk
from tests.proxy.box import reply
from tests.support.asking import ask
from tests.support.registering import HERE, flow

PHONES = {"101": HERE, "102": THERE}


class Office(Talk):
    """Both phones have renewed their registrations before they talk, as phones do that are on for a while."""

    def __init__(self, *, renewed: bool = True) -> None:
        self._renewed = renewed
        super().__init__("101", "102")
        self.box.clock.advance(100.0)

    def register(self, user: str, at: Flow | None = None, cseq: int = 1) -> None:
        super().register(user, at, cseq)
        if self._renewed:
            self.box.clock.advance(100.0)
            super().register(user, at, cseq + 1)

    def starts(self, user: str, call_id: str = "new", contact: str = "") -> float:
        """That phone starts anew; when it is there again."""
        contact = contact or f"<sip:{user}@{PHONES[user].remote[0]}:5060>"
        off = ("Expires: 0",) if contact == "*" else ()
        call_id = f"{call_id}-{user}"
        answers = self.box.register(contact, at=PHONES[user], user=user, call_id=call_id, headers=off)
        assert answers[-1].status == 200
        return self.box.clock.now

    def says(self, method: str, status: int = 200) -> None:
        """101 does in the call, and 102 answers."""
        invite = next(each for each, _ in self.box.sent if isinstance(each, Request) and each.method == "INVITE")
        request = ask(method, invite.uri_text, f"Route: {invite.required('record-route')}\r\n")
        request.replace("to", [f"{invite.required('to')};tag=callee"])
        request.replace("call-id", [invite.call_id])
        request.replace("cseq", [f"9 {method}"])
        before = len(self.box.sent)
        self.box.receive(request)
        (sent,) = [each for each, _ in self.box.sent[before:] if isinstance(each, Request)]
        self.box.receive(reply(sent, status), THERE)

    def is_shown(self) -> bool:
        book = self.box.core.proxy.calls
        active, left = book.active(self.box.clock.now), book.left()
        assert len(active) == len(book) and len(active) + len(left) == 1
        return bool(active)


@pytest.mark.parametrize("first", ["101", "102"])
def test_call_is_over_when_both_phones_have_started_anew(first: str) -> None:
    office = Office()
    began = office.starts(first)
    assert office.is_shown()
    office.box.clock.advance(5.0)
    office.starts("102" if first == "101" else "101")
    assert not office.is_shown()
    (call,) = office.box.core.proxy.calls.left()
    assert call.left_at == began, "it cannot have lasted any longer"


@pytest.mark.parametrize("again", ["101", "102"])
def test_phone_that_starts_twice_is_one(again: str) -> None:
    office = Office()
    first = office.starts(again)
    for call_id in ("new", "newer", "newer", "newest"):  # it renews its registration in between
        office.box.clock.advance(100.0)
        office.starts(again, call_id)
    assert office.is_shown()
    office.starts("102" if again == "101" else "101")
    assert [call.left_at for call in office.box.core.proxy.calls.left()] == [first]


def test_phone_that_renews_its_registration_has_lost_nothing() -> None:
    office = Office()
    for user in PHONES:
        super(Office, office).register(user, cseq=9)
    assert office.is_shown()


def test_phone_that_takes_another_call_id_each_time_shows_nothing() -> None:
    office = Office(renewed=False)
    for call_id in ("second", "third"):
        for user in PHONES:
            office.starts(user, call_id)
        office.box.clock.advance(100.0)
    assert office.is_shown()


def test_phone_that_comes_back_to_another_port_has_started_anew() -> None:
    office = Office()
    for user, at in PHONES.items():
        office.starts(user, contact=f"<sip:{user}@{at.remote[0]}:5062>")
    assert not office.is_shown()


@pytest.mark.parametrize("contact", ["*", "<sip:{}@{}:5060>;expires=0"])
def test_phone_that_signs_off_as_it_starts_has_started_anew(contact: str) -> None:
    office = Office()
    for user, at in PHONES.items():
        office.starts(user, contact=contact.format(user, at.remote[0]))
    assert not office.is_shown()


def test_phone_that_signs_off_and_on_has_not() -> None:
    office = Office()
    for user, at in PHONES.items():
        host = at.remote[0]
        gone = f"<sip:{user}@{host}:5060>;expires=0"
        assert office.box.register(gone, at=at, user=user, call_id=host, cseq=9)[-1].status == 200
    assert office.is_shown()


def test_phone_that_has_come_back_as_another_is_gone_when_its_registration_runs_out() -> None:
    office = Office()
    ends = max(each.expires_at or 0.0 for user in PHONES for each in office.box.bindings(user))
    office.box.clock.advance(ends - office.box.clock.now - 100)
    for user in PHONES:
        there = flow(f"192.0.2.{user}")
        office.box.register(f"<sip:{user}@192.0.2.{user}:5060>", at=there, user=user, call_id=f"new-{user}")
    office.box.clock.advance(200)
    assert all(len(office.box.bindings(user)) == 1 for user in PHONES)
    assert not office.is_shown()


@pytest.mark.parametrize("method", ["INFO", "INVITE", "UPDATE", "MESSAGE"])
def test_call_in_which_somebody_says_something_is_up_again(method: str) -> None:
    office = Office()
    for user in PHONES:
        office.starts(user)
    office.says(method)
    assert office.is_shown() and office.ended() == []


def test_call_that_went_on_all_the_same_is_told_as_it_was() -> None:
    office = Office()
    for user in PHONES:
        office.starts(user)
    office.box.clock.advance(1000.0)
    office.says("BYE")
    now = office.box.clock.now
    assert office.ended() == [now]
    assert [each.text for each in office.box.core.events if "lasted" in each.text] == [
        f"call to 102 lasted {now - office.started:.0f} s"
    ]


def test_what_is_asked_in_a_call_of_which_the_other_phone_knows_nothing_ends_it() -> None:
    office = Office()
    for user in PHONES:
        office.starts(user)
    office.says("INVITE", 481)
    assert not office.is_up()


@pytest.mark.parametrize("how", ["a day", "the box stops"])
def test_it_leaves_one_record_when_nothing_more_can_be_said_in_it(how: str) -> None:
    office = Office()
    first = office.starts("101")
    office.box.clock.advance(5.0)
    office.starts("102")
    if how == "a day":
        office.box.clock.advance(MAX_AGE)
        office.box.core.proxy.calls.active(office.box.clock.now)
    else:
        office.box.core.proxy.shut_down(office.box.clock.now)
    assert office.ended() == [first]
    assert [each.text for each in office.box.core.events if "lasted" in each.text] == [
        f"call to 102 lasted at most {first - office.started:.0f} s: nobody hung up"
    ]


@pytest.mark.parametrize("kept", ["first", "second"])
def test_of_two_phones_that_have_answered_the_one_that_talks_counts(kept: str) -> None:
    office = Office()
    book = office.box.core.proxy.calls
    (call,) = book.active(office.box.clock.now)
    other = "second" if kept == "first" else "first"
    call.dialogs, call.phones = {"first": True, "second": True}, {kept: call.phones["callee"], other: 77}
    for user in PHONES:
        office.starts(user)
    assert office.is_shown()
    call.dialogs[other] = False
    assert not office.is_shown()


def test_call_that_nobody_has_answered_goes_on() -> None:
    office = Office()
    (call,) = office.box.core.proxy.calls.active(office.box.clock.now)
    call.answered_at, call.dialogs, call.phones = None, {}, {}
    office.starts("101")
    assert office.is_shown()


def test_phone_that_was_heard_since_it_has_started_has_not_lost_the_call() -> None:
    office = Office()
    office.starts("101")
    office.says("INFO")
    office.starts("102")
    assert office.is_shown()


def test_call_of_somebody_who_is_not_registered_is_not_judged() -> None:
    talk = Talk("102")
    Talk.register(talk, "102", cseq=2)
    talk.box.register(f"<sip:102@{THERE.remote[0]}:5060>", at=THERE, user="102", call_id="new")
    assert talk.is_up()
