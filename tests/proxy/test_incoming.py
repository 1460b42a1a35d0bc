"""What the account that is called is told of each call, in the box's words, and what it is not told twice."""

from __future__ import annotations

import pytest

from frontdesk.events import Kind
from frontdesk.model import Settings
from frontdesk.proxy.parties import MAX_NAME
from frontdesk.proxy.response_context import SILENCE
from frontdesk.sip.message import Request
from tests.proxy.box import Box, Who, reply, request, tcp, udp
from tests.proxy.fork import ELSEWHERE, PHONES, Fork
from tests.proxy.listed import A, B, C, hangs_up, invited, says

BOX, PBX = udp("192.0.2.1"), Who(peer="pbx")


def told(box: Box) -> list[tuple[str, str]]:
    return [(call.account, call.text) for call in box.incoming]


def outcome(fork: Fork) -> str:
    """What 102 is told."""
    ((account, text),) = told(fork.box)
    caller, _, end = text.partition(": ")
    assert (account, caller) == ("102", "101 called")
    return end


def calls(box: Box, uri: str, who: Who | None = None, **more: object) -> list[Request]:
    """What is sent where 101 calls that."""
    box.receive(request("INVITE", uri, **more), A, who)  # type: ignore[arg-type]
    return [invite for invite, _ in box.requests("INVITE")]


def test_call_is_told_while_it_is_being_set_up(box: Box) -> None:
    stages = []
    invited(box)
    for status in (100, 180, 200):
        says(box, status)
        box.now += 5
        stages += [(call.kind, call.text) for call in box.incoming]
    assert stages == [
        (Kind.CALLING, "101 calls"), (Kind.RINGING, "101 calls: rings"),
        (Kind.ANSWERED, "101 called: rang for 5 s, answered by sip:102@192.0.2.12:5060"),
    ]  # fmt: skip
    assert {(call.at, call.source) for call in box.incoming} == {(1000.0, "192.0.2.11:5060/udp")}


def test_ringing_counts_from_its_begin(box: Box) -> None:
    invited(box)
    for status in (180, 183, 180, 486):
        says(box, status)
        box.now += 5
    assert told(box) == [("102", "101 called: rang for 15 s, declined")]


def test_what_comes_after_the_answer_is_no_other_call(box: Box) -> None:
    invited(box)
    says(box, 200)
    says(box, 200)
    before = told(box)
    hangs_up(box)
    assert told(box) == before and len(before) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (486, "busy"), (600, "busy"), (603, "declined"), (480, "its phone is not available"), (408, "no reply"),
        (488, "no codec in common"), (302, "forwarded"), (500, "not put through: 500 Server Internal Error"),
    ],
)  # fmt: skip
def test_what_the_phone_says_is_told_in_words(status: int, words: str) -> None:
    fork = Fork(1)
    fork.answer(0, status)
    assert outcome(fork) == words
    assert [call.kind for call in fork.box.incoming] == [Kind.ENDED]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (486, "declined"), (600, "declined"), (480, "nobody answered"), (408, "nobody answered"),
        (488, "no codec in common"),
    ],
)  # fmt: skip
def test_phone_that_has_rung_says_the_same_of_its_user(status: int, words: str) -> None:
    fork = Fork(1)
    fork.answer(0, 180)
    fork.answer(0, status)
    assert outcome(fork) == f"rang for 0 s, {words}"


def test_busy_phone_beside_one_that_rings_has_declined_nothing() -> None:
    fork = Fork(2)
    fork.answer(0, 486)
    fork.answer(1, 180)
    fork.wait(181)
    fork.answer(1, 487)
    assert fork.statuses[-1] == 486 and outcome(fork) == "rang for 181 s, nobody answered"


@pytest.mark.parametrize("last", [408, 480, 487])
def test_phone_that_gives_up_ringing_by_itself_has_declined_nothing(last: int) -> None:
    fork = Fork(2)
    fork.answer(0, 486)
    fork.answer(1, 180)
    fork.answer(1, last)
    assert outcome(fork) == "rang for 0 s, nobody answered"


@pytest.mark.parametrize(("others", "words"), [((486, 486), "busy"), ((480, 486), "busy"), ((486, 603), "declined")])
def test_phones_of_which_none_rings(others: tuple[int, int], words: str) -> None:
    fork = Fork(2)
    for number, status in enumerate(others):
        fork.answer(number, status)
    assert outcome(fork) == words


@pytest.mark.parametrize(("status", "words"), [(486, "declined"), (603, "declined"), (600, "declined")])
@pytest.mark.parametrize("number", [0, 1])
def test_one_of_two_phones_that_ring_declines(number: int, status: int, words: str) -> None:
    fork = Fork(2)
    for each in (0, 1):
        fork.answer(each, 180)
    fork.answer(number, status)
    fork.answer(1 - number, 480)
    assert outcome(fork) == f"rang for 0 s, {words}"


