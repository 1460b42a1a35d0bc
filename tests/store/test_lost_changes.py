"""What a damaged log has lost of accounts and settings comes from the newest snapshot; registrations stay."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from frontdesk.model import Changes, Commit
from frontdesk.store import Store, accounts, bindings, database, lost_changes, schema
from frontdesk.store.store import NAME
from tests.store.rows import BOOT, NOW, WALL, account, binding, clock, opened, save, to_version_1

LOG = NAME + database.LOG


def cut(directory: Path, *, spoil: Callable[[bytes], bytes] = bytes) -> Path:
    """What is on the disk when the power is cut now; the log as `spoil` leaves it."""
    cut = directory.with_name(f"{directory.name}-cut")
    shutil.copytree(directory, cut)
    log = cut / LOG
    log.write_bytes(spoil(log.read_bytes()))
    return cut


def header(log: bytes) -> bytes:
    return b"\xff" * 32 + log[32:]


def first_page(log: bytes) -> bytes:
    return log[:100] + b"\xff" * 8 + log[108:]


def users(store: Store) -> list[str]:
    return [each.username for each in store.accounts()]


def filled(directory: Path) -> Store:
    """101 and its phone are in the database itself; 102, a peer and a setting in the log, and 100 is gone with it."""
    store = opened(directory)
    save(store, account("100"), account("101"))
    phones = binding(), binding(2, aor="sip:100@example.com")
    rows = [bindings.row(each, clock(), clock().offset()) for each in phones]
    store.write(lambda connection: connection.executemany(bindings.SAVE, rows))
    store.close()
    store = opened(directory)
    store.next_binding_id()
    save(store, account("102"))
    store.write(lambda connection: accounts.save_pair(connection, "peers", "192.0.2.7", "pbx"))
    store.write(lambda connection: accounts.save_pair(connection, "settings", "flush", "5m"))
    store.write(lambda connection: accounts.remove(connection, "100"))
    return store


@pytest.mark.parametrize("spoil", [header, first_page])
def test_what_a_damaged_log_has_lost_comes_from_the_snapshot(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    store = filled(tmp_path / "box")
    after = cut(tmp_path / "box", spoil=spoil)
    store.close()
    back = opened(after)
    assert users(back) == ["101", "102"] and back.peers() == {"192.0.2.7": "pbx"} and back.settings().flush == 300.0
    assert [each.id for each in back.bindings(NOW, WALL, BOOT)] == [1]
    assert back.realm == store.realm and back.next_binding_id() > 1_000_000
    newest = max((after / "snapshots").iterdir()).name
    assert f"(4): accounts and settings come from the snapshot {newest}." in back.notices[0]
    assert "all accounts" in back.notices[0].cure
    assert not list(after.glob("*damaged*"))
    save(back, account("103"))
    again = cut(after)
    back.close()
    last = opened(again)
    assert users(last) == ["101", "102", "103"] and not last.notices
    last.close()


def test_snapshot_of_a_version_before_knows_of_them_too(tmp_path: Path) -> None:
    """The power was cut before the box was brought up to date."""
    store = opened(tmp_path / "box")
    save(store, account())
    store.write(to_version_1)
    store.close()
    before = Store(tmp_path / "box", database.connect(tmp_path / "box" / NAME), [])
    save(before, account("102"))
    back = opened(cut(tmp_path / "box", spoil=header))
    before.close()
    assert users(back) == ["101", "102"] and "(1): accounts and settings" in back.notices[0]
    applied = back.write(lambda each: each.execute(f"SELECT name FROM {schema.MIGRATIONS} ORDER BY 1").fetchall())
    assert applied == [("v1",), ("v2",)]
    save(back, account("103"))
    again = cut(back.directory)
    back.close()
    last = opened(again)
    assert users(last) == ["101", "102", "103"] and not last.notices
    last.close()


def test_a_log_that_is_whole_has_lost_nothing(tmp_path: Path) -> None:
    store = filled(tmp_path / "box")
    after = cut(tmp_path / "box")
    store.close()
    back = opened(after)
    assert users(back) == ["101", "102"] and not back.notices
    back.close()


def test_the_journal_counts_changes_by_hand_and_nothing_else(tmp_path: Path) -> None:
    store = opened(tmp_path)
    journal = store.journal(lambda tickets, error: None, clock())
    journal.submit(Commit(1, Changes(saved=[binding()])))
    counts = [journal.execute(lost_changes.counted, snapshot=False).result(10)]
    for user in ("101", "102"):
        journal.execute(partial(accounts.save, accounts=[account(user)])).result(10)
        counts.append(journal.execute(lost_changes.counted, snapshot=False).result(10))
    journal.close()
    assert counts == [0, 1, 2]


def test_a_database_that_is_put_back_by_hand_stays_as_it_is(tmp_path: Path) -> None:
    store = opened(tmp_path / "box")
    save(store, account("101"))
    store.close()
    older = (tmp_path / "box" / NAME).read_bytes()
    store = opened(tmp_path / "box")
    save(store, account("102"))
    store.close()
    (tmp_path / "box" / NAME).write_bytes(older)
    back = opened(tmp_path / "box")
    assert users(back) == ["101"] and not back.notices
    back.next_binding_id()  # something is in the log
    after = cut(tmp_path / "box")
    back.close()
    last = opened(after)
    assert users(last) == ["101"] and not last.notices, "nor does a power cut bring the newer one back"
    last.close()
