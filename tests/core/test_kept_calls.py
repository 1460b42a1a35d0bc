"""What is on disk of a call that goes on: nothing where no calls are kept, nor before the disk takes it."""

from __future__ import annotations

import pytest

from frontdesk.model import Settings
from frontdesk.proxy.long_calls import LONG
from frontdesk.sip.message import Request
from tests.proxy.box import reply
from tests.support.asking import ask
from tests.support.bare_core import BareCore
from tests.support.registering import REALM, flow

THERE = flow("192.0.2.102")


def talking(settings: Settings | None = None) -> BareCore:
    """101 has talked to 102 for LONG, and the disk says nothing yet."""
    box = BareCore(settings)
    box.register("<sip:102@192.0.2.102:5060>", at=THERE, user="102")
    box.receive(box.signed(ask("INVITE", f"sip:102@{REALM}")))
    invite = next(each for each, _ in box.sent if isinstance(each, Request) and each.method == "INVITE")
    box.receive(reply(invite, 200), THERE)
    box.commit_at_once = False
    box.clock.advance(LONG)
    return box


@pytest.fixture
def box() -> BareCore:
    """Its call was kept, as far as it knows."""
    box = talking()
    assert kept(box) == [1]
    return box


def kept(box: BareCore) -> list[int]:
    return [record.id for commit in box.commits for record in commit.changes.up]


def test_call_that_the_disk_did_not_take_is_kept_with_the_next_look(box: BareCore) -> None:
    box.fail(box.commits[-1].ticket)
    box.clock.advance(LONG - 1)
    assert kept(box) == [1]
    box.clock.advance(1)
    assert kept(box) == [1, 2]
    box.commit(box.commits[-1].ticket)
    box.clock.advance(3 * LONG)
    assert kept(box) == [1, 2]


def test_call_that_has_ended_by_then_is_kept_no_more(box: BareCore) -> None:
    ticket = box.commits[-1].ticket
    box.core.proxy.calls.give_up(box.clock.now)
    box.fail(ticket)
    box.clock.advance(3 * LONG)
    assert kept(box) == [1]
    assert [call.id for commit in box.commits for call in commit.changes.calls] == [1]


def test_nothing_is_kept_where_no_calls_are_kept_that_have_ended() -> None:
    box = talking(Settings(call_records=0))
    box.clock.advance(3 * LONG)
    assert kept(box) == []
