"""Calls that a PBX forks or hunts through the box, that come round or are challenged: one call in the list."""

from __future__ import annotations

import pytest

from frontdesk.events import Kind
from frontdesk.proxy.calls import CallState
from frontdesk.sip.message import Request
from tests.proxy.box import Box, Who, reply, request
from tests.proxy.listed import A, B, C, hangs_up, invited, kinds, says


def test_forks_of_a_trusted_proxy_are_one_call(box: Box) -> None:
    box.phone("103", C)
    invited(box, Who(None, "pbx"))
    box.receive(request("INVITE", "sip:103@desk.example", branch="z9hG4bKtwo"), A, Who(None, "pbx"))
    assert len(box.proxy.calls.active(box.now)) == 1 and kinds(box) == [Kind.CALLING]


def forked(box: Box) -> tuple[Request, Request]:
    """A PBX calls 102 and 103 as one call: what each phone gets."""
    box.phone("103", C)
    invited(box, Who(peer="pbx"))
    box.receive(request("INVITE", "sip:103@desk.example", branch="z9hG4bKtwo"), A, Who(peer="pbx"))
    return box.invite, box.request("INVITE")  # type: ignore[attr-defined]


def test_call_that_a_peer_forks_is_the_one_that_answers(box: Box) -> None:
    first, second = forked(box)
    box.receive(reply(second, 180), C)
    box.receive(reply(first, 486), B)
    box.receive(reply(second, 200), C)
    assert [(call.callee, call.state) for call in box.proxy.calls.active(box.now)] == [("103", CallState.ANSWERED)]
    assert [event.text for event in box.events] == ["calls 102", "103 rings", "103 answered"]
    assert box.records == []


def test_call_that_a_peer_forks_fails_when_all_forks_have_and_how_is_told_of_the_one_that_did(box: Box) -> None:
    first, second = forked(box)
    box.receive(reply(second, 486), C)
    assert box.records == []
    box.receive(reply(first, 480), B)
    assert [(record.callee, record.result) for record in box.records] == [("102", 480)]


def test_call_that_a_peer_forks_is_shown_as_to_one_that_still_rings(box: Box) -> None:
    first, second = forked(box)
    box.receive(reply(second, 180), C)
    box.receive(reply(first, 486), B)
    assert [(call.callee, call.state) for call in box.proxy.calls.active(box.now)] == [("103", CallState.RINGING)]


def test_fork_that_fails_after_another_has_answered_does_not_end_the_call(box: Box) -> None:
    first, second = forked(box)
    box.receive(reply(second, 200), C)
    box.receive(reply(first, 487), B)
    assert (len(box.proxy.calls), box.records) == (1, [])


def test_hunt_of_a_peer_goes_on_in_the_same_call_while_it_is_being_cancelled(box: Box) -> None:
    box.phone("103", C)
    invited(box, Who(peer="pbx"))
    says(box, 180)
    box.receive(request("CANCEL", branch="z9hG4bKone"), A)
    box.receive(request("INVITE", "sip:103@desk.example", branch="z9hG4bKtwo"), A, Who(peer="pbx"))
    (second,) = [one for one, _ in box.requests("INVITE")]
    says(box, 487)
    box.receive(reply(second, 200), C)
    assert [call.callee for call in box.proxy.calls.active(box.now)] == ["103"]


def test_hunt_of_a_peer_that_nobody_answers_ends_as_its_last_phone_did(box: Box) -> None:
    first, second = forked(box)
    box.receive(reply(first, 487), B)
    box.receive(reply(second, 486), C)
    assert [(record.callee, record.result) for record in box.records] == [("103", 486)]
    assert [event.text for event in box.events] == ["calls 102", "call to 103 failed: 486"]


def test_hunt_of_a_peer_begins_another_call_once_the_first_has_ended(box: Box) -> None:
    box.phone("103", C)
    invited(box, Who(peer="pbx"))
    says(box, 486)
    box.receive(request("INVITE", "sip:103@desk.example", branch="z9hG4bKtwo"), A, Who(peer="pbx"))
    assert [record.callee for record in box.records] == ["102"]
    assert [call.callee for call in box.proxy.calls.active(box.now)] == ["103"]


def test_invite_of_the_box_that_comes_round_is_no_other_call(box: Box) -> None:
    box.phone("103", C)
    invited(box)
    box.receive(request("INVITE", "sip:103@desk.example", branch="z9hG4bKtwo"), A, Who())
    second = box.request("INVITE")
    box.receive(reply(second, 486), C)
    assert ([call.callee for call in box.proxy.calls.active(box.now)], box.records) == (["102"], [])


@pytest.mark.parametrize("who", [None, Who(peer="pbx")])
@pytest.mark.parametrize("status", [401, 407, 422])
def test_invite_that_answers_a_challenge_is_the_same_call(box: Box, status: int, who: Who | None) -> None:
    invited(box, who)
    says(box, status)
    box.receive(request("INVITE", branch="z9hG4bKtwo", cseq=2), A, who)
    box.invite = box.request("INVITE")  # type: ignore[attr-defined]
    box.pass_time(20)
    says(box, 200)
    hangs_up(box)
    assert [record.result for record in box.records] == [200]
    assert kinds(box) == [Kind.CALLING, Kind.ANSWERED, Kind.ENDED]


def test_challenge_that_nobody_answers_is_how_the_call_failed(box: Box) -> None:
    invited(box)
    says(box, 407)
    box.pass_time(9)
    assert box.records == []
    box.pass_time(1)
    assert [record.result for record in box.records] == [407]
