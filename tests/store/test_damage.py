"""A database that is damaged is set aside, and accounts and settings come from the newest snapshot that is good."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from frontdesk.model import Changes, Commit
from frontdesk.store import Records, Store, accounts, database
from frontdesk.store.store import NAME
from tests.store.rows import account, binding, clock, opened, save


def damage(path: Path) -> None:
    """Every page but the first is overwritten."""
    content = path.read_bytes()
    path.write_bytes(content[: database.PAGE_SIZE] + b"\x5a" * (len(content) - database.PAGE_SIZE))


SENSELESS = {
    "text": "UPDATE accounts SET name = CAST(x'B1' AS TEXT) WHERE username = '101'",
    "alias": "INSERT INTO aliases VALUES (CAST(x'B1' AS TEXT), '101')",
    "json": "UPDATE accounts SET settings = '{' WHERE username = '101'",
    "setting": "UPDATE settings SET value = CAST(x'B1' AS TEXT)",
    "ids": "INSERT OR REPLACE INTO meta VALUES ('binding_ids', 'x')",
}
"""Damage that SQLite's own check passes over."""


@pytest.mark.parametrize("how", ["pages", "header", "short", "empty", "tables", *SENSELESS])
def test_damaged_database_is_set_aside_and_accounts_come_from_the_snapshot(tmp_path: Path, how: str) -> None:
    store = opened(tmp_path)
    save(store, account("101"), account("102"))
    store.write(lambda connection: accounts.save_pair(connection, "settings", "flush", "5m"))
    store.close()
    spoil(tmp_path / NAME, how)
    spoilt = (tmp_path / NAME).read_bytes()
    restored = opened(tmp_path, None)
    assert [each.username for each in restored.accounts()] == ["101", "102"]
    assert (restored.realm, restored.record_route_key) == (store.realm, store.record_route_key)
    assert restored.settings().flush == 300.0
    assert any("snapshot" in notice for notice in restored.notices)
    restored.close()
    assert [aside.read_bytes() for aside in set_aside(tmp_path)] == ([] if how == "empty" else [spoilt])


def test_the_notice_of_damage_is_one_line(tmp_path: Path) -> None:
    store = opened(tmp_path)
    save(store, account("101"))
    store.close()
    content = bytearray((tmp_path / NAME).read_bytes())
    content[2000:8000] = b"\xff" * 6000  # what SQLite finds, it tells in several lines
    (tmp_path / NAME).write_bytes(content)
    restored = opened(tmp_path, None)
    assert "Page" in restored.notices[0] and "\n" not in restored.notices[0]
    restored.close()


def set_aside(directory: Path) -> list[Path]:
    return [path for path in directory.glob(f"{NAME}.damaged-*") if not path.name.endswith(database.LOG)]


