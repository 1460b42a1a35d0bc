"""A call whose phones are gone, with nobody left to hang up and no session timer, ends with their registrations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from frontdesk.proxy.calls import GRACE
from frontdesk.sip.message import Request
from frontdesk.sip.wire import Flow
from tests.proxy.box import reply
from tests.support.asking import ask
from tests.support.bare_core import BareCore
from tests.support.registering import HERE, REALM, flow

THERE = flow("192.0.2.102")


class Talk:
    """101 talks to 102; both are registered, as far as they are named."""

    def __init__(self, *registered: str, dialled: str = "102") -> None:
        self.box = BareCore()
        self.box.directory.put(replace(self.box.directory.accounts["102"], aliases=("front",)))
        for user in registered:
            self.register(user)
        self.box.receive(self.box.signed(ask("INVITE", f"sip:{dialled}@{REALM}")))
        self.started = self.box.clock.now
        invite = next(each for each, _ in self.box.sent if isinstance(each, Request) and each.method == "INVITE")
        self.box.receive(reply(invite, 200), THERE)
        assert self.is_up()

    def register(self, user: str, at: Flow | None = None, cseq: int = 1) -> None:
        at = at or {"101": HERE, "102": THERE}[user]
        host = at.remote[0]
        answers = self.box.register(f"<sip:{user}@{host}:5060>", at=at, user=user, call_id=host, cseq=cseq)
        assert answers[-1].status == 200

    def renew_later(self, user: str) -> None:
        """Its registration is the last to run out."""
        self.box.clock.advance(1000.0)
        self.register(user, cseq=9)

    def is_up(self) -> bool:
        return len(self.box.core.proxy.calls) == 1

    def expire(self, user: str) -> float:
        """Until the last registration of that account has run out; when that is."""
        ends = max(each.expires_at or 0.0 for each in self.box.bindings(user))
        self.box.clock.advance(ends - self.box.clock.now)
        assert not self.box.bindings(user)
        return ends

    def ended(self) -> list[float]:
        self.box.clock.advance(2.0)  # a record waits for company
        return [record.ended_at for commit in self.box.commits for record in commit.changes.calls]


@pytest.mark.parametrize(("lost", "other"), [("101", "102"), ("102", "101")])
@pytest.mark.parametrize("dialled", ["102", "front"])
def test_call_ends_when_the_registrations_of_a_phone_have_run_out(lost: str, other: str, dialled: str) -> None:
    talk = Talk("101", "102", dialled=dialled)
    talk.renew_later(other)
    ends = talk.expire(lost)
    talk.box.clock.advance(GRACE - 0.1)
    assert talk.is_up()
    talk.box.clock.advance(0.2)
    assert not talk.is_up() and talk.ended() == [ends]
    assert [each.text for each in talk.box.core.events if "lasted" in each.text] == [
        f"call to {dialled} lasted at most {ends - talk.started:.0f} s: nobody hung up"
    ]


def test_each_phone_has_its_own_time_to_come_back() -> None:
    talk = Talk("101", "102")
    talk.box.clock.advance(20.0)
    talk.register("102", cseq=9)
    talk.register("101", flow("192.0.2.103"))  # another phone of 101 keeps that account in
    talk.box.clock.advance(20.0)
    talk.register("101", flow("192.0.2.103"), cseq=9)
    ends = talk.expire("102")
    talk.box.clock.advance(GRACE - 0.1)
    assert talk.is_up()
    talk.box.clock.advance(0.2)
    assert not talk.is_up() and talk.ended() == [ends]


def test_call_goes_on_where_the_phone_is_only_late() -> None:
    talk = Talk("101", "102")
    talk.renew_later("102")
    talk.expire("101")
    talk.register("101", cseq=9)
    talk.box.clock.advance(GRACE + 1)
    assert talk.is_up()


def test_call_goes_on_where_another_phone_of_the_account_is_registered() -> None:
    talk = Talk("101", "102")
    talk.renew_later("101")
    talk.register("102", flow("192.0.2.103"))
    first = min(each.expires_at or 0.0 for each in talk.box.bindings("102"))
    talk.box.clock.advance(first - talk.box.clock.now + GRACE + 1)
    assert len(talk.box.bindings("102")) == 1 and talk.is_up()


def test_caller_who_never_registers_keeps_his_call() -> None:
    talk = Talk("102")
    talk.box.clock.advance(1000.0)
    talk.register("102", cseq=9)
    talk.box.clock.advance(1000.0)
    assert talk.is_up()
