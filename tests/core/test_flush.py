"""Refreshes wait in memory until the flush puts them on disk."""

from __future__ import annotations

from dataclasses import replace

from frontdesk.core.background import RETRY
from frontdesk.model import Settings
from tests.support.asking import statuses
from tests.support.bare_core import BareCore
from tests.support.registering import flow

PHONE = "<sip:101@192.0.2.101:5060>"


OTHER = "<sip:101@192.0.2.102:5060>"


class TestTheFlush:
    def test_a_pure_refresh_is_answered_at_once_and_written_with_the_flush(self) -> None:
        box = BareCore()
        box.register(PHONE)
        box.commits.clear()
        box.clock.advance(300)
        assert statuses(box.register(PHONE, cseq=2)) == [200]
        assert box.commits == []
        box.clock.advance(599)
        assert box.commits == []
        box.clock.advance(1)
        assert [binding.cseq for binding in box.commits[0].changes.saved] == [2]

    def test_a_flush_writes_each_binding_once_however_often_it_was_refreshed(self) -> None:
        box = BareCore()
        box.register(PHONE)
        box.commits.clear()
        for cseq in range(2, 9):
            box.register(PHONE, cseq=cseq)
        box.core.flush(box.clock.now)
        box.settle()
        assert len(box.commits[0].changes.saved) == 1

    def test_without_flush_every_refresh_is_on_disk_before_its_200(self) -> None:
        box = BareCore(Settings(flush=0.0), commit_at_once=False)
        box.register(PHONE)
        box.commit()
        box.commits.clear()
        assert box.register(PHONE, cseq=2) == []
        assert statuses(box.commit()) == [200]

    def test_a_flush_never_writes_an_older_row_after_a_newer_one(self) -> None:
        box = BareCore(commit_at_once=False)
        box.register(PHONE)
        box.commit()
        box.register(PHONE, cseq=2)
        box.commits.clear()
        box.register("<sip:101@192.0.2.101:5062>", cseq=3)
        moved = box.commits[0].ticket
        box.core.flush(box.clock.now)
        box.settle()
        assert len(box.commits) == 1
        box.commit(moved)
        box.clock.advance(5)
        assert [each.contact for commit in box.commits[1:] for each in commit.changes.saved] == []

    def test_a_flush_that_fails_is_tried_again(self) -> None:
        box = BareCore(commit_at_once=False)
        box.register(PHONE)
        box.commit()
        box.register(PHONE, cseq=2)
        box.commits.clear()
        box.core.flush(box.clock.now)
        box.settle()
        box.fail(box.commits.pop().ticket)
        box.clock.advance(600)
        assert [binding.cseq for binding in box.commits[0].changes.saved] == [2]

    def test_a_shorter_flush_counts_from_the_next_refresh_on(self) -> None:
        box = BareCore()
        box.register(PHONE)
        box.register(PHONE, cseq=2)
        box.commits.clear()
        box.core.configure(replace(box.core.settings, flush=5.0))
        box.register(PHONE, cseq=3)
        box.clock.advance(5)
        assert [binding.cseq for binding in box.commits[0].changes.saved] == [3]

    def test_what_failed_does_not_wait_for_a_flush_that_is_far_off(self) -> None:
        box = BareCore(commit_at_once=False)
        box.register(PHONE, headers=("Expires: 60",))
        box.commit()
        box.register(OTHER, user="102", call_id="b@phone", at=flow("192.0.2.102"))
        box.commit(box.commits[-1].ticket)
        box.register(OTHER, user="102", call_id="b@phone", at=flow("192.0.2.102"), cseq=2)  # a flush is armed
        box.commits.clear()
        box.clock.advance(62)
        box.fail(box.commits.pop().ticket)
        box.clock.advance(RETRY)
        assert box.commits[0].changes.removed
