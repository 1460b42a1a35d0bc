"""Calls whose phones agree on a session timer end with it where no BYE comes (RFC 4028): the box only listens."""

from __future__ import annotations

import pytest

from frontdesk.proxy.calls import GRACE, MAX_AGE, MAX_SESSION
from frontdesk.sip.message import Request
from frontdesk.sip.wire import Flow
from tests.proxy.box import Box, reply, request, route_set, udp

A, B, C = udp("192.0.2.11"), udp("192.0.2.12"), udp("192.0.2.13")


class Talk:
    """101 calls 102, whose phones have picked up at 1000; each 2xx says `session` of its length."""

    def __init__(self, session: str, *phones: str, name: str = "session-expires") -> None:
        self.box = Box()
        self.box.phone("101", A)
        for _, flow in zip(phones or ("callee",), (B, C), strict=False):
            self.box.phone("102", flow)
        self.name = name
        self.box.receive(request("INVITE"), A)
        self.invites = dict(zip(phones or ("callee",), [one for one, _ in self.box.requests("INVITE")], strict=True))
        for (tag, invite), flow in zip(self.invites.items(), (B, C), strict=False):
            self.answer(invite, session, tag, flow)
            self.in_dialog("ACK", tag)

    def answer(self, request: Request, session: str, tag: str = "callee", flow: Flow = B, status: int = 200) -> None:
        headers = [(self.name, session)] if session else []
        self.box.receive(reply(request, status, tag, headers).encode(), flow)

    def in_dialog(self, method: str, tag: str = "callee") -> Request:
        routes = route_set(self.invites[tag], callee=True)
        self.box.receive(request(method, "sip:102@10.0.0.2", to_tag=tag, cseq=2, routes=routes), A)
        return self.box.request(method)

    def is_up(self) -> bool:
        return len(self.box.proxy.calls) == 1

    @property
    def ends(self) -> list[float]:
        return [record.ended_at for record in self.box.records]


def test_call_without_a_bye_ends_with_its_session() -> None:
    talk = Talk("90;refresher=uac")
    talk.box.pass_time(90 + GRACE - 0.1)
    assert talk.is_up()
    talk.box.pass_time(0.1)
    assert not talk.is_up()
    assert [(record.answered_at, record.ended_at, record.result) for record in talk.box.records] == [(1000, 1090, 200)]
    assert talk.box.events[-1].text == "call to 102 lasted at most 90 s: nobody hung up"


def test_call_that_is_refreshed_is_not_given_up_after_a_day() -> None:
    talk = Talk("90000")
    talk.box.pass_time(MAX_AGE + 60)
    assert len(talk.box.proxy.calls.active(1000 + MAX_AGE + 60)) == 1
    talk.box.pass_time(90_000 + GRACE - MAX_AGE)
    assert talk.ends == [91_000]


def test_no_session_is_longer_than_a_week() -> None:
    talk = Talk("4294967295")
    talk.box.pass_time(MAX_SESSION + GRACE)
    assert talk.ends == [1000 + MAX_SESSION]


@pytest.mark.parametrize("session", ["", "soon", "-1", ";refresher=uas"])
def test_call_without_a_session_timer_stays(session: str) -> None:
    talk = Talk(session)
    talk.box.pass_time(80_000)
    assert talk.is_up()


@pytest.mark.parametrize("session", ["90", "  90 ; refresher=uas", "1", "0"])
def test_no_session_is_shorter_than_90_seconds(session: str) -> None:
    talk = Talk(session, name="x")
    talk.box.pass_time(90 + GRACE)
    assert talk.ends == [1090]


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_refresh_begins_the_session_anew(method: str) -> None:
    talk = Talk("90")
    talk.box.pass_time(45)
    talk.answer(talk.in_dialog(method), "120;refresher=uac")
    talk.box.pass_time(119 + GRACE)
    assert talk.is_up()
    talk.box.pass_time(1)
    assert talk.ends == [1165]


def test_refresh_that_is_answered_within_the_grace_is_in_time() -> None:
    talk = Talk("90")
    talk.box.pass_time(89)
    update = talk.in_dialog("UPDATE")
    talk.box.pass_time(20)
    talk.answer(update, "90")
    talk.box.pass_time(60)
    assert talk.is_up()


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_refresh_that_is_refused_changes_nothing(method: str) -> None:
    """Only a 2xx extends the session (section 10)."""
    talk = Talk("90")
    talk.box.pass_time(45)
    talk.answer(talk.in_dialog(method), "1800", status=422)
    talk.box.pass_time(45 + GRACE)
    assert talk.ends == [1090]


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_refresh_without_session_expires_turns_the_timer_off(method: str) -> None:
    talk = Talk("90")
    talk.answer(talk.in_dialog(method), "")
    talk.box.pass_time(80_000)
    assert talk.is_up()


@pytest.mark.parametrize("status", [408, 481])
def test_update_that_finds_no_dialog_ends_the_call(status: int) -> None:
    talk = Talk("")
    talk.answer(talk.in_dialog("UPDATE"), "", status=status)
    assert talk.ends == [1000]


def test_bye_ends_the_call_once_and_leaves_no_timer() -> None:
    talk = Talk("1800")
    talk.answer(talk.in_dialog("BYE"), "")
    talk.box.pass_time(200)
    assert len(talk.box.deadlines) == 0
    assert talk.ends == [1000]


def test_each_phone_that_has_answered_has_a_session_of_its_own() -> None:
    """There can be several 2xx, each with its dialog and its session (section 8.2)."""
    talk = Talk("90", "first", "second")
    talk.answer(talk.in_dialog("UPDATE", "second"), "200", "second", C)
    talk.box.pass_time(90 + GRACE)
    assert talk.is_up()
    talk.box.pass_time(110)
    assert talk.ends == [1200]


def test_session_of_a_phone_that_the_caller_accepts_later_began_with_its_answer() -> None:
    talk = Talk("90", "first", "second")
    talk.answer(talk.in_dialog("BYE", "first"), "", "first")
    talk.box.pass_time(90 + GRACE)
    assert talk.ends == [1090]


def test_dialog_that_has_ended_gets_no_session() -> None:
    """A phone repeats its 200 until it has the ACK, which the caller's BYE may overtake."""
    talk = Talk("90", "first", "second")
    talk.answer(talk.in_dialog("BYE", "second"), "", "second", C)
    talk.answer(talk.invites["second"], "900", "second", C)
    talk.box.pass_time(90 + GRACE)
    assert talk.ends == [1090]
