"""Active calls, and the record that each leaves."""

from __future__ import annotations

import pytest

from frontdesk.events import Kind
from frontdesk.model import CallRecord
from frontdesk.proxy import parties
from frontdesk.proxy.calls import MAX_DIALOGS, Call, CallBook, CallState
from frontdesk.proxy.parties import MAX_CACHED, MAX_NAME
from frontdesk.sip.checks import MAX_URI
from frontdesk.sip.message import Request, Response
from frontdesk.sip.status import STOPPED
from frontdesk.sip.timers import Deadlines
from tests.proxy.box import Box, Who, reply, request, route_set, udp
from tests.proxy.listed import A, B, C, hangs_up, invited, kinds, says


def test_call_goes_from_calling_over_ringing_to_answered(box: Box) -> None:
    states = []
    invited(box)
    for status in (100, 180, 183, 200):
        says(box, status)
        (call,) = box.proxy.calls.active(box.now)
        states.append(call.state)
    assert states == [CallState.CALLING, CallState.RINGING, CallState.RINGING, CallState.ANSWERED]
    assert (call.caller, call.callee, call.source) == ("101", "102", "192.0.2.11:5060/udp")


@pytest.mark.parametrize(("status", "state"), [(183, CallState.RINGING), (199, CallState.CALLING)])
def test_phone_rings_from_180_on_and_not_with_199(box: Box, status: int, state: CallState) -> None:
    """199 says that an early dialog has ended (RFC 6228)."""
    invited(box)
    says(box, status)
    assert [call.state for call in box.proxy.calls.active(box.now)] == [state]


def test_answered_call_ends_with_its_bye_and_leaves_one_record(box: Box) -> None:
    invited(box)
    box.now += 4
    says(box, 200)
    box.now += 60
    hangs_up(box)
    assert box.proxy.calls.active(box.now) == []
    assert box.records == [
        CallRecord("call-1", "101", "102", 1000.0, 1004.0, 1064.0, 200, "sip:102@10.0.0.2:5062")
    ]
    assert kinds(box) == [Kind.CALLING, Kind.ANSWERED, Kind.ENDED]
    assert {event.account for event in box.events} == {"101"}


@pytest.mark.parametrize(
    ("contact", "device"),
    [
        ("Phone <SIP:102@10.0.0.2;x>;expires=7", "sip:102@10.0.0.2;x"),
        ("<sip:a@10.0.0.2>, <sip:b@10.0.0.2>", "sip:a@10.0.0.2"),
        ("", ""),
        ("<sip:102@10.0.0.2", ""),
        (f"<sip:{'1' * MAX_CACHED}@10.0.0.2>", f"sip:{'1' * MAX_CACHED}@10.0.0.2"),
    ],
)  # fmt: skip
def test_device_that_has_answered_is_the_first_uri_of_its_contact(box: Box, contact: str, device: str) -> None:
    parties._device.cache_clear()
    invited(box)
    says(box, 200, contact)
    assert [call.device for call in box.proxy.calls.active(box.now)] == [device]
    assert parties._device.cache_info().currsize == (0 < len(contact) <= MAX_CACHED and "," not in contact)


def test_what_is_kept_of_a_call_has_its_limits(box: Box) -> None:
    far = "4" * (MAX_NAME + 1)
    box.receive(request("INVITE", f"sip:{far}@desk.example"), A)
    box.receive(request("INVITE", f"sip:{far}@desk.example", call_id="call-2"), A, Who(peer="pbx"))
    invited(box)
    says(box, 200, f"<sip:{far * 20}@10.0.0.2>")
    [up] = box.proxy.calls.active(box.now)
    kept = [*box.records, *([up.caller, up.callee, up.device],), *(event.text for event in box.events)]
    assert far not in repr(kept).replace(up.device, "") and len(up.device) <= MAX_URI


