"""Opening the data: made, found again, damaged, of a newer version, in a place that cannot be used."""

from __future__ import annotations

import re
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from shutil import rmtree

import pytest

from frontdesk.model import Changes, Commit, Secret
from frontdesk.store import Store, StoreError, accounts, database, schema
from frontdesk.store.store import ID_BLOCK, NAME
from frontdesk.store.wiping import wipe
from tests.store.rows import BOOT, NOW, WALL, account, binding, clock, opened, save


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def damage(path: Path) -> None:
    """Every page but the first is overwritten."""
    content = path.read_bytes()
    path.write_bytes(content[: database.PAGE_SIZE] + b"\x5a" * (len(content) - database.PAGE_SIZE))


# -- made --------------------------------------------------------------------------------------------------------------


def test_first_domain_is_the_realm_for_good(tmp_path: Path) -> None:
    opened(tmp_path, "Example.COM").close()
    store = opened(tmp_path, "other.example")
    assert store.realm == "example.com"
    store.close()


def test_realm_without_a_domain_is_unique(tmp_path: Path) -> None:
    realms = set()
    for name in "ab":
        store = opened(tmp_path / name, None)
        realms.add(store.realm)
        store.close()
    assert len(realms) == 2 and all(re.fullmatch("frontdesk-[0-9a-f]{8}", realm) for realm in realms)


def test_secrets_stay(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.close()
    second = opened(tmp_path)
    second.close()
    assert first.record_route_key == second.record_route_key and len(first.record_route_key) == 32


def test_nobody_else_may_read_the_data(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "data"
    store = opened(directory, "other.example")
    save(store, account())
    assert mode(directory) == 0o700 and mode(directory / "snapshots") == 0o700
    assert {mode(path) for path in directory.rglob("*") if path.is_file()} == {0o600}
    store.close()


def test_data_that_others_could_read_are_closed_to_them(tmp_path: Path) -> None:
    opened(tmp_path).close()
    (tmp_path / NAME).chmod(0o644)
    opened(tmp_path).close()
    assert mode(tmp_path / NAME) == 0o600


def test_writes_are_durable(tmp_path: Path) -> None:
    opened(tmp_path).close()
    connection = database.connect(tmp_path / NAME)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    connection.close()


def test_power_cut_before_the_realm_is_fixed_is_made_good(tmp_path: Path) -> None:
    connection = database.connect(tmp_path / NAME)
    schema.migrate(connection, NAME)
    connection.close()
    store = Store.open(tmp_path, "example.com")
    assert (store.realm, store.notices) == ("example.com", [])
    store.close()


def test_migrations_are_imported_only_to_migrate(tmp_path: Path) -> None:
    opened(tmp_path).close()
    code = (
        "import sys, pathlib; from frontdesk.store import Store; "
        "store = Store.open(pathlib.Path(sys.argv[1])); store.close(); sys.exit('sqlite_utils' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path], check=False).returncode == 0


# -- kept --------------------------------------------------------------------------------------------------------------


def test_account_comes_back_whole(tmp_path: Path) -> None:
    store = opened(tmp_path)
    full = account(
        "101", name="Empfang \U0001f4de", enabled=False, aliases=("100", "front"), settings={"a": "b"},
        secrets=(Secret("", {"MD5": "a" * 32}), Secret("Desk", {"MD5": "b" * 32, "SHA-256": "c" * 64})),
    )  # fmt: skip
    save(store, account("102"), full)
    save(store, full)
    store.close()
    store = opened(tmp_path)
    assert store.accounts() == [full, account("102")]
    store.close()


def test_removed_account_leaves_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path)
    save(store, account("101", aliases=("100",)))
    store.write(lambda connection: accounts.remove(connection, "101"))
    save(store, account("101"))
    assert store.accounts() == [account("101")]
    store.close()


def test_setting_that_cannot_be_is_left_at_its_default_and_told(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.write(lambda connection: accounts.save_pair(connection, "settings", "flush", "5m"))
    store.write(lambda connection: accounts.save_pair(connection, "settings", "max-bindings", "lots"))
    store.close()
    store = opened(tmp_path)
    assert (store.settings().flush, store.settings().max_bindings) == (300.0, 10)
    assert len(store.notices) == 1 and "max-bindings" in store.notices[0]
    store.close()


def test_no_binding_id_is_given_twice(tmp_path: Path) -> None:
    store = opened(tmp_path)
    first = store.next_binding_id()
    journal = store.journal(lambda tickets, error: None, clock())
    journal.submit(Commit(1, Changes(saved=[binding(first)])))
    journal.submit(Commit(2, Changes(removed=[first])))
    journal.close()
    store = opened(tmp_path)
    assert store.next_binding_id() == first + ID_BLOCK
    store.close()


def test_no_binding_id_is_given_twice_though_all_was_wiped(tmp_path: Path) -> None:
    store = opened(tmp_path)
    first = store.next_binding_id()
    store.write(wipe, snapshot=False)
    assert store.next_binding_id() == first + ID_BLOCK
    store.close()


def test_binding_that_was_there_before_ids_were_set_apart_keeps_its_id(tmp_path: Path) -> None:
    store = opened(tmp_path)
    journal = store.journal(lambda tickets, error: None, clock())
    journal.submit(Commit(1, Changes(saved=[binding(7)])))
    journal.close()
    store = opened(tmp_path)
    assert store.next_binding_id() == 8
    store.close()


# -- cannot be used ----------------------------------------------------------------------------------------------------


def test_newer_database_is_refused_with_one_line_and_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).close()
    connection = sqlite3.connect(tmp_path / NAME)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    with pytest.raises(StoreError, match=r"^\S+frontdesk.db was written by a newer Frontdesk \(schema 2, .*\)\.$"):
        opened(tmp_path)
    assert [path.name for path in tmp_path.glob("*damaged*")] == []


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_directory_that_is_none_is_one_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"^The data in .* cannot be used: .*\.$"):
        Store.open(tmp_path / place)


# -- damaged -----------------------------------------------------------------------------------------------------------


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


# -- kill -9 -----------------------------------------------------------------------------------------------------------

WRITER = """
import sys, itertools, pathlib
sys.path[:0] = sys.argv[2:]
from frontdesk.model import Changes, Commit
from frontdesk.store import Store
from tests.store.rows import binding, clock

store = Store.open(pathlib.Path(sys.argv[1]))
journal = store.journal(lambda tickets, error: [print(ticket, flush=True) for ticket in tickets], clock())
for ticket in itertools.count(1):
    while journal.pending > 20:
        pass
    journal.submit(Commit(ticket, Changes(saved=[binding(ticket % 500 + 1, cseq=ticket)])))
"""


@pytest.mark.parametrize("acknowledged", [1, 50, 400])
def test_what_was_acknowledged_is_there_after_kill_9(tmp_path: Path, acknowledged: int) -> None:
    opened(tmp_path).close()
    code = [sys.executable, "-c", WRITER, str(tmp_path), str(Path(__file__).parents[2])]
    with subprocess.Popen(code, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(acknowledged)]
        writer.kill()
        told += [int(line) for line in writer.stdout if line.endswith("\n")]
    store = Store.open(tmp_path)
    assert not store.notices
    found = {each.id: each.cseq for each in store.bindings(NOW, WALL, BOOT)}
    store.close()
    for ticket in told:
        assert found[ticket % 500 + 1] >= ticket
