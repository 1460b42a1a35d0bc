"""A disk that takes nothing when the box starts: it serves what is there, and writes as soon as it can."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from frontdesk.model import Changes, Commit
from frontdesk.store import DirectoryLock, Store, StoreError, database, open_store
from frontdesk.store.binding_ids import BLOCK
from frontdesk.store.store import NAME
from tests.store.disk import Told
from tests.store.rows import BOOT, NOW, REALM, WALL, account, binding, call, clock, opened, save, to_version_1


def read_only() -> Exception:
    error = sqlite3.OperationalError("attempt to write a readonly database")
    error.sqlite_errorcode = sqlite3.SQLITE_READONLY
    return error


class Disk:
    """Takes nothing while `error` makes one."""

    def __init__(self) -> None:
        self.error: Callable[[], Exception] | None = read_only
        self._attach = database.attach

    def attach(self, path: Path) -> sqlite3.Connection:
        if self.error is not None:
            raise self.error()
        return self._attach(path)


@pytest.fixture
def before(tmp_path: Path) -> Iterator[Store]:
    """What a box that was killed has left: 101 and its phone, still in the log."""
    store = opened(tmp_path)
    save(store, account())
    store.write(lambda each: each.execute("INSERT INTO settings VALUES ('hostname', 'lobby')"))
    told = Told()
    journal = store.journal(told, clock())
    journal.submit(Commit(1, Changes(saved=[binding()])))
    told.wait(1)
    assert (tmp_path / f"{NAME}{database.LOG}").stat().st_size
    yield store
    journal.close()


@pytest.fixture
def disk(before: Store, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(database, "attach", disk.attach)
    return disk


def test_what_is_on_it_is_served(tmp_path: Path, disk: Disk) -> None:
    store = open_store(tmp_path, serve=True)
    assert (store.realm, store.settings().hostname) == (REALM, "lobby")
    assert [each.username for each in store.accounts()] == ["101"]
    assert [each.contact for each in store.bindings(NOW, WALL, BOOT)] == [binding().contact]
    store.close()


def test_nothing_is_acknowledged_until_it_takes_something_and_then_all_is(tmp_path: Path, disk: Disk) -> None:
    store = open_store(tmp_path, serve=True)
    first = store.next_binding_id()
    told = Told()
    journal = store.journal(told, clock())
    journal.submit(Commit(1, Changes(saved=[binding(first)])))
    assert [error is None for _, error in told.wait(1)] == [False]
    assert [notice.words["what"] for notice in journal.notices] == ["The disk cannot be written"]
    disk.error = None
    journal.submit(Commit(2, Changes(saved=[binding(first + 1)])))
    assert told.wait(2)[1] == ([2], None)
    assert journal.notices == []
    journal.close()
    again = open_store(tmp_path)
    assert [each.id for each in again.bindings(NOW, WALL, BOOT)] == [1, first + 1]
    assert again.next_binding_id() == first + BLOCK, "none that a phone may have been told is given twice"
    again.close()


def test_what_a_version_before_has_left_is_served_and_is_as_now_once_it_takes_something(
    tmp_path: Path, before: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk was full, or failed, while the box was brought up to date."""
    connection = database.connect(tmp_path / NAME)
    database.transact(connection, to_version_1)
    connection.close()
    disk = Disk()
    monkeypatch.setattr(database, "attach", disk.attach)
    store = open_store(tmp_path, serve=True)
    assert [each.username for each in store.accounts()] == ["101"]
    first = store.next_binding_id()
    told = Told()
    journal = store.journal(told, clock())
    disk.error = None
    journal.submit(Commit(1, Changes(saved=[binding(first)])), Commit(2, Changes(up=[call(id=1)])))
    assert told.wait(1)[-1][1] is None
    journal.close()
    again = open_store(tmp_path)
    assert len(again.bindings(NOW, WALL, BOOT)) == 2
    again.close()


def test_it_is_told_before_anybody_wants_to_write(tmp_path: Path, disk: Disk) -> None:
    journal = open_store(tmp_path, serve=True).journal(Told(), clock())
    journal.heartbeat().result(10)
    assert journal.notices
    journal.close()


def test_a_command_alone_is_refused(tmp_path: Path, disk: Disk) -> None:
    """It could only say that it has done what is not on disk."""
    with pytest.raises(StoreError, match="attempt to write a readonly database"):
        open_store(tmp_path)


@pytest.mark.parametrize(
    "error",
    [lambda: PermissionError(errno.EACCES, "Permission denied"), lambda: sqlite3.OperationalError("unable to open")],
)
def test_what_the_disk_is_not_to_blame_for_is_no_reason(
    tmp_path: Path, disk: Disk, error: Callable[[], Exception]
) -> None:
    disk.error = error
    with pytest.raises(StoreError, match="cannot be used"):
        open_store(tmp_path, serve=True)


def test_a_damaged_database_is_not_served(tmp_path: Path, disk: Disk) -> None:
    """It would be set aside, and that needs a disk."""
    path = tmp_path / NAME
    (tmp_path / f"{NAME}{database.LOG}").unlink()
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(StoreError, match="cannot be used"):
        open_store(tmp_path, serve=True)


def test_a_database_that_nobody_has_written_to_is_not_served(tmp_path: Path, disk: Disk) -> None:
    """It has no accounts, and no realm that could be kept."""
    rmtree(tmp_path / "snapshots")
    (tmp_path / f"{NAME}{database.LOG}").unlink()
    (tmp_path / NAME).write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be used"):
        open_store(tmp_path, serve=True)


def test_lock_is_held_on_a_file_system_that_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DirectoryLock(tmp_path, serve=True).release()
    real = os.open

    def open_(path: Path, flags: int, mode: int = 0o777) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", open_)
    with DirectoryLock(tmp_path, serve=True), pytest.raises(StoreError):
        DirectoryLock(tmp_path, serve=False, patience=0)