@pytest.mark.parametrize("answer", [481, 500, 407])
def test_any_end_of_a_bye_ends_the_call(box: Box, answer: int) -> None:
    invited(box)
    says(box, 200)
    hangs_up(box, answer)
    assert len(box.records) == 1


def test_bye_that_nobody_answers_ends_the_call(box: Box) -> None:
    invited(box)
    says(box, 200)
    routes = route_set(box.invite, callee=True)  # type: ignore[attr-defined]
    box.receive(request("BYE", "sip:102@10.0.0.2", to_tag="callee", cseq=2, routes=routes), A)
    box.pass_time(33)
    assert [record.result for record in box.records] == [200]


def bye(box: Box, invite: Request, tag: str, *, by_callee: bool = False) -> None:
    """A BYE in the dialog of that phone, and its 200."""
    routes = route_set(invite, callee=not by_callee)
    sender, receiver = (tag, "caller") if by_callee else ("caller", tag)
    text = request("BYE", "sip:102@10.0.0.2", tag=sender, to_tag=receiver, cseq=2, routes=routes)
    box.receive(text, B if by_callee else A)
    box.receive(reply(box.request("BYE"), 200), A if by_callee else B)


def test_answer_whose_to_cannot_be_read_is_an_answer_all_the_same(box: Box) -> None:
    invited(box)
    answer = reply(box.invite, 200)  # type: ignore[attr-defined]
    box.receive(answer.encode().replace(b";tag=callee", b";tag=callee;tag=<"), B)
    assert box.statuses() == [200]
    assert [call.state for call in box.proxy.calls.active(box.now)] == [CallState.ANSWERED]


def test_bye_in_an_early_dialog_leaves_the_end_to_the_invite(box: Box) -> None:
    invited(box)
    says(box, 180)
    bye(box, box.invite, "callee")  # type: ignore[attr-defined]
    assert box.records == []
    says(box, 487)
    assert [(record.answered_at, record.result) for record in box.records] == [(None, 487)]


def test_refused_call_leaves_its_status(box: Box) -> None:
    invited(box)
    says(box, 180)
    says(box, 486)
    assert [(record.answered_at, record.result) for record in box.records] == [(None, 486)]
    assert kinds(box) == [Kind.CALLING, Kind.RINGING, Kind.ENDED]


@pytest.mark.parametrize(
    ("said", "device"),
    [((), ""), ((100, 199), ""), ((180,), "sip:102@10.0.0.2:5062"), ((183, 180), "sip:102@10.0.0.2:5062")],
)
def test_what_has_rung_is_known_though_nobody_answered(box: Box, said: tuple[int, ...], device: str) -> None:
    invited(box)
    for status in (*said, 480):
        says(box, status)
    assert [record.device for record in box.records] == [device]


def test_what_rings_without_a_contact_is_known_by_what_was_dialled_and_is_not_what_answered(box: Box) -> None:
    invited(box)
    says(box, 180, contact="")
    assert [call.reached for call in box.proxy.calls.active(box.now)] == ["102"]
    says(box, 200, contact="")
    assert [call.reached for call in box.proxy.calls.active(box.now)] == [""]


def test_call_that_was_given_up_is_487(box: Box) -> None:
    invited(box)
    says(box, 180)
    box.receive(request("CANCEL", branch="z9hG4bKone"), A)
    says(box, 487)
    assert [record.result for record in box.records] == [487]


def test_second_call_that_is_named_as_the_first_is_told_and_recorded_too(box: Box) -> None:
    box.phone("103", C)
    invited(box)
    says(box, 200)
    box.now += 60
    box.receive(request("INVITE", "sip:103@desk.example", branch="z9hG4bKtwo", cseq=5), A)
    assert [call.callee for call in box.proxy.calls.active(box.now)] == ["103"]
    assert kinds(box) == [Kind.CALLING, Kind.ANSWERED, Kind.ENDED, Kind.CALLING]
    assert [record.callee for record in box.records] == ["102"]


