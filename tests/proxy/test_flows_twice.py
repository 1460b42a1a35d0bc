"""A phone that hears one call over two flows: it is asked once, and what it has said holds for both (RFC 5626)."""

from __future__ import annotations

import pytest

from frontdesk.proxy.response_context import SILENCE
from frontdesk.sip.message import Request
from tests.proxy.box import reply, request, route_set, tcp
from tests.proxy.test_flows import NEWER, OLDER, OTHER, A, TwoFlows

LINE = tcp("192.0.2.12", 40_000, 7)


def cut(phone: TwoFlows) -> None:
    """Its connection closes."""
    phone.box.location.disconnect(LINE)
    phone.box.layer.flow_closed(LINE, phone.box.now)
    phone.look()


@pytest.mark.parametrize(("status", "asked"), [(408, [NEWER]), (430, [NEWER, OLDER])])
def test_phone_that_has_rung_and_gives_up_is_not_rung_again(status: int, asked: list[object]) -> None:
    """But where the edge proxy says that the flow is gone, the phone may not know."""
    phone = TwoFlows()
    phone.answer(NEWER, 180)
    phone.wait(60)
    phone.answer(NEWER, status)
    assert list(phone.asked) == asked


def test_connection_that_closes_once_the_phone_has_spoken_by_the_other_asks_nobody() -> None:
    phone = TwoFlows()
    box = phone.box
    phone.answer(NEWER, 486)
    box.bindings[1].flow = LINE
    box.phone("102", OTHER, "sip:102@10.0.0.9", instance="<urn:uuid:1>", reg_id=3, seen_at=0.5)
    phone.call("z9hG4bKtwo")
    phone.wait(SILENCE)
    phone.answer(NEWER, 180)
    box.receive(reply(phone.asked[LINE], 100), LINE)  # too late: it is called off
    assert [message.method for message, _ in box.taken() if isinstance(message, Request)] == ["CANCEL"]
    cut(phone)
    phone.wait(10)
    assert list(phone.asked) == [NEWER, LINE]


def test_message_that_has_arrived_is_repeated_nowhere() -> None:
    phone = TwoFlows("MESSAGE")
    phone.wait(SILENCE)
    phone.answer(OLDER, 200)
    phone.box.taken()
    phone.box.pass_time(40)
    assert [message for message, _ in phone.box.taken() if isinstance(message, Request)] == []


def test_phone_that_has_declined_is_waited_for_no_longer_though_its_connection_is_back() -> None:
    phone = TwoFlows(newer=LINE)
    phone.answer(LINE, 180)
    cut(phone)
    phone.answer(OLDER, 180)
    phone.box.bindings[2].flow, phone.box.bindings[2].connected = tcp("192.0.2.12", 40_001, 8), True
    phone.answer(OLDER, 486)
    assert phone.statuses == [100, 180, 180, 486]
    phone.box.receive(request("ACK", branch="z9hG4bKone", to_tag="callee"), A)
    phone.wait(64)
    assert len(phone.box.layer) == 0


def test_word_of_a_proxy_that_has_taken_the_call_in_is_not_the_phones() -> None:
    """Its own flow may be dead, and the phone be about to ring by the other."""
    phone = TwoFlows()
    phone.box.bindings[1].path = ("<sip:198.51.100.12;lr>",)
    phone.answer(NEWER, 486)
    phone.call("z9hG4bKtwo")
    phone.wait(SILENCE)
    phone.answer(OLDER, 100)
    phone.answer(NEWER, 180)
    phone.answer(NEWER, 200)
    assert phone.statuses[-2:] == [180, 200]


def test_flow_whose_proxy_has_given_up_is_asked_last_from_then_on() -> None:
    phone = TwoFlows(edge="192.0.2.12")
    phone.box.bindings[2].flow = NEWER
    phone.call("z9hG4bKtwo")
    phone.answer(NEWER, 100)
    phone.wait(32)
    phone.answer(NEWER, 408)
    phone.answer(OLDER, 180)
    phone.answer(OLDER, 486)
    phone.call("z9hG4bKthree")
    assert list(phone.asked) == [OLDER]


def test_flow_over_which_the_phone_is_heard_is_dead_no_more() -> None:
    phone = TwoFlows()
    for flow in (OLDER, NEWER):
        phone.wait(SILENCE)
        phone.answer(flow, 486)
        phone.call(f"z9hG4bK{flow.remote[0]}")
    older, newer = phone.box.bindings[1:3]
    assert not newer.is_dead and older.is_dead, "the last word was by the newer one"
    phone.box.receive(request("INVITE", "sip:101@desk.example", caller="102", flow=OLDER, call_id="other"), OLDER)
    assert not older.is_dead


def test_call_goes_on_where_a_phones_other_flow_has_run_out() -> None:
    phone = TwoFlows()
    phone.answer(NEWER, 200)
    box = phone.box
    for binding in box.bindings[:3]:
        binding.call_id, binding.call_id_since = "a@phone", -1.0
    gone = box.bindings[2]
    box.location.stage(gone.aor, 7, [box.bindings[1]])
    box.location.commit(7)
    box.proxy.expired([box.bindings[0], gone], box.now)
    assert len(box.proxy.calls) == 1


def test_call_that_all_have_left_ends_with_those_who_talked_last() -> None:
    """One of two that had answered was hung up long before."""
    phone = TwoFlows(q=1.0)
    box = phone.box
    for flow, tag in ((NEWER, "one"), (OTHER, "two")):
        box.receive(reply(phone.asked[flow], 200, tag), flow)
    answers = [answer for answer in box.responses() if answer.status == 200]
    phone_of = {"one": 3, "two": 4}
    contact = phone.asked[NEWER].uri_text
    for answer, tag in zip(answers, ("one", "two"), strict=True):
        box.receive(request("ACK", contact, to_tag=tag, routes=route_set(answer)), A)
    box.receive(request("BYE", contact, to_tag="one", cseq=2, routes=route_set(answers[0])), A)
    ((bye, target),) = box.requests("BYE")
    box.receive(reply(bye, 200), phone.asked_at(target))
    box.pass_time(10)
    box.proxy.calls.left_by([phone_of["one"]], box.now)
    box.pass_time(1000)
    box.proxy.calls.left_by([1, phone_of["two"]], box.now)
    [call] = box.proxy.calls.left()
    assert call.left_at == box.now
