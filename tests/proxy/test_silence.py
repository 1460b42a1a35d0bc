"""A phone that does not react to a call at all is told of: its office does not know yet that it is dead."""

from __future__ import annotations

import pytest

from frontdesk.events import Kind
from frontdesk.model import BindingState
from frontdesk.proxy.response_context import SILENCE
from frontdesk.sip.message import Request
from frontdesk.sip.status import RETRIED_WITHIN
from tests.proxy.box import Box, reply, request, udp
from tests.proxy.fork import PHONES, Fork


def silent(box: Box) -> list[tuple[str, str]]:
    return [(event.account, event.source) for event in box.events if event.rule == "silent"]


def phones(*numbers: int) -> list[tuple[str, str]]:
    return [("102", PHONES[number].source) for number in numbers]


def test_of_two_phones_that_which_is_dead() -> None:
    fork = Fork(2)
    fork.answer(0, 100)
    fork.wait(33)
    assert silent(fork.box) == phones(1)
    (event,) = [each for each in fork.box.events if each.rule == "silent"]
    assert event.kind is Kind.WARNING and event.text.endswith(" did not react to a call")


@pytest.mark.parametrize("status", [100, 180, 486])
def test_one_that_says_anything_is_there(status: int) -> None:
    fork = Fork(1)
    fork.answer(0, status)
    fork.wait(300)
    assert silent(fork.box) == []


def test_one_that_cannot_be_reached_is_told_at_once() -> None:
    fork = Fork(1)
    fork.fail(0)
    assert silent(fork.box) == phones(0)


def test_one_that_has_registered_elsewhere_since_was_not_asked_there() -> None:
    box = Box()
    box.phone("101", udp("192.0.2.11"))
    moving = box.phone("102", udp("192.0.2.12"))
    box.receive(request("INVITE"), udp("192.0.2.11"))
    moving.flow = udp("198.51.100.12")
    box.pass_time(33)
    assert silent(box) == []


@pytest.mark.parametrize(("patience", "told"), [(SILENCE - 1, []), (SILENCE + 1, phones(0))])
def test_caller_who_gives_up_leaves_the_news(patience: float, told: list[tuple[str, str]]) -> None:
    fork = Fork(1)
    fork.wait(patience)
    fork.cancel()
    fork.wait(60)
    assert silent(fork.box) == told


def test_phone_beside_one_that_was_picked_up() -> None:
    fork = Fork(2)
    fork.answer(0, 180)
    fork.wait(SILENCE)
    fork.answer(0, 200)
    assert silent(fork.box) == phones(1)


def test_static_device_is_named_by_its_host() -> None:
    box = Box()
    box.phone("101", udp("192.0.2.11"))
    box.phone("102", None, "sip:door@198.51.100.9:5070")
    box.receive(request("INVITE"), udp("192.0.2.11"))
    box.pass_time(33)
    assert silent(box) == [("102", "198.51.100.9")]


def test_other_requests_tell_nothing() -> None:
    fork = Fork(1, method="MESSAGE")
    fork.wait(64)
    assert silent(fork.box) == []


def hunt() -> Fork:
    """A number with a phone for whom the other is an understudy."""
    fork = Fork(2, q=[1.0, 0.5])
    assert fork.rung == {0}
    return fork


def test_understudy_rings_beside_one_that_says_nothing() -> None:
    fork = hunt()
    fork.wait(SILENCE - 0.1)
    assert fork.rung == {0}
    fork.wait(0.1)
    assert fork.rung == {0, 1}
    fork.answer(1, 200)
    assert fork.statuses == [100, 200]


def test_understudy_leaves_it_to_one_that_rings() -> None:
    fork = hunt()
    fork.answer(0, 180)
    fork.wait(60)
    assert fork.rung == {0}
    fork.answer(0, 486)
    assert fork.rung == {0, 1}


def test_understudy_is_not_asked_for_a_call_that_is_given_up() -> None:
    fork = hunt()
    fork.cancel()
    fork.wait(60)
    assert fork.rung == {0}


def test_understudy_is_not_asked_for_a_call_that_is_answered() -> None:
    fork = Fork(3, q=[1.0, 1.0, 0.5])
    fork.answer(0, 200)
    fork.wait(60)
    assert fork.rung == {0, 1} and fork.statuses == [100, 200]


def test_understudy_rings_where_who_was_heard_has_refused_and_the_other_says_nothing() -> None:
    fork = Fork(3, q=[1.0, 1.0, 0.5])
    fork.answer(0, 100)
    fork.wait(SILENCE + 1)
    assert fork.rung == {0, 1}
    fork.answer(0, 503)
    assert fork.rung == {0, 1, 2}


def test_breadth_is_enough_for_all_that_may_ring_at_once() -> None:
    """RFC 5393 section 5.3.3: those that are open at a time have no more than was brought."""
    fork = hunt()
    fork.wait(SILENCE)
    given = [int(invite.required("max-breadth")) for invite in fork.branches.values()]
    assert len(given) == 2 and sum(given) == 60


def test_understudy_waits_where_there_is_no_breadth_for_both() -> None:
    box = Box()
    box.phone("101", PHONES[2])
    for number, q in ((0, 1.0), (1, 0.5)):
        box.phone("102", PHONES[number], q=q)
    box.receive(request("INVITE", headers=["Max-Breadth: 1"]), PHONES[2])
    assert [to for _, to in box.requests("INVITE")] == [PHONES[0]]
    box.pass_time(SILENCE + 1)
    assert {to for _, to in box.requests("INVITE")} == {PHONES[0]}
    box.pass_time(64)
    assert PHONES[1] in {to for _, to in box.requests("INVITE")}


