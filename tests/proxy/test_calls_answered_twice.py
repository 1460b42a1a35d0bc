"""A call that two devices answer, and one that another device has answered."""

from __future__ import annotations

import pytest

from frontdesk.sip.message import Request
from tests.proxy.box import Box, Who, reply, request, route_set
from tests.proxy.listed import A, B, C, hangs_up, invited, says
from tests.proxy.test_calls import bye


def both_answer(box: Box) -> tuple[Request, Request]:
    """Two phones of 102 pick up at once: what each got."""
    box.phone("102", C)
    box.receive(request("INVITE", branch="z9hG4bKone"), A)
    (first, _), (second, _) = box.requests("INVITE")
    box.receive(reply(first, 200, "first"), B)
    box.receive(reply(second, 200, "second"), C)
    return first, second


def acknowledged(box: Box, invite: Request, tag: str) -> None:
    routes = route_set(invite, callee=True)
    box.receive(request("ACK", "sip:102@10.0.0.2", to_tag=tag, routes=routes), A)
    assert box.requests("ACK")


@pytest.mark.parametrize("kept", [0, 1])
def test_call_that_two_phones_have_answered_ends_with_the_bye_of_the_last(box: Box, kept: int) -> None:
    """The caller hangs up on all but one (section 13.2.2.4)."""
    invites, tags = both_answer(box), ("first", "second")
    for invite, tag in zip(invites, tags, strict=True):
        acknowledged(box, invite, tag)
    bye(box, invites[1 - kept], tags[1 - kept])
    assert (len(box.proxy.calls), box.records) == (1, [])
    bye(box, invites[kept], tags[kept])
    assert [record.result for record in box.records] == [200]


def test_dialog_that_the_caller_never_accepts_keeps_no_call_up(box: Box) -> None:
    """baresip and others send the second phone neither ACK nor BYE; it gives up after 32 s (section 13.3.1.4)."""
    first, second = both_answer(box)
    acknowledged(box, first, "first")
    box.now += 2
    bye(box, first, "first")
    assert [(record.result, record.ended_at - record.started_at) for record in box.records] == [(200, 2)]
    box.now += 32
    bye(box, second, "second", by_callee=True)
    assert (len(box.proxy.calls), len(box.records), box.proxy.calls.answered_twice) == (0, 1, {})


def test_phone_that_picks_up_after_the_first_has_hung_up_is_the_call(box: Box) -> None:
    """A PBX goes on to call the next, under the same Call-ID."""
    box.phone("103", C)
    invited(box, Who(peer="pbx"))
    first: Request = box.invite  # type: ignore[attr-defined]
    box.receive(request("INVITE", "sip:103@desk.example", branch="z9hG4bKtwo"), A, Who(peer="pbx"))
    second = box.request("INVITE")
    says(box, 200)
    bye(box, first, "callee")
    box.receive(reply(second, 200, "second"), C)
    assert [call.is_over for call in box.proxy.calls.active(box.now)] == [False]
    box.receive(request("BYE", "sip:103@10.0.0.3", to_tag="second", cseq=2, routes=route_set(second, callee=True)), A)
    box.receive(reply(box.request("BYE"), 200), C)
    assert [record.result for record in box.records] == [200]


def test_calls_that_are_forgotten_are_so_in_each_list(box: Box) -> None:
    both_answer(box)
    box.proxy.calls.forget()
    assert (len(box.proxy.calls), box.proxy.calls.answered_twice) == (0, {})


def test_dialog_that_the_caller_accepts_instead_of_the_first_is_the_call(box: Box) -> None:
    first, second = both_answer(box)
    for invite, tag in ((first, "first"), (second, "second")):
        acknowledged(box, invite, tag)
    bye(box, first, "first")
    acknowledged(box, second, "second")
    assert len(box.proxy.calls) == 1
    bye(box, second, "second")
    assert len(box.records) == 1


def test_bye_that_overtakes_its_ack_ends_that_dialog(box: Box) -> None:
    first, second = both_answer(box)
    bye(box, second, "second")
    acknowledged(box, second, "second")
    bye(box, first, "first")
    assert (len(box.proxy.calls), len(box.records)) == (0, 1)


def test_answer_that_comes_once_more_begins_no_dialog_anew(box: Box) -> None:
    """A phone repeats its 200 until it has the ACK, which the caller's BYE may overtake."""
    first, second = both_answer(box)
    bye(box, second, "second")
    box.receive(reply(second, 200, "second"), C)
    bye(box, first, "first")
    assert len(box.records) == 1


def test_callee_hangs_up_on_his_own_dialog(box: Box) -> None:
    first, second = both_answer(box)
    acknowledged(box, second, "second")
    bye(box, first, "first", by_callee=True)
    assert (len(box.proxy.calls), box.records) == (1, [])
    bye(box, second, "second", by_callee=True)
    assert len(box.records) == 1


@pytest.mark.parametrize(
    ("why", "said", "result"),
    [
        ("SIP;cause=200", 487, 200), ("Q.850;cause=26", 487, 487), ("SIP;cause=200", 603, 603),
        ("SIP;cause=200", 200, 200),
    ],
)  # fmt: skip
def test_call_that_its_pbx_takes_back_for_another_device_was_answered_there(
    box: Box, why: str, said: int, result: int
) -> None:
    """Asterisk rings each phone by a call of its own: that a colleague was quicker is no missed call (RFC 3326)."""
    invited(box)
    says(box, 180)
    box.receive(request("CANCEL", headers=[f"Reason: {why}"], branch="z9hG4bKone"), A)
    says(box, said)
    if said == 200:
        hangs_up(box)
    told = {(487, 200): "call to 102 was answered by another device", (200, 200): "call to 102 lasted 0 s"}
    assert [record.result for record in box.records] == [result]
    assert box.events[-1].text == told.get((said, result), f"call to 102 failed: {result}")


def test_what_is_taken_back_is_the_call_of_that_invite_alone(box: Box) -> None:
    box.phone("103", C)
    invited(box)
    box.receive(request("INVITE", caller="103", flow=C, call_id="call-2", branch="z9hG4bKtwo"), C)
    box.receive(request("CANCEL", headers=["Reason: SIP;cause=200"], caller="103", flow=C, branch="z9hG4bKtwo"), C)
    assert [call.is_elsewhere for call in box.proxy.calls.active(box.now)] == [False, False]