def test_phone_that_is_busy_everywhere_while_another_rings_has_not_rung() -> None:
    fork = Fork(2)
    fork.answer(0, 180)
    fork.answer(1, 600)
    fork.answer(0, 487)
    assert outcome(fork) == "rang for 0 s, busy"


def test_phone_that_rings_until_the_box_gives_up() -> None:
    fork = Fork(1)
    fork.answer(0, 180)
    fork.wait(181)
    fork.answer(0, 487)
    assert outcome(fork) == "rang for 181 s, nobody answered"


def test_caller_who_gives_up_is_told_at_once_and_with_the_time_that_it_rang() -> None:
    fork = Fork(1)
    fork.answer(0, 180)
    fork.wait(12)
    fork.cancel()
    fork.wait(20)
    assert outcome(fork) == "rang for 12 s, the caller gave up"
    fork.answer(0, 487)
    assert outcome(fork) == "rang for 12 s, the caller gave up"


@pytest.mark.parametrize("is_silent", [True, False])
@pytest.mark.parametrize("before", [302, 407, 480, 486, 404])
def test_call_list_says_that_the_caller_gave_up_though_another_phone_had_refused(before: int, is_silent: bool) -> None:
    fork = Fork(2)
    fork.answer(0, before)
    if not is_silent:
        fork.answer(1, 180)
    fork.cancel()
    if is_silent:
        fork.wait(64)
    else:
        fork.answer(1, 487)
    assert outcome(fork) == ("the caller gave up" if is_silent else "rang for 0 s, the caller gave up")
    assert fork.statuses[-1] == 487 and [record.result for record in fork.box.records] == [487]


@pytest.mark.parametrize("late", [False, True])
def test_decline_everywhere_goes_before_a_caller_who_gave_up(late: bool) -> None:
    """RFC 3261 section 16.7 step 6; the time that it rang is up to when he did."""
    fork = Fork(2)
    fork.answer(1, 180)
    fork.wait(3)
    for step in (fork.cancel, lambda: fork.answer(0, 603))[:: 1 if late else -1]:
        step()
    fork.wait(64)
    assert outcome(fork) == "rang for 3 s, declined"
    assert fork.statuses[-1] == 603 and [record.result for record in fork.box.records] == [603]


def test_phone_that_rings_after_the_caller_has_given_up_has_not_rung() -> None:
    fork = Fork(1)
    fork.cancel()
    fork.wait(1)
    fork.answer(0, 180)
    assert outcome(fork) == "the caller gave up"


def test_answer_that_crosses_with_the_cancel_counts() -> None:
    fork = Fork(1)
    fork.cancel()
    fork.answer(0, 200)
    assert outcome(fork) == "answered by sip:102@192.0.2.12:5060"


def test_phone_that_says_nothing() -> None:
    fork = Fork(1)
    fork.wait(33)
    assert outcome(fork) == "its phone said nothing"


@pytest.mark.parametrize(
    ("patience", "words"),
    [(SILENCE - 1, "the caller gave up"), (SILENCE + 1, "its phone said nothing until the caller gave up")],
)
def test_phone_is_silent_once_it_had_the_time_to_react(patience: float, words: str) -> None:
    fork = Fork(1)
    fork.wait(patience)
    fork.cancel()
    fork.wait(40)
    assert outcome(fork) == words


def test_silence_of_one_phone_is_not_what_became_of_the_call() -> None:
    fork = Fork(2)
    fork.wait(10)
    fork.answer(0, 486)
    fork.wait(30)
    assert outcome(fork) == "busy"
    fork = Fork(2)
    fork.answer(0, 180)
    fork.wait(10)
    fork.cancel()
    fork.wait(40)
    assert outcome(fork) == "rang for 10 s, the caller gave up"


def test_phone_that_cannot_be_reached() -> None:
    fork = Fork(1)
    fork.fail(0)
    assert outcome(fork) == "its phone could not be reached"


def test_which_of_several_phones_has_answered() -> None:
    fork = Fork(3)
    fork.answer(0, 180)
    fork.answer(2, 200)
    assert outcome(fork) == f"rang for 0 s, answered by sip:102@{PHONES[2].remote[0]}:5060"


def test_of_two_phones_that_pick_up_at_once_the_first_is_told() -> None:
    fork = Fork(2)
    fork.answer(1, 200)
    fork.answer(0, 200)
    assert outcome(fork) == f"answered by sip:102@{PHONES[1].remote[0]}:5060"