def test_call_that_another_account_names_as_this_one_ends_it_in_no_list(box: Box) -> None:
    invited(box)
    says(box, 200)
    box.receive(request("INVITE", "sip:101@desk.example", caller="102", flow=B, branch="z9hG4bKother"), B)
    assert [(call.caller, call.callee) for call in box.proxy.calls.active(box.now)] == [("101", "102"), ("102", "101")]
    assert box.records == []


def test_one_call_answered_over_and_over_takes_no_room_without_bound(box: Box) -> None:
    invited(box)
    for number in range(2 * MAX_DIALOGS):
        box.receive(reply(box.invite, 200, to_tag=f"t{number}"), B)  # type: ignore[attr-defined]
    (call,) = box.proxy.calls.active(box.now)
    assert len(call.dialogs) == MAX_DIALOGS


def test_calls_that_are_up_when_the_box_ends_are_recorded_as_far_as_they_are_known(box: Box) -> None:
    invited(box)
    says(box, 200)
    box.now += 60
    box.proxy.calls.give_up(box.now)
    (record,) = box.records
    assert (record.answered_at, record.ended_at, record.result) == (1000.0, 1060.0, STOPPED)
    assert box.events[-1].text == "call to 102 lasted 60 s: the box stopped"
    assert len(box.proxy.calls) == 0


def test_reinvite_is_no_other_call(box: Box) -> None:
    invited(box)
    says(box, 200)
    routes = route_set(box.invite, callee=True)  # type: ignore[attr-defined]
    box.receive(request("INVITE", "sip:102@10.0.0.2", to_tag="callee", cseq=2, routes=routes), A)
    box.receive(reply(box.request("INVITE"), 488), B)
    assert (len(box.proxy.calls), box.records) == (1, [])


def test_reinvite_that_finds_no_dialog_ends_the_call(box: Box) -> None:
    invited(box)
    says(box, 200)
    routes = route_set(box.invite, callee=True)  # type: ignore[attr-defined]
    box.receive(request("INVITE", "sip:102@10.0.0.2", to_tag="callee", cseq=2, routes=routes), A)
    box.receive(reply(box.request("INVITE"), 481), B)
    assert len(box.records) == 1


def test_bye_of_a_call_from_before_a_restart_just_passes(box: Box) -> None:
    invited(box)
    says(box, 200)
    box.restart()
    box.events.clear()
    hangs_up(box)
    assert (box.statuses(), box.records, box.events) == ([200], [], [])


@pytest.mark.parametrize(("user", "caller"), [("%2B4930", "+4930 (provider)"), ("", "provider")])
def test_call_of_a_trusted_peer_carries_its_name_and_who_calls(box: Box, user: str, caller: str) -> None:
    """A call that was missed can be returned."""
    text = request("INVITE").replace("From: <sip:101@", f"From: <sip:{user}@" if user else "From: <sip:")
    box.receive(text, A, Who(peer="provider"))
    (call,) = box.proxy.calls.active(box.now)
    assert (call.caller, call.account) == (caller, "")


def test_call_to_the_contact_of_a_phone_is_one_to_its_account(box: Box) -> None:
    box.phone("103", C, "sip:103-0x5581aa@192.0.2.13")
    box.receive(request("INVITE", "sip:103-0x5581aa@192.0.2.13"), A)
    assert [call.callee for call in box.proxy.calls.active(box.now)] == ["103"]


def test_messages_are_no_calls(box: Box) -> None:
    box.receive(request("MESSAGE"), A)
    assert box.proxy.calls.active(box.now) == []


@pytest.mark.parametrize(("callee", "status"), [("999", 404), ("103", 480)])
def test_call_to_nobody_leaves_a_record_too(box: Box, callee: str, status: int) -> None:
    box.account("103")
    box.receive(request("INVITE", f"sip:{callee}@desk.example"), A)
    assert box.statuses() == [status]
    assert [(record.callee, record.result) for record in box.records] == [(callee, status)]
    assert kinds(box) == [Kind.CALLING, Kind.ENDED]


