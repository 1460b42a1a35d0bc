"""Room in the write-ahead log: it grows seldom, and what is behind the last commit is never read."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from frontdesk.store import log_room
from frontdesk.store.database import LOG, connect, file_of
from frontdesk.store.log_room import ROOM, SMALL, LogRoom


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "box.db"
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, value BLOB)")
    return path


@pytest.fixture
def connection(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(database)) as connection:
        yield connection


@pytest.fixture
def room(connection: sqlite3.Connection) -> Iterator[LogRoom]:
    with closing(LogRoom(file_of(connection))) as room:
        yield room


def insert(connection: sqlite3.Connection, size: int = 100) -> None:
    connection.execute("INSERT INTO rows (value) VALUES (?)", (bytes(size),))


def length(database: Path) -> int:
    return database.with_name(database.name + LOG).stat().st_size


def test_after_a_small_commit_the_next_ones_find_room(
    database: Path, connection: sqlite3.Connection, room: LogRoom
) -> None:
    lengths = set()
    for _ in range(10):
        insert(connection)
        room.keep()
        lengths.add(length(database))
    assert len(lengths) == 1 and lengths.pop() >= ROOM


def test_room_that_is_used_up_is_made_again(database: Path, connection: sqlite3.Connection, room: LogRoom) -> None:
    for _ in range(200):
        insert(connection)
        room.keep()
    assert 2 * ROOM < length(database) < 200 * 1100 + 2 * ROOM


def test_a_commit_that_is_not_small_gets_none(database: Path, connection: sqlite3.Connection, room: LogRoom) -> None:
    insert(connection, 2 * SMALL)
    before = length(database)
    room.keep()
    assert length(database) == before


def test_after_a_power_cut_all_that_was_committed_is_there(
    database: Path, connection: sqlite3.Connection, room: LogRoom
) -> None:
    for _ in range(5):
        insert(connection)
        room.keep()
    for name in (database.name, database.name + LOG):
        shutil.copy(database.with_name(name), database.with_name(f"after-{name}"))
    with closing(connect(database.with_name(f"after-{database.name}"))) as after:
        assert after.execute("SELECT count(*) FROM rows").fetchone() == (5,)


def test_where_no_room_can_be_made_commits_go_on(
    connection: sqlite3.Connection, room: LogRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(log: int, size: int) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log_room, "_extend", full)
    for _ in range(3):
        insert(connection)
        room.keep()
    assert connection.execute("SELECT count(*) FROM rows").fetchone() == (3,)
