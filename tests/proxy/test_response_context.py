"""RFC 3261 sections 16.7 to 16.9: which answers go back, when branches are called off, and when they are given up."""

from __future__ import annotations

import gc
import weakref

import pytest

from frontdesk.model import Settings
from tests.proxy.box import Box, reply, request, tcp, udp
from tests.proxy.fork import ELSEWHERE, PHONES, A, Fork


def test_provisional_answers_are_passed_on_but_100() -> None:
    fork = Fork()
    for status in (100, 180, 183, 199):
        fork.answer(0, status)
    assert fork.statuses == [100, 180, 183, 199]


def test_via_of_the_box_is_taken_off() -> None:
    fork = Fork()
    fork.answer(0, 180)
    assert len(fork.last.values("via")) == 1


@pytest.mark.parametrize(("status", "then"), [(180, [100]), (200, [100, 480]), (486, [100, 480])])
def test_answer_without_another_via_is_not_passed_on(status: int, then: list[int]) -> None:
    fork = Fork(1)
    response = reply(fork.branches[PHONES[0]], status)
    response.replace("via", response.values("via")[:1])
    fork.box.receive(response, PHONES[0])
    fork.look()
    assert fork.statuses == then


def test_2xx_is_passed_on_and_the_losers_are_cancelled_with_the_reason() -> None:
    fork = Fork()
    for number in range(3):
        fork.answer(number, 180)
    fork.answer(1, 200)
    assert fork.statuses[-1] == 200
    assert fork.cancels == [(0, [ELSEWHERE]), (2, [ELSEWHERE])]


def test_loser_without_a_provisional_is_cancelled_when_one_comes() -> None:
    fork = Fork(2)
    fork.answer(0, 200)
    assert fork.cancels == []
    fork.answer(1, 180)
    assert fork.cancels == [(1, [ELSEWHERE])]
    assert fork.statuses == [100, 200]


def test_losers_answers_stay_behind() -> None:
    fork = Fork(2)
    fork.answer(1, 180)
    fork.answer(0, 200)
    fork.answer(1, 487)
    assert fork.statuses == [100, 180, 200]
    assert fork.acks == [1]


@pytest.mark.parametrize("loser", ["cancelled", "silent", "dead"])
def test_a_call_that_rang_several_phones_leaves_no_work_for_the_garbage_collector(loser: str) -> None:
    """Which hardly ever comes: what stays in a cycle stays for days."""
    gc.disable()
    try:
        fork = Fork(2)
        context = weakref.ref(next(iter(fork.box.layer._servers.values())).context)
        fork.answer(0, 180)
        if loser == "cancelled":
            fork.answer(1, 180)
        fork.answer(0, 200)
        if loser == "cancelled":
            fork.answer(1, 487)
        elif loser == "dead":
            fork.fail(1)
        fork.wait(100)
        assert len(fork.box.layer) == 0 and context() is None
    finally:
        gc.enable()


def test_every_2xx_is_passed_on_for_as_long_as_they_come() -> None:
    fork = Fork(2)
    fork.answer(0, 200)
    fork.answer(1, 200)
    fork.answer(0, 200)
    fork.wait(10)
    fork.answer(1, 200)
    assert fork.statuses == [100, 200, 200, 200, 200]


def test_refusals_wait_for_all_branches() -> None:
    fork = Fork(2)
    fork.answer(0, 486)
    assert fork.statuses == [100]
    fork.answer(1, 404)
    assert fork.statuses == [100, 486]


def test_6xx_calls_off_the_others_and_is_sent_when_they_are_done() -> None:
    fork = Fork(2)
    fork.answer(0, 180)
    fork.answer(1, 603)
    assert fork.cancels == [(0, ['SIP;cause=603;text="Decline"'])]
    assert fork.statuses == [100, 180]
    fork.answer(0, 487)
    assert fork.statuses == [100, 180, 603]


