"""Calls between SIPp scenarios through the box: retransmissions, forks with every mix of answers, dialogs, CANCEL."""

import pytest

from tests.e2e.sipp import any_final
from tests.e2e.stage import Stage

# RFC 3261 16.7 step 6: a 6xx before all, then the lowest class; within 4xx, either will do.
REFUSALS = [
    (["486 Busy Here"], [486]),
    (["404 Not Found"], [404]),
    (["486 Busy Here", "480 Temporarily Unavailable"], [486, 480]),
    (["486 Busy Here", "500 Server Internal Error"], [486]),
    (["302 Moved Temporarily", "486 Busy Here"], [302]),
    (["302 Moved Temporarily", "603 Decline"], [603]),
    (["503 Service Unavailable"], [500]),
    (["503 Service Unavailable", "486 Busy Here"], [486]),
    (["503 Service Unavailable", "500 Server Internal Error"], [500]),
    (["486 Busy Here", "480 Temporarily Unavailable", "404 Not Found"], [486, 480, 404]),
    (["486 Busy Here", "415 Unsupported Media Type", "404 Not Found"], [415]),
]


@pytest.mark.parametrize(("answers", "expected"), REFUSALS, ids=lambda value: "+".join(str(one)[:3] for one in value))
def test_best_of_the_refusals_reaches_the_caller(stage: Stage, answers: list[str], expected: list[int]) -> None:
    callee = stage.account()
    for turn, status in enumerate(answers, 2):
        stage.callee(callee, "callee_refuses", status=status, pause=f"{turn}00")
    stage.caller("caller_is_refused", callee, finals=any_final(*expected))
    stage.everybody_ends_well()


@pytest.mark.parametrize("refusal", ["486 Busy Here", "302 Moved Temporarily", "503 Service Unavailable"])
def test_answer_of_one_phone_beats_an_earlier_refusal_of_another(stage: Stage, refusal: str) -> None:
    callee = stage.account()
    stage.callee(callee, "callee_refuses", status=refusal, pause="0")
    stage.callee(callee, "callee_answers", pause="400")
    stage.caller("caller_hangs_up", callee)
    stage.everybody_ends_well()


def test_decline_ends_the_call_on_all_phones(stage: Stage) -> None:
    callee = stage.account()
    stage.callee(callee, "callee_is_cancelled", reason="CANCEL")
    stage.callee(callee, "callee_refuses", status="603 Decline")
    stage.caller("caller_is_refused", callee, finals=any_final(603))
    stage.everybody_ends_well()


def test_answer_that_crosses_the_cancel_after_a_decline_is_passed_on(stage: Stage) -> None:
    callee = stage.account()
    stage.callee(callee, "callee_answers_after_cancel", reason="CANCEL")
    stage.callee(callee, "callee_refuses", status="603 Decline")
    stage.caller("caller_hangs_up", callee)
    stage.everybody_ends_well()


def test_phones_that_lost_are_cancelled_with_the_reason(stage: Stage) -> None:
    callee = stage.account()
    reason = "Reason: *SIP *; *cause=200 *; *text=.Call completed elsewhere."
    for _ in range(2):
        stage.callee(callee, "callee_is_cancelled", reason=reason)
    stage.callee(callee, "callee_answers", pause="300")
    stage.caller("caller_hangs_up", callee)
    stage.everybody_ends_well()


def test_challenges_of_all_phones_are_gathered(stage: Stage) -> None:
    callee = stage.account()
    first, second = 'Digest realm="a", nonce="1"', 'Digest realm="b", nonce="2"'
    stage.callee(callee, "callee_refuses", status="401 Unauthorized", headers=f"WWW-Authenticate: {first}\n")
    stage.callee(
        callee, "callee_refuses", status="407 Proxy Authentication Required", headers=f"Proxy-Authenticate: {second}\n"
    )
    call = stage.caller("caller_is_refused", callee, finals=any_final(401, 407))
    stage.everybody_ends_well()
    last = call.heard().rpartition("message received")[2]
    assert first in last and second in last, last


def test_higher_q_rings_first_and_the_next_one_follows_its_refusal(stage: Stage) -> None:
    callee = stage.account()
    stage.callee(callee, "callee_answers", q="0.2", pause="0")
    stage.callee(callee, "callee_refuses", q="0.9", status="486 Busy Here", pause="300")
    call = stage.caller("caller_hangs_up", callee)
    stage.everybody_ends_well()
    assert "486 Busy" not in call.heard()


def test_caller_who_gives_up_cancels_every_phone_with_his_own_reason(stage: Stage) -> None:
    callee = stage.account()
    for _ in range(2):
        stage.callee(callee, "callee_is_cancelled", reason="Reason: *Q.850 *; *cause=16")
    stage.caller("caller_cancels", callee, headers="Reason: Q.850;cause=16\n")
    stage.everybody_ends_well()


def test_callee_hangs_up_by_record_route(stage: Stage) -> None:
    callee = stage.account()
    stage.callee(callee, "callee_hangs_up")
    stage.caller("caller_is_hung_up", callee)
    stage.everybody_ends_well()


# 15 calls: an account may have 16 challenges under way, and SIPp gives up when one of them has gone stale.
def test_calls_get_through_though_one_message_in_ten_is_lost(stage: Stage) -> None:
    callee = stage.account()
    phone = stage.callee(callee, "callee_answers", times=15, lose=' lost="10"', pause="0")
    stage.caller("caller_hangs_up", callee, times=15, lose=' lost="10"')
    stage.everybody_ends_well()
    heard = phone.heard()
    calls = {line for line in heard.splitlines() if line.startswith("Call-ID:")}
    assert len(calls) == 15, heard
