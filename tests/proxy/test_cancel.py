"""RFC 3261 section 16.10, RFC 3326."""

from __future__ import annotations

from frontdesk.sip.status import STOPPED
from tests.proxy.box import Box, reply, request, tcp, udp

A, B, C = udp("192.0.2.11"), udp("192.0.2.12"), udp("192.0.2.13")


def ringing(*answers: int) -> Box:
    """A call to two phones, each of which has said that."""
    box = Box()
    box.phone("101", A)
    box.phone("102", B)
    box.phone("102", C)
    box.receive(request("INVITE", branch="z9hG4bKone"), A)
    box.sent = box.requests("INVITE")  # type: ignore[attr-defined]
    for (invite, flow), status in zip(box.sent, answers, strict=False):  # type: ignore[attr-defined]
        box.receive(reply(invite, status), flow)
    box.taken()
    return box


def cancel(box: Box, *headers: str) -> None:
    box.receive(request("CANCEL", branch="z9hG4bKone", headers=headers), A)


def test_cancel_is_answered_at_once_and_passed_to_every_branch() -> None:
    box = ringing(180, 180)
    cancel(box)
    sent = box.taken()
    assert [message.status for message, _ in sent if hasattr(message, "status")] == [200]
    assert [flow for message, flow in sent if getattr(message, "method", "") == "CANCEL"] == [B, C]


def test_a_phone_that_has_moved_while_it_rang_hears_that_it_is_over() -> None:
    box, there = ringing(180, 180), udp("198.51.100.7", 61_000)
    box.bindings[1].flow = there
    cancel(box)
    sent = [(message, flow) for message, flow in box.taken() if getattr(message, "method", "") == "CANCEL"]
    assert [flow for _, flow in sent] == [there, C]
    box.receive(reply(box.sent[0][0], 487), there)  # type: ignore[attr-defined]
    assert [flow for message, flow in box.taken() if getattr(message, "method", "") == "ACK"] == [there]


def test_a_pbx_with_a_name_is_called_off_where_it_was_rung() -> None:
    box, way = Box(), udp("192.0.2.77")
    box.phone("101", A)
    box.phone("102", None, "sip:102@pbx.example.com")
    box.receive(request("INVITE", branch="z9hG4bKone"), A)
    invite = box.request("INVITE")
    box.layer.sent_over(f"INVITE {invite.via.branch}", way, box.now)
    box.receive(reply(invite, 180), way)
    box.taken()
    cancel(box)
    assert [flow for message, flow in box.taken() if getattr(message, "method", "") == "CANCEL"] == [way]


def test_a_caller_who_gives_up_while_a_name_is_looked_up_ends_the_call() -> None:
    box = Box()
    box.phone("101", A)
    box.phone("102", None, "sip:102@pbx.example.com")
    box.receive(request("INVITE", branch="z9hG4bKone"), A)
    key = f"INVITE {box.request('INVITE').via.branch}"
    cancel(box)
    assert not box.layer.is_wanted(key)
    box.taken()
    box.layer.transport_failed(key, box.now)
    assert box.statuses() == [487]
    assert [record.result for record in box.records] == [487]


def test_a_phone_that_came_back_by_another_transport_is_called_off_where_it_was_rung() -> None:
    box = ringing(180, 180)
    box.bindings[1].flow = tcp("192.0.2.12", connection=7)
    cancel(box)
    assert [flow for message, flow in box.taken() if getattr(message, "method", "") == "CANCEL"] == [B, C]


def test_cancel_has_the_branch_of_what_it_cancels() -> None:
    box = ringing(180)
    cancel(box)
    sent = box.request("CANCEL")
    invite = box.sent[0][0]  # type: ignore[attr-defined]
    assert (sent.uri_text, sent.lines("via")) == (invite.uri_text, invite.lines("via")[:1])