@pytest.mark.parametrize(("place", "cancels"), [({"state": "static"}, 0), ({"path": ("<sip:192.0.2.13:5070;lr>",)}, 1)])
def test_6xx_of_a_place_beside_a_phone_stops_no_phone(place: dict[str, object], cancels: int) -> None:
    """An Asterisk there says 603 when its dialplan ends and nobody has answered. A phone behind an edge proxy (RFC
    3327) is the account's own."""
    box = Box()
    box.phone("101", A)
    box.phone("102", PHONES[0])
    box.phone("102", PHONES[1] if "path" in place else None, "sip:0301@192.0.2.50", **place)
    box.receive(request("INVITE"), A)
    (phone, _), (other, _) = box.requests("INVITE")
    box.receive(reply(phone, 180), PHONES[0])
    box.receive(reply(other, 603), udp("192.0.2.50"))
    assert len(box.requests("CANCEL")) == cancels


def test_2xx_that_crosses_a_6xx_wins() -> None:
    fork = Fork(2)
    fork.answer(0, 180)
    fork.answer(1, 603)
    fork.answer(0, 200)
    assert fork.statuses == [100, 180, 200]


def test_6xx_tries_no_further_target() -> None:
    fork = Fork(2, q=[0.9, 0.1])
    fork.answer(0, 600)
    assert (fork.rung, fork.statuses) == ({0}, [100, 600])


def test_lower_q_is_tried_after_the_refusal_of_the_higher() -> None:
    fork = Fork(3, q=[0.9, 0.5, 0.5])
    assert fork.rung == {0}
    fork.answer(0, 486)
    assert (fork.rung, fork.statuses) == ({0, 1, 2}, [100])


def test_lower_q_is_not_tried_after_an_answer() -> None:
    fork = Fork(2, q=[0.9, 0.5])
    fork.answer(0, 200)
    fork.wait(40)
    assert fork.rung == {0}


def test_challenges_are_gathered() -> None:
    fork = Fork(2)
    fork.answer(0, 401, ("www-authenticate", 'Digest realm="a"'))
    fork.answer(1, 407, ("proxy-authenticate", 'Digest realm="b"'))
    assert fork.statuses == [100, 401]
    assert fork.last.values("www-authenticate") == ['Digest realm="a"']
    assert fork.last.values("proxy-authenticate") == ['Digest realm="b"']


def test_redirection_is_passed_on() -> None:
    fork = Fork(1)
    fork.answer(0, 302, ("contact", "<sip:104@desk.example>"))
    assert (fork.statuses, fork.last.values("contact")) == ([100, 302], ["<sip:104@desk.example>"])


def test_flow_that_has_failed_is_480() -> None:
    fork = Fork(1)
    fork.answer(0, 430)
    assert fork.statuses == [100, 480]


def test_phones_503_is_500() -> None:
    fork = Fork(1)
    fork.answer(0, 503, ("retry-after", "1800"))
    assert (fork.statuses, fork.last.values("retry-after")) == ([100, 500], [])


def test_branch_that_cannot_be_sent_does_not_fail_the_call() -> None:
    fork = Fork(2)
    fork.fail(0)
    assert fork.statuses == [100]
    fork.answer(1, 180)
    fork.answer(1, 200)
    assert fork.statuses == [100, 180, 200]


def test_only_failures_to_send_are_480() -> None:
    fork = Fork(2)
    fork.fail(0)
    fork.fail(1)
    assert fork.statuses == [100, 480]


def test_refusal_says_more_than_a_failure_to_send() -> None:
    fork = Fork(2)
    fork.fail(0)
    fork.answer(1, 500)
    assert fork.statuses == [100, 500]


def test_failure_to_send_goes_on_to_the_next_q() -> None:
    fork = Fork(2, q=[0.9, 0.5])
    fork.fail(0)
    assert fork.rung == {0, 1}


def test_silence_of_all_is_408() -> None:
    fork = Fork(2)
    fork.wait(33)
    assert fork.statuses == [100, 408]


def test_silence_of_one_leaves_the_others_refusal() -> None:
    fork = Fork(2)
    fork.answer(0, 486)
    fork.wait(33)
    assert fork.statuses == [100, 486]


@pytest.mark.parametrize("status", [500, 503])
def test_silence_of_one_goes_before_anothers_server_error(status: int) -> None:
    """It counts as a 408, and 4xx is the lower class (sections 16.7 step 6 and 16.8)."""
    fork = Fork(2)
    fork.answer(0, status)
    fork.wait(33)
    assert fork.statuses == [100, 408]


def test_silence_of_the_higher_q_goes_on_to_the_lower() -> None:
    fork = Fork(2, q=[0.9, 0.5])
    fork.wait(33)
    assert (fork.rung, fork.statuses) == ({0, 1}, [100])