@pytest.mark.parametrize("said", [487, 603])
@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (ELSEWHERE, "answered by another device"), ("SIP ; cause=200", "answered by another device"),
        ("Q.850;cause=26, SIP;cause=200", "answered by another device"),
        ("SIP;cause=600", "the caller gave up"), ("Q.850;cause=200", "the caller gave up"),
    ],
)  # fmt: skip
def test_pbx_says_that_another_device_has_answered(box: Box, reason: str, words: str, said: int) -> None:
    invited(box, PBX)
    box.receive(request("CANCEL", branch="z9hG4bKone", headers=[f"Reason: {reason}"]), A)
    says(box, said)
    assert told(box) == [("102", f"101 (pbx) called: {'declined' if 'gave up' in words and said == 603 else words}")]


def test_cancel_that_comes_too_late_changes_nothing(box: Box) -> None:
    invited(box, PBX)
    says(box, 486)
    box.receive(request("CANCEL", branch="z9hG4bKone", headers=[f"Reason: {ELSEWHERE}"]), A)
    assert told(box) == [("102", "101 (pbx) called: busy")]


def test_each_of_a_hunt_is_told_its_own_part(box: Box) -> None:
    box.phone("103", C)
    invited(box, PBX)
    says(box, 486)
    (second,) = calls(box, "sip:103@desk.example", PBX, branch="z9hG4bKtwo")
    box.receive(reply(second, 200), C)
    assert told(box) == [
        ("102", "101 (pbx) called: busy"), ("103", "101 (pbx) called: answered by sip:103@192.0.2.13:5060"),
    ]  # fmt: skip


# -- ways that lead there ----------------------------------------------------------------------------------------------


def test_alias_is_named_and_the_account_is_told(box: Box) -> None:
    box.account("102", "200")
    (invite,) = calls(box, "sip:200@desk.example")
    assert told(box) == [("102", "101 calls 200")]
    box.receive(reply(invite, 486), B)
    assert told(box) == [("102", "101 called 200: busy")]


def test_trunk_is_told_of_the_number(box: Box) -> None:
    box.proxy.settings = Settings(trunk="102")
    (invite,) = calls(box, "sip:0301234@desk.example")
    box.receive(reply(invite, 486), B)
    assert told(box) == [("102", "101 called 0301234: busy")]
    calls(box, f"sip:{'4' * 1000}@desk.example", call_id="call-2")
    assert len(box.incoming[1].dialled) == MAX_NAME


def test_static_place_at_another_account_tells_both(box: Box) -> None:
    box.phone("200", None, "sip:102@desk.example", state="static")
    (spiral,) = calls(box, "sip:200@desk.example")
    box.receive(spiral, BOX, Who())
    (invite,) = [one for one, _ in box.requests("INVITE")]
    box.receive(reply(invite, 180), B)
    assert told(box) == [("200", "101 calls"), ("102", "101 calls: rings")]


def test_transfer_to_a_phones_contact_is_its_accounts_call(box: Box) -> None:
    (invite,) = calls(box, "sip:102@192.0.2.12:5060")
    box.receive(reply(invite, 486), B)
    assert told(box) == [("102", "101 called: busy")]


# -- who was not rung at all -------------------------------------------------------------------------------------------


def test_account_without_a_phone(box: Box) -> None:
    box.account("103")
    calls(box, "sip:103@desk.example")
    assert told(box) == [("103", "101 called: no phone was registered")]


def test_account_to_whose_phone_no_way_leads(box: Box) -> None:
    box.phone("103", tcp("192.0.2.13"), "sip:103@10.0.0.3", connected=False)
    calls(box, "sip:103@desk.example")
    assert told(box) == [("103", "101 called: its phone could not be reached")]


def test_account_that_is_disabled(box: Box) -> None:
    box.account("103", enabled=False)
    calls(box, "sip:103@desk.example")
    assert told(box) == [("103", "101 called: the account is disabled")]


def test_trunk_without_a_place(box: Box) -> None:
    box.account("pbx")
    box.proxy.settings = Settings(trunk="pbx")
    calls(box, "sip:0301234@desk.example")
    assert told(box) == [("pbx", "101 called 0301234: no phone was registered")]


def test_number_that_nobody_has_and_other_requests_are_nobodys_calls(box: Box) -> None:
    calls(box, "sip:999@desk.example")
    box.receive(request("MESSAGE"), A)
    assert told(box) == []


def test_log_and_the_callers_timeline_are_as_they_were(box: Box) -> None:
    invited(box)
    says(box, 486)
    assert [(event.account, event.text) for event in box.events] == [
        ("101", "calls 102"), ("101", "call to 102 failed: 486"),
    ]  # fmt: skip


def test_call_to_a_number_with_parameters_is_told_to_who_has_the_number() -> None:
    """As it rings whoever has it (RFC 3261 section 19.1.1)."""
    box = Box(Settings(trunk="pbx"))
    for user in ("101", "102", "pbx"):
        box.account(user)
    assert calls(box, "sip:102;ext=1@desk.example") == []
    ((account, _),) = told(box)
    assert account == "102"
