"""Room in the write-ahead log: it grows seldom, and what is behind the last commit is never read."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from frontdesk.store import log_room
from frontdesk.store.database import LOG, connect, file_of
from frontdesk.store.log_room import ROOM, SMALL, LogRoom


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "box.db"
    connection = connect(path)
    connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, value BLOB)")
    connection.close()
    return path


def insert(connection: sqlite3.Connection, size: int = 100) -> None:
    connection.execute("INSERT INTO rows (value) VALUES (?)", (bytes(size),))


def length(database: Path) -> int:
    return database.with_name(database.name + LOG).stat().st_size


def test_after_a_small_commit_the_next_ones_find_room(database: Path) -> None:
    connection = connect(database)
    room = LogRoom(file_of(connection))
    lengths = set()
    for _ in range(10):
        insert(connection)
        room.keep()
        lengths.add(length(database))
    assert len(lengths) == 1 and lengths.pop() >= ROOM
    room.close()
    connection.close()


def test_room_that_is_used_up_is_made_again(database: Path) -> None:
    connection = connect(database)
    room = LogRoom(file_of(connection))
    for _ in range(200):
        insert(connection)
        room.keep()
    assert 2 * ROOM < length(database) < 200 * 1100 + 2 * ROOM
    room.close()
    connection.close()


def test_a_commit_that_is_not_small_gets_none(database: Path) -> None:
    connection = connect(database)
    insert(connection, 2 * SMALL)
    before = length(database)
    room = LogRoom(file_of(connection))
    room.keep()
    assert length(database) == before
    room.close()
    connection.close()


def test_after_a_power_cut_all_that_was_committed_is_there(database: Path, tmp_path: Path) -> None:
    connection = connect(database)
    room = LogRoom(file_of(connection))
    for _ in range(5):
        insert(connection)
        room.keep()
    for name in (database.name, database.name + LOG):
        shutil.copy(tmp_path / name, tmp_path / f"after-{name}")
    room.close()
    connection.close()
    after = connect(tmp_path / f"after-{database.name}")
    assert after.execute("SELECT count(*) FROM rows").fetchone() == (5,)
    after.close()


def test_where_no_room_can_be_made_commits_go_on(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(log: int, size: int) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log_room, "_extend", full)
    connection = connect(database)
    room = LogRoom(file_of(connection))
    for _ in range(3):
        insert(connection)
        room.keep()
    assert connection.execute("SELECT count(*) FROM rows").fetchone() == (3,)
    room.close()
    connection.close()