@pytest.mark.parametrize(
    "text",
    [
        request("INVITE", "sip:102@elsewhere.example"),
        request("INVITE", routes=["<sip:elsewhere.example;lr>"]),
        request("MESSAGE", "sip:999@desk.example"),
    ],
)
def test_what_is_refused_otherwise_is_no_call(box: Box, text: str) -> None:
    box.receive(text, A)
    assert (box.records, box.events) == ([], [])


def book() -> tuple[CallBook, list[CallRecord]]:
    records: list[CallRecord] = []
    return CallBook(lambda event: None, records.append, lambda up: None, Deadlines(), is_registered), records


def is_registered(name: str, now: float) -> bool:
    return True


def call(number: int, at: float = 0.0) -> Call:
    return Call((f"call-{number}", "tag"), "101", "101", "102", "", at)


def test_oldest_is_given_up_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frontdesk.proxy.calls.MAX_CALLS", 3)
    calls_, records = book()
    for number in range(5):
        calls_.begin(call(number))
    assert [each.key[0] for each in calls_.active(0)] == ["call-2", "call-3", "call-4"]
    assert [record.call_id for record in records] == ["call-0", "call-1"]


def test_call_is_given_up_after_a_day() -> None:
    calls_, records = book()
    calls_.begin(call(1))
    assert len(calls_.active(86_399)) == 1
    assert calls_.active(4 * 86_400) == []
    calls_.hung_up(("call-1", "tag"), "callee", 4 * 86_400)
    assert [record.ended_at for record in records] == [86_400], "nobody has looked for days"


def test_answer_that_comes_too_late_is_no_news() -> None:
    told: list[Kind] = []
    calls_ = CallBook(
        lambda event: told.append(event.kind), lambda record: None, lambda up: None, Deadlines(), is_registered
    )
    calls_.begin(one := call(1))
    calls_.progress(one, "", Response(603, "", []), 1)
    calls_.progress(one, "", Response(200, "", []), 2)
    assert told == [Kind.CALLING, Kind.ENDED]


def test_call_that_was_given_up_ends_once() -> None:
    calls_, records = book()
    calls_.begin(one := call(1))
    assert calls_.active(86_401) == []
    calls_.progress(one, "", Response(486, "", []), 86_402)
    assert [record.result for record in records] == [408]


def test_bye_ends_the_call_though_the_other_side_is_reached_no_more() -> None:
    box = Box()
    box.phone("101", A)
    box.phone("102", None, "sip:102@door.example")
    box.receive(request("INVITE"), A)
    invite = box.request("INVITE")
    box.receive(reply(invite, 200, headers=[("contact", "<sip:102@192.0.2.12>")]), B)
    del box.bindings[-1]
    book = box.proxy.calls
    box.restart()
    box.proxy.calls = book
    routes = route_set(invite, callee=True)
    box.receive(request("BYE", "sip:102@192.0.2.12", to_tag="callee", cseq=2, routes=routes), A)
    assert box.responses()[-1].status == 480
    assert [record.result for record in box.records] == [200] and not box.proxy.calls.active(box.now)


@pytest.mark.parametrize(
    ("sender", "shown"),
    [("sip:%2B4930123@pbx.example", "+4930123 (pbx)"), ("tel:+4930555;phone-context=+49", "+4930555 (pbx)"),
     ("sip:pbx.example", "pbx"), ("urn:service:sos", "service:sos (pbx)")],
)  # fmt: skip
def test_who_calls_through_a_peer_is_shown_with_it(box: Box, sender: str, shown: str) -> None:
    text = request("INVITE").replace("From: <sip:101@desk.example>", f"From: <{sender}>")
    box.receive(text, udp("192.0.2.50"), Who(peer="pbx"))
    assert [call.caller for call in box.proxy.calls.active(box.now)] == [shown]
