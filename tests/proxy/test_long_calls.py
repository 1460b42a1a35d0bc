"""Calls that go on for long are kept before their end, since the box may lose its power."""

from __future__ import annotations

from frontdesk.model import CallRecord
from frontdesk.proxy.long_calls import LONG
from frontdesk.sip.status import STOPPED
from tests.proxy.box import Box, reply, request
from tests.proxy.listed import A, B, hangs_up, invited, says


def talks(box: Box, call_id: str) -> None:
    """One more call, which nobody hangs up."""
    box.receive(request("INVITE", call_id=call_id), A)
    box.receive(reply(box.request("INVITE"), 200), B)


def test_call_that_goes_on_is_kept_as_one_that_the_end_of_the_box_has_ended(box: Box) -> None:
    invited(box)
    box.now += 3
    says(box, 200)
    box.pass_time(10 * LONG)
    record = CallRecord("call-1", "101", "102", 1000.0, 1003.0, 1003.0 + LONG, STOPPED, "sip:102@10.0.0.2:5062", 1)
    assert box.kept == [[record]]
    assert len(box.proxy.calls) == 1 and box.records == []


def test_end_names_what_was_kept(box: Box) -> None:
    invited(box)
    says(box, 200)
    box.pass_time(LONG)
    hangs_up(box)
    assert [(record.result, record.id) for record in box.records] == [(200, 1)]


def test_call_that_is_over_before_is_not_kept(box: Box) -> None:
    invited(box)
    says(box, 200)
    box.pass_time(LONG - 1)
    hangs_up(box)
    box.pass_time(2 * LONG)
    assert [record.id for record in box.records] == [0] and box.kept == []


def test_call_that_nobody_has_answered_is_not_kept(box: Box) -> None:
    talks(box, "answered")
    invited(box)
    says(box, 180)
    box.pass_time(2 * LONG)
    assert [record.call_id for (record,) in box.kept] == ["answered"]


def test_those_that_are_younger_are_kept_together_at_the_next_look(box: Box) -> None:
    talks(box, "first")
    for call_id in ("second", "third"):
        box.pass_time(LONG / 3)
        talks(box, call_id)
    box.pass_time(LONG)
    assert [[record.call_id for record in records] for records in box.kept] == [["first"]]
    box.pass_time(LONG)
    assert [[record.call_id for record in records] for records in box.kept] == [["first"], ["second", "third"]]
    assert [record.id for record in box.kept[1]] == [2, 3]


def test_box_that_is_another_ones_has_kept_none(box: Box) -> None:
    invited(box)
    says(box, 200)
    box.pass_time(LONG)
    box.proxy.calls.forget()
    invited(box)
    says(box, 200)
    hangs_up(box)
    assert [record.id for record in box.records] == [0]
