"""Opening the data: made, found again, of a newer version, in a place that cannot be used."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from frontdesk.model import Changes, Commit, Secret
from frontdesk.store import StoreError, accounts, database, open_store, schema
from frontdesk.store.binding_ids import BLOCK
from frontdesk.store.store import NAME
from frontdesk.store.wiping import wipe
from tests.store.rows import BOOT, NOW, WALL, account, binding, clock, opened, save


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


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
    store = open_store(tmp_path, "example.com")
    assert (store.realm, store.notices) == ("example.com", [])
    store.close()


def test_migrations_are_imported_only_to_migrate(tmp_path: Path) -> None:
    opened(tmp_path).close()
    code = (
        "import sys, pathlib; from frontdesk.store import open_store; "
        "store = open_store(pathlib.Path(sys.argv[1])); store.close(); sys.exit('sqlite_utils' in sys.modules)"
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
    assert store.next_binding_id() == first + BLOCK
    store.close()


def test_no_binding_id_is_given_twice_though_all_was_wiped(tmp_path: Path) -> None:
    store = opened(tmp_path)
    first = store.next_binding_id()
    store.write(lambda connection: wipe(connection, certificates=False), snapshot=False)
    assert store.next_binding_id() == first + BLOCK
    store.close()


def test_what_is_deleted_is_overwritten_while_all_is_wiped_and_not_after_it(tmp_path: Path) -> None:
    """A card wears out by what is written."""
    said: list[str] = []
    store = opened(tmp_path)

    def wiped(connection: sqlite3.Connection) -> None:
        connection.set_trace_callback(said.append)
        wipe(connection, certificates=False)

    store.write(wiped, snapshot=False)
    store.close()
    order = [each for each in said if "secure_delete" in each or "DELETE FROM accounts" in each]
    assert order == ["PRAGMA secure_delete = ON", "DELETE FROM accounts", "PRAGMA secure_delete = OFF"]


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
    with pytest.raises(StoreError, match=r"^\S+frontdesk.db was written by a newer Frontdesk \(schema 3, .*\)\.$"):
        opened(tmp_path)
    assert [path.name for path in tmp_path.glob("*damaged*")] == []


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_directory_that_is_none_is_one_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"^The data in .* cannot be used: .*\.$"):
        open_store(tmp_path / place)


def test_disk_that_is_full_or_read_only_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def attach(path: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("disk I/O error")

    opened(tmp_path).close()
    monkeypatch.setattr(database, "attach", attach)
    for disk, told in (
        (SimpleNamespace(f_flag=0, f_bavail=0), "its disk is full (disk I/O error); make room on it, and start again."),
        (SimpleNamespace(f_flag=os.ST_RDONLY, f_bavail=9), "its disk is read-only (disk I/O error); look at the disk"),
        (SimpleNamespace(f_flag=0, f_bavail=9), "cannot be used: disk I/O error."),
    ):
        monkeypatch.setattr(os, "statvfs", lambda path, disk=disk: disk)
        with pytest.raises(StoreError, match=re.escape(told)):
            open_store(tmp_path)


# -- kill -9 -----------------------------------------------------------------------------------------------------------

WRITER = """
import sys, itertools, pathlib
sys.path[:0] = sys.argv[2:]
from frontdesk.model import Changes, Commit
from frontdesk.store import open_store
from tests.store.rows import binding, clock

store = open_store(pathlib.Path(sys.argv[1]))
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
    store = open_store(tmp_path)
    assert not store.notices
    found = {each.id: each.cseq for each in store.bindings(NOW, WALL, BOOT)}
    store.close()
    for ticket in told:
        assert found[ticket % 500 + 1] >= ticket