def test_whoever_waits_for_a_dead_trunk_hears_what_the_other_says() -> None:
    box = Box()
    box.phone("101", PHONES[2])
    for host, q in (("192.0.2.20", 1.0), ("192.0.2.30", 0.5)):
        box.phone("112", None, f"sip:112@{host}", q=q, state=BindingState.STATIC)
    box.receive(request("INVITE", "sip:112@desk.example"), PHONES[2])
    box.pass_time(SILENCE)
    second = next(invite for invite, _ in box.requests("INVITE") if "192.0.2.30" in invite.uri_text)
    box.receive(reply(second, 486), udp("192.0.2.30"))
    assert box.statuses() == [486]
    assert [event.source for event in box.events if event.rule == "silent"] == ["192.0.2.20"]


@pytest.mark.parametrize("status", [486, 407])
def test_answer_of_a_place_that_was_given_up_is_nobodys(status: int) -> None:
    """Either one refusal goes back, or 2xx (RFC 3261 section 16.7 step 5)."""
    box = Box()
    box.phone("101", PHONES[2])
    for host in ("192.0.2.20", "192.0.2.30"):
        box.phone("112", None, f"sip:112@{host}", state=BindingState.STATIC)
    box.receive(request("INVITE", "sip:112@desk.example"), PHONES[2])
    dead, other = (invite for invite, _ in box.requests("INVITE"))
    box.receive(reply(other, status), udp("192.0.2.30"))
    box.pass_time(SILENCE)
    assert box.statuses() == [status]
    box.receive(reply(dead, 200), udp("192.0.2.20"))
    assert box.statuses() == [] and box.incoming[0].result == status
    box.pass_time(RETRIED_WITHIN)
    assert [record.result for record in box.records] == [status] and not box.proxy.calls.active(box.now)


def detour() -> tuple[Box, Request]:
    """112 stands at 102, whose phone says nothing, and then at a gateway; and the INVITE that the box sends itself."""
    box = Box()
    box.phone("101", PHONES[2])
    box.phone("102", PHONES[0])
    box.phone("112", None, "sip:102@desk.example", state=BindingState.STATIC)
    box.phone("112", None, "sip:112@192.0.2.30", q=0.5, state=BindingState.STATIC)
    box.receive(request("INVITE", "sip:112@desk.example"), PHONES[2])
    ((spiral, _),) = box.requests("INVITE")
    return box, spiral


def test_own_100_of_a_call_that_came_round_is_no_word_of_the_phone() -> None:
    box, spiral = detour()
    box.receive(reply(spiral, 100), udp("192.0.2.1"))
    box.pass_time(SILENCE)
    assert "sip:112@192.0.2.30" in [invite.uri_text for invite, _ in box.requests("INVITE")]


def test_own_100_of_a_call_that_came_round_is_called_off_by_timer_c() -> None:
    """Else what it forks to there would ring on, and be followed by the next, for nobody (RFC 3261 section 16.8)."""
    box, spiral = detour()
    box.receive(reply(spiral, 100), udp("192.0.2.1"))
    box.pass_time(SILENCE)
    gateway = next(invite for invite, _ in box.requests("INVITE") if "192.0.2.30" in invite.uri_text)
    box.receive(reply(gateway, 486), udp("192.0.2.30"))
    box.pass_time(box.settings.timer_c - SILENCE)
    assert box.request("CANCEL").via.branch == spiral.via.branch
    box.receive(reply(spiral, 487), udp("192.0.2.1"))
    assert box.statuses() == [486]


def test_phone_behind_another_number_may_ring_late_though_the_gateway_has_refused() -> None:
    box, spiral = detour()
    box.pass_time(SILENCE)
    gateway = next(invite for invite, _ in box.requests("INVITE") if "192.0.2.30" in invite.uri_text)
    box.receive(reply(gateway, 486), udp("192.0.2.30"))
    box.pass_time(SILENCE)
    assert box.statuses() == []
    box.receive(reply(spiral, 180), udp("192.0.2.1"))
    assert box.statuses() == [180]


def test_phone_that_sleeps_may_ring_late_though_the_other_has_refused() -> None:
    fork = Fork(2)
    fork.answer(0, 486)
    fork.wait(SILENCE + 1)
    assert fork.statuses == [100]
    fork.answer(1, 180)
    assert fork.statuses == [100, 180]


def test_place_that_says_nothing_has_its_time_though_the_other_has_refused_at_once() -> None:
    box = Box()
    box.phone("101", PHONES[2])
    for host in ("192.0.2.20", "192.0.2.30"):
        box.phone("112", None, f"sip:112@{host}", state=BindingState.STATIC)
    box.receive(request("INVITE", "sip:112@desk.example"), PHONES[2])
    first, second = [invite for invite, _ in box.requests("INVITE")]
    box.receive(reply(first, 486), udp("192.0.2.20"))
    box.pass_time(SILENCE - 1)
    box.receive(reply(second, 200), udp("192.0.2.30"))
    assert box.statuses() == [200]


def test_each_understudy_has_its_time() -> None:
    fork = Fork(3, q=[1.0, 0.5, 0.2])
    fork.wait(2)
    fork.fail(0)
    fork.wait(SILENCE - 0.1)
    assert fork.rung == {0, 1}
    fork.wait(0.1)
    assert fork.rung == {0, 1, 2}