def spoil(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "pages":
        damage(path)
    elif how == "header":
        path.write_bytes(b"\xff" * 100 + content[100:])
    elif how == "short":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    else:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute({"tables": "DROP TABLE meta", **SENSELESS}[how])
        connection.close()


def test_write_ahead_log_goes_with_the_damaged_database(tmp_path: Path) -> None:
    opened(tmp_path).close()
    damage(tmp_path / NAME)
    (tmp_path / f"{NAME}-wal").write_bytes(b"log")
    opened(tmp_path).close()
    assert len(list(tmp_path.glob(f"{NAME}.damaged-*-wal"))) == 1


@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_a_log_without_its_database_is_played_over_no_snapshot(tmp_path: Path, left: str) -> None:
    store = opened(tmp_path)
    save(store, account("101"))
    save(store, account("102"))
    log = (tmp_path / f"{NAME}-wal").read_bytes()
    store.close()
    (tmp_path / NAME).unlink()
    if left != "nothing":
        (tmp_path / NAME).write_bytes(b"")
    (tmp_path / f"{NAME}-wal").write_bytes(log)
    restored = opened(tmp_path, None)
    assert [each.username for each in restored.accounts()] == ["101", "102"]
    assert [str(notice).partition(" set aside as ")[0] for notice in restored.notices][:1] == [
        "The database was gone; its log was"
    ]
    restored.close()
    [aside] = tmp_path.glob(f"{NAME}.damaged-*-wal")
    assert aside.read_bytes() == log


def test_damage_is_still_told_at_the_next_start(tmp_path: Path) -> None:
    opened(tmp_path).close()
    damage(tmp_path / NAME)
    opened(tmp_path).close()
    store = opened(tmp_path)
    assert len(store.notices) == 1 and "set aside" in store.notices[0]
    store.close()


def test_damage_is_told_with_its_cure_until_the_file_is_removed(tmp_path: Path) -> None:
    opened(tmp_path).close()
    damage(tmp_path / NAME)
    for _ in range(2):
        store = opened(tmp_path)
        store.close()
        assert "remove that file" in store.notices[0].cure
    [aside] = set_aside(tmp_path)
    aside.unlink()
    store = opened(tmp_path)
    store.close()
    assert not store.notices


def test_damaged_twice_in_a_second_keeps_both(tmp_path: Path) -> None:
    opened(tmp_path).close()
    for _ in range(2):
        damage(tmp_path / NAME)
        opened(tmp_path).close()
    assert len(set_aside(tmp_path)) == 2


def test_damaged_with_no_good_snapshot_starts_empty_and_says_so(tmp_path: Path) -> None:
    store = opened(tmp_path)
    save(store, account())
    store.close()
    damage(tmp_path / NAME)
    for snapshot in (tmp_path / "snapshots").iterdir():
        snapshot.write_bytes(b"nothing")
    store = opened(tmp_path)
    assert store.accounts() == [] and "starts empty" in store.notices[-1]
    store.close()


def test_newest_snapshot_that_is_good_is_taken(tmp_path: Path) -> None:
    store = opened(tmp_path)
    save(store, account("101"))
    save(store, account("102"))
    store.close()
    newest = max((tmp_path / "snapshots").iterdir())
    newest.write_bytes(newest.read_bytes()[:-1] + b"x")
    damage(tmp_path / NAME)
    store = opened(tmp_path)
    assert [each.username for each in store.accounts()] == ["101"]
    store.close()


def known(store: Store) -> tuple[object, ...]:
    """What a snapshot is to give back, as it is on disk."""
    tables = [partial(accounts.load_pairs, table=table) for table in ("meta", "settings", "peers")]
    return store.accounts(), *(store.write(table, snapshot=False) for table in tables)


@pytest.mark.parametrize(
    "change",
    [
        {"accounts": [account("103")]},
        {"removed": ["101"]},
        {"pairs": [("settings", "flush", "5m")]},
        {"pairs": [("peers", "192.0.2.7", None)]},
        {"pairs": [("meta", "admin", "a hash")]},
    ],
    ids=["account", "removed account", "setting", "removed peer", "password"],
)
def test_no_change_by_hand_is_older_than_the_newest_snapshot(tmp_path: Path, change: dict[str, Any]) -> None:
    store = opened(tmp_path)
    save(store, account("101"), account("102"))
    store.write(lambda connection: accounts.save_pair(connection, "peers", "192.0.2.7", "pbx"))
    before = known(store)

    async def execute(write: Any, **how: bool) -> Any:
        return store.write(write, **how)

    asyncio.run(Records(execute, clock()).change(**change))
    changed = known(store)
    store.close()
    damage(tmp_path / NAME)
    restored = opened(tmp_path)
    assert known(restored) == changed != before
    restored.close()


def test_power_cut_between_setting_aside_and_restoring_is_no_loss(tmp_path: Path) -> None:
    store = opened(tmp_path)
    save(store, account("101"))
    store.close()
    database.set_aside(tmp_path / NAME)
    store = opened(tmp_path)
    assert [each.username for each in store.accounts()] == ["101"]
    store.close()


def test_snapshot_holds_no_bindings_and_can_be_opened(tmp_path: Path) -> None:
    store = opened(tmp_path)
    journal = store.journal(lambda tickets, error: None, clock())
    journal.submit(Commit(1, Changes(saved=[binding()])))
    journal.execute(lambda connection: accounts.save(connection, [account()])).result(10)
    journal.close()
    newest = max((tmp_path / "snapshots").iterdir())
    connection = sqlite3.connect(newest)
    assert connection.execute("SELECT count(*) FROM bindings").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM accounts").fetchone() == (1,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_snapshot_that_cannot_be_written_is_told_and_the_change_stands(tmp_path: Path) -> None:
    store = opened(tmp_path)
    rmtree(tmp_path / "snapshots")
    (tmp_path / "snapshots").write_text("in the way")
    save(store, account("101"))
    assert len(store.accounts()) == 1 and "snapshot" in store.notices[0]
    store.close()


def test_few_snapshots_are_kept_and_many_accounts_are_one(tmp_path: Path) -> None:
    store = opened(tmp_path)
    for number in range(6):
        save(store, account(str(number)))
    save(store, *(account(f"u{number}") for number in range(200)))
    names = sorted(path.name for path in (tmp_path / "snapshots").iterdir())
    assert [name.partition("-")[0] for name in names] == ["00000006", "00000007", "00000008"]
    store.close()
