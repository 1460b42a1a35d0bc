"""Calls that go on: on disk apart, and listed once the box has stopped without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from frontdesk.model import CallRecord, Changes, Commit
from frontdesk.store import Journal, database, open_store, schema
from frontdesk.store.snapshots import Snapshots
from frontdesk.store.store import NAME
from frontdesk.store.wiping import wipe
from tests.store.disk import Disk, Held, Told
from tests.store.rows import account, call, clock, opened, save, to_version_1


class Box:
    """Its data, and one process after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        opened(path).close()

    def starts(self) -> Journal:
        self.told = Told()
        store = open_store(self.path)
        store.next_binding_id()
        return store.journal(self.told, clock())

    def on_disk(self, table: str) -> list[Any]:
        connection = database.connect(self.path / NAME)
        try:
            return [value for (value,) in connection.execute(f"SELECT call_id FROM {table} ORDER BY id")]
        finally:
            connection.close()


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def up(number: int, id: int) -> CallRecord:
    return call(number, result=0, id=id)


def commit(ticket: int, **changes: Any) -> Commit:
    return Commit(ticket, Changes(**changes))


def test_call_that_went_on_is_listed_with_the_next_start_and_not_before(box: Box) -> None:
    journal = box.starts()
    journal.submit(commit(1, up=[up(1, 1), up(2, 2)]))
    journal.submit(commit(2, calls=[call(3), call(1, id=1)]))
    journal.close()
    assert (box.on_disk("calls"), box.on_disk("calls_up")) == (["call-3", "call-1"], ["call-2"])
    journal = box.starts()
    journal.submit(commit(1, up=[up(4, 1)]))  # another process counts from one again
    journal.close()
    assert (box.on_disk("calls"), box.on_disk("calls_up")) == (["call-3", "call-1", "call-2"], ["call-4"])


def test_call_that_ends_in_the_batch_in_which_it_is_kept_is_over(tmp_path: Path, box: Box) -> None:
    held = Held(Disk(tmp_path / NAME).connect)
    journal = Journal(held, Told(), clock())
    journal.submit(commit(1, up=[up(1, 1)]))
    journal.submit(commit(2, calls=[call(1, id=1)]))
    held.go.set()
    journal.close()
    assert (box.on_disk("calls"), box.on_disk("calls_up")) == (["call-1"], [])


def test_none_is_in_a_snapshot(box: Box) -> None:
    """Or one that has ended since would come back with it."""
    journal = box.starts()
    journal.submit(commit(1, up=[up(1, 1)]))
    journal.execute(lambda connection: None).result(10)
    journal.close()
    assert box.on_disk("calls_up") == ["call-1"]
    newest, _ = next(Snapshots(box.path).good())
    newest.replace(box.path / NAME)
    assert box.on_disk("calls_up") == []


def test_factory_reset_leaves_none(box: Box) -> None:
    journal = box.starts()
    journal.submit(commit(1, up=[up(1, 1)]))
    journal.execute(lambda connection: wipe(connection, certificates=True)).result(10)
    journal.close()
    assert box.on_disk("calls_up") == []


def test_box_of_a_version_that_kept_none_goes_on_with_all_that_it_has(box: Box) -> None:
    store = opened(box.path)
    save(store, account())
    store.write(to_version_1)
    store.close()
    later = opened(box.path)
    assert (later.accounts(), later.realm, later.notices) == ([account()], store.realm, [])
    later.close()
    journal = box.starts()
    journal.submit(commit(1, up=[up(1, 1)]))
    journal.close()
    assert box.on_disk("calls_up") == ["call-1"] and schema.VERSION == 2
