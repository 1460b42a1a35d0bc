"""An account that rings others, each of which has a say for itself."""

from __future__ import annotations

import pytest

from frontdesk.sip.message import Request
from tests.proxy.box import Box, Who, reply
from tests.proxy.listed import B, C
from tests.proxy.test_incoming import BOX, calls, told


def group(box: Box) -> tuple[Request, Request]:
    """101 calls 200, which rings 102 and 103: what their phones get."""
    box.phone("103", C)
    for member in ("102", "103"):
        box.phone("200", None, f"sip:{member}@desk.example", state="static")
    for spiral in calls(box, "sip:200@desk.example"):
        box.receive(spiral, BOX, Who())
    first, second = (one for one, _ in box.requests("INVITE"))
    return first, second


@pytest.mark.parametrize(("status", "result"), [(200, 200), (486, 603)])
def test_who_declines_in_a_group_does_so_for_himself_alone(box: Box, status: int, result: int) -> None:
    """Linphone's red button sends 603, which says something of a user (RFC 3261 section 21.6): the others ring on."""
    first, second = group(box)
    for answer, phone in ((reply(second, 180), C), (reply(first, 603), B)):
        box.receive(answer, phone)
        comes_round = [each for each in box.responses() if each.status > 100][-1]
        box.receive(comes_round, BOX)
    assert box.requests("CANCEL") == [] and [call.result for call in box.incoming] == [0, 603, 0]
    box.receive(reply(second, status), C)
    box.receive([each for each in box.responses() if each.status > 100][-1], BOX)
    assert [call.result for call in box.incoming] == [result, 603, status]


def test_whoever_of_a_group_was_slower_is_told_that_another_answered(box: Box) -> None:
    first, second = group(box)
    for answer, phone in ((reply(second, 180), C), (reply(first, 200), B)):
        box.receive(answer, phone)
        box.receive(box.responses()[-1], BOX)  # comes round to the box
    box.receive(box.request("CANCEL"), BOX, Who())
    assert told(box) == [
        ("200", "101 called: rang for 0 s, answered by sip:102@desk.example"),
        ("102", "101 called: answered by sip:102@192.0.2.12:5060"),
        ("103", "101 called: rang for 0 s, answered by another device"),
    ]  # fmt: skip


def test_phones_of_a_group_are_silent_and_not_the_group(box: Box) -> None:
    """Its place is the box itself, which has power and network."""
    group(box)
    box.pass_time(33)
    assert {event.account for event in box.events if event.rule == "silent"} == {"102", "103"}
