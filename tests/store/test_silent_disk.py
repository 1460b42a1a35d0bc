"""A disk that neither fails nor is done: what the box tells of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from frontdesk.model import Changes, Commit
from frontdesk.store import Journal
from frontdesk.store import journal as journal_module
from frontdesk.store.journal import SILENT
from frontdesk.store.store import NAME
from tests.store.disk import Disk, Held, Told
from tests.store.rows import NOW, WALL, binding, clock, opened


class Desk:
    """A journal whose first batch waits for the disk, and its clock."""

    def __init__(self, path: Path) -> None:
        opened(path).close()
        self.now, self.told = NOW, Told()
        self.disk = Held(Disk(path / NAME).connect)
        times = replace(clock(), now=lambda: self.now, wall=lambda: WALL + self.now - NOW)
        self.journal = Journal(self.disk, self.told, times)

    def waits(self) -> None:
        """A phone does, for a disk that is asked now."""
        self.journal.submit(Commit(1, Changes(saved=[binding()])))
        assert self.disk.asked.wait(10)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.disk.go.set()
    desk.journal.close()


def test_it_is_told_until_it_answers(desk: Desk) -> None:
    desk.now += 100
    desk.waits()
    desk.now += SILENT
    assert desk.journal.notices == [], "it was asked no longer ago"
    desk.now += 1
    (notice,) = desk.journal.notices
    since = time.strftime("%Y-%m-%d %H:%M", time.localtime(WALL + 100))
    assert notice == f"The disk has not answered since {since}." and notice.cure
    desk.disk.go.set()
    assert desk.told.wait(1) == [([1], None)]
    desk.journal.heartbeat().result(10)
    desk.now += 100
    assert desk.journal.notices == []


def test_thread_that_waits_for_something_to_do_is_not_held_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not desk.journal.is_held_up()
    desk.waits()
    assert not desk.journal.is_held_up(), "it is a lock of this process that it waits for"
    monkeypatch.setattr(journal_module, "_state_of", lambda thread: "D")
    assert desk.journal.is_held_up()


def test_state_of_a_thread_is_what_the_kernel_says(desk: Desk) -> None:
    assert journal_module._state_of(threading.get_native_id()) == "R", "it asks"


def test_state_of_a_thread_that_is_gone_is_none(desk: Desk) -> None:
    assert journal_module._state_of(1 << 30) == ""