def test_timer_c_cancels_a_phone_that_rings_for_ever() -> None:
    fork = Fork(1)
    fork.answer(0, 180)
    fork.wait(179)
    assert fork.cancels == []
    fork.wait(2)
    assert [number for number, _ in fork.cancels] == [0]
    fork.answer(0, 487)
    assert fork.statuses == [100, 180, 408]


def test_timer_c_starts_anew_with_each_provisional_but_100() -> None:
    fork = Fork(1)
    fork.answer(0, 180)
    fork.wait(170)
    fork.answer(0, 183)
    fork.wait(170)
    assert fork.cancels == []
    fork.answer(0, 100)
    fork.wait(20)
    assert len(fork.cancels) == 1


def test_phone_that_does_not_answer_the_cancel_is_given_up() -> None:
    fork = Fork(1)
    fork.answer(0, 180)
    fork.wait(181)
    fork.wait(33)
    assert fork.statuses == [100, 180, 408]


def test_other_phones_go_on_when_timer_c_ends_one() -> None:
    fork = Fork(2)
    fork.answer(0, 180)
    fork.wait(20)
    fork.answer(1, 180)
    fork.wait(161)
    fork.answer(0, 487)
    fork.answer(1, 200)
    assert fork.statuses[-1] == 200


def test_non_invite_that_nobody_answers_ends_silently() -> None:
    fork = Fork(2, method="MESSAGE")
    fork.wait(64)
    assert fork.statuses == [100]  # when Timer E is at T2 (RFC 4320 section 4.1), and no 408 (section 4.2)
    assert len(fork.box.layer) == 0


def test_non_invite_is_not_tried_elsewhere_when_its_sender_has_timed_out_too() -> None:
    fork = Fork(2, method="MESSAGE", q=[0.9, 0.5])
    fork.wait(64)
    assert fork.rung == {0}


def test_408_of_a_phone_to_a_non_invite_is_not_passed_on() -> None:
    fork = Fork(1, method="MESSAGE")
    fork.answer(0, 408)
    assert fork.statuses == []


def test_other_answers_go_before_a_408_to_a_non_invite() -> None:
    fork = Fork(2, method="MESSAGE")
    fork.answer(0, 408)
    fork.answer(1, 500)
    assert fork.statuses == [500]


def test_non_invite_gets_one_final_answer() -> None:
    fork = Fork(3, method="MESSAGE")
    fork.answer(0, 180)
    fork.answer(1, 200)
    fork.answer(0, 200)
    fork.answer(2, 404)
    assert fork.statuses == [200]
    assert fork.cancels == []


def test_non_invite_that_cannot_be_sent_is_480() -> None:
    fork = Fork(1, method="MESSAGE")
    fork.fail(0)
    assert fork.statuses == [480]


def test_timer_c_is_over_once_the_branch_was_cancelled() -> None:
    box = Box(Settings(timer_c=5.0))
    box.phone("101", A)
    box.phone("102", PHONES[0])
    box.receive(request("INVITE", branch="z9hG4bKone"), A)
    invite = box.request("INVITE")
    box.receive(reply(invite, 180), PHONES[0])
    box.receive(request("CANCEL", branch="z9hG4bKone"), A)
    box.receive(reply(invite, 180), PHONES[0])
    box.pass_time(10)
    box.taken()
    box.receive(reply(invite, 487), PHONES[0])
    assert box.statuses() == [487]


def test_settings_limit_timer_c() -> None:
    box = Box(Settings(timer_c=240.0))
    box.phone("101", A)
    box.phone("102", PHONES[0])
    box.receive(request("INVITE"), A)
    invite = box.request("INVITE")
    box.receive(reply(invite, 180), PHONES[0])
    box.pass_time(239)
    assert box.requests("CANCEL") == []
    box.pass_time(2)
    assert box.requests("CANCEL") != []


def test_nothing_is_left_of_a_call_over_tcp() -> None:
    box = Box()
    flows = tcp("192.0.2.11", connection=1), tcp("192.0.2.12", connection=2)
    box.phone("101", flows[0])
    box.phone("102", flows[1])
    box.receive(request("INVITE", flow=flows[0]), flows[0])
    box.receive(reply(box.request("INVITE"), 486), flows[1])
    box.pass_time(40)
    assert len(box.layer) == 0