def test_callers_reasons_go_with_it() -> None:
    box = ringing(180)
    cancel(box, "Reason: Q.850;cause=16", 'Reason: SIP;cause=200;text="Call completed elsewhere"')
    assert box.request("CANCEL").lines("reason") == [
        "Q.850;cause=16",
        'SIP;cause=200;text="Call completed elsewhere"',
    ]


def test_no_reason_is_made_up() -> None:
    box = ringing(180)
    cancel(box)
    assert box.request("CANCEL").lines("reason") == []


def test_487_of_the_branches_ends_it() -> None:
    box = ringing(180, 180)
    cancel(box)
    box.taken()
    for invite, flow in box.sent:  # type: ignore[attr-defined]
        assert box.statuses() == []
        box.receive(reply(invite, 487), flow)
    assert box.statuses() == [487]


def test_branch_without_a_provisional_is_cancelled_when_one_comes() -> None:
    box = ringing(180)
    cancel(box)
    assert [flow for _, flow in box.requests("CANCEL")] == [B]
    invite, flow = box.sent[1]  # type: ignore[attr-defined]
    box.receive(reply(invite, 100), flow)
    assert [flow for _, flow in box.requests("CANCEL")] == [C]


def test_branches_that_never_answer_end_with_487() -> None:
    box = ringing()
    cancel(box)
    box.pass_time(40)
    assert box.statuses()[:2] == [200, 487]


def test_answer_that_crosses_it_is_passed_on() -> None:
    box = ringing(180)
    cancel(box)
    box.taken()
    invite, flow = box.sent[0]  # type: ignore[attr-defined]
    box.receive(reply(invite, 200), flow)
    assert box.statuses() == [200]


def test_no_further_target_is_tried() -> None:
    box = Box()
    box.phone("101", A)
    box.phone("102", B, q=0.9)
    box.phone("102", C, q=0.1)
    box.receive(request("INVITE", branch="z9hG4bKone"), A)
    invite = box.request("INVITE")
    cancel(box)
    box.receive(reply(invite, 487), B)
    assert box.requests("INVITE") == []


def test_cancel_of_nothing_is_481(box: Box) -> None:
    cancel(box)
    assert box.statuses() == [481]


def test_repeated_cancel_gets_the_same_answer_and_is_not_passed_on_again() -> None:
    box = ringing(180, 180)
    cancel(box)
    box.taken()
    cancel(box)
    ((answer, _),) = box.taken()
    assert getattr(answer, "status", 0) == 200


def test_cancel_of_an_answered_call_does_nothing() -> None:
    box = ringing(200, 180)
    cancel(box)
    assert [getattr(message, "status", "request") for message, _ in box.taken()] == [200]


def test_when_the_box_stops_nothing_goes_on_ringing_and_the_caller_is_told() -> None:
    box = ringing(180, 180)
    box.proxy.shut_down(box.now)
    sent = box.taken()
    [answer] = [message for message, flow in sent if flow == A]
    assert (getattr(answer, "status", 0), answer.lines("retry-after")) == (503, ["10"])
    cancels = [(message, flow) for message, flow in sent if getattr(message, "method", "") == "CANCEL"]
    assert [flow for _, flow in cancels] == [B, C]
    assert {message.lines("reason")[0] for message, _ in cancels} == {'SIP;cause=503;text="Service Unavailable"'}
    assert [record.result for record in box.records] == [503]


def test_when_the_box_stops_a_call_that_is_answered_goes_on_without_it() -> None:
    box = ringing(180, 200)
    box.proxy.shut_down(box.now)
    assert not [message for message, _ in box.taken() if getattr(message, "status", 0) == 503]
    assert [record.result for record in box.records] == [STOPPED]


def test_cancel_of_a_call_that_the_box_has_refused_is_answered_and_changes_nothing() -> None:
    box = Box()
    box.phone("101", A)
    box.receive(request("INVITE", "sip:999@desk.example", branch="z9hG4bKone"), A)
    assert box.statuses() == [404]
    cancel(box)
    assert box.statuses() == [200]
