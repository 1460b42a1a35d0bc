"""A phone whose connection closes while it rings: the caller does not wait for Timer C."""

from __future__ import annotations

import pytest

from frontdesk.proxy.response_context import COME_BACK
from frontdesk.sip.wire import Destination
from tests.proxy.box import Box, reply, request, tcp, udp
from tests.proxy.fork import Fork


@pytest.fixture
def fork() -> Fork:
    """Two phones that ring; neither listens where its Contact says."""
    fork = Fork(2)
    for number, binding in enumerate(fork.box.bindings[1:]):
        binding.contact = f"sip:102@10.0.0.{number}"
    for number in (0, 1):
        fork.answer(number, 180)
    return fork


def test_when_it_does_not_come_back_what_the_others_say_counts(fork: Fork) -> None:
    fork.cut_off(0)
    fork.answer(1, 486)
    fork.wait(COME_BACK - 1)
    assert fork.statuses[-1] == 180
    fork.wait(1)
    assert fork.statuses[-1] == 486
    fork.wait(300)
    assert len(fork.box.layer) == 0


def test_when_none_comes_back_the_call_has_failed(fork: Fork) -> None:
    fork.cut_off(0)
    fork.cut_off(1)
    fork.wait(COME_BACK)
    assert fork.statuses[-1] == 408


def test_when_it_has_registered_over_another_connection_it_rings_on(fork: Fork) -> None:
    fork.cut_off(0)
    fork.box.bindings[1].flow, fork.box.bindings[1].connected = tcp("192.0.2.12", connection=7), True
    fork.box.bindings[1].flow = fork.box.bindings[1].flow._replace(transport="udp")  # as it was rung
    fork.answer(1, 486)
    fork.wait(COME_BACK + 100)
    assert fork.statuses[-1] == 180
    fork.answer(0, 200)
    assert fork.statuses[-1] == 200


def test_what_it_says_meanwhile_counts(fork: Fork) -> None:
    fork.answer(1, 486)
    fork.cut_off(0)
    fork.wait(COME_BACK - 1)
    fork.answer(0, 180)
    fork.wait(COME_BACK + 100)
    assert fork.statuses[-1] == 180
    fork.answer(0, 200)
    assert fork.statuses[-1] == 200


@pytest.mark.parametrize("cancelled_first", [True, False])
def test_caller_who_gives_up_does_not_wait_for_it(fork: Fork, cancelled_first: bool) -> None:
    fork.answer(1, 486)
    if cancelled_first:
        fork.cancel()
    fork.cut_off(0)
    if not cancelled_first:
        fork.cancel()
    fork.wait(0)
    assert fork.statuses[-1] == 487


def test_when_the_box_stops_meanwhile_the_caller_is_told_once(fork: Fork) -> None:
    fork.cut_off(0)
    fork.cut_off(1)
    fork.box.proxy.shut_down(fork.box.now)
    fork.look()
    assert fork.statuses[-2:] == [180, 503] and [record.result for record in fork.box.records] == [503]


def test_answer_whose_connection_is_gone_goes_over_a_new_one() -> None:
    """RFC 3261 section 18.2.2: to the source address, at the port of the Via."""
    box, caller, phone = Box(), tcp("192.0.2.11"), udp("192.0.2.12")
    box.phone("101", caller)
    box.phone("102", phone)
    box.receive(request("INVITE", flow=caller, branch="z9hG4bKone"), caller)
    [(invite, _)] = box.requests("INVITE")
    box.receive(reply(invite, 200), phone)
    key = box.wire[-1].key
    box.taken()
    box.layer.transport_failed(key, box.now)
    there = Destination("192.0.2.11", 49152, "tcp")
    assert [(getattr(message, "status", 0), to) for message, to in box.taken()] == [(200, there)]


@pytest.mark.parametrize("place", ["192.0.2.50", "pbx.example.com"])
def test_place_that_the_box_can_connect_to_hears_that_the_caller_gave_up_over_a_new_connection(place: str) -> None:
    """RFC 3261 sections 9.1 and 18.1.1: at the address of its INVITE. It rang on for nobody, a PBX for minutes."""
    box, caller = Box(), udp("192.0.2.11")
    box.phone("101", caller)
    box.phone("102", None, contact=f"sip:102@{place};transport=tcp")
    box.receive(request("INVITE", branch="z9hG4bKone"), caller)
    [(invite, _)] = box.requests("INVITE")
    over = tcp("192.0.2.50", connection=7)
    box.layer.sent_over(f"INVITE {invite.via.branch}", over, box.now)
    box.receive(reply(invite, 180), over)
    box.layer.flow_closed(over, box.now)
    box.taken()
    box.receive(request("CANCEL", branch="z9hG4bKone"), caller)
    assert [to for _, to in box.requests("CANCEL")] == [Destination(*over.remote, "tcp", place)]
