"""Rows of bindings: what is written is what is read, on this boot and on another."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from frontdesk.model import Binding, BindingState, Changes, Commit
from frontdesk.sip.wire import Flow
from frontdesk.store import Store
from tests.store.rows import BOOT, NOW, WALL, binding, clock, opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = opened(tmp_path)
    yield store
    store.close()


def kept(
    store: Store, *saved: Binding, now: float = NOW, wall: float = WALL, boot_id: int = BOOT, written: float = WALL
) -> list[Binding]:
    """Written at NOW on BOOT, read at another time or on another boot."""
    journal = store.journal(lambda tickets, error: None, clock(wall=written))
    journal.submit(Commit(1, Changes(saved=list(saved))))
    journal.close()
    reopened = opened(store.directory)
    try:
        return reopened.bindings(now, wall, boot_id)
    finally:
        reopened.close()


def fields(binding: Binding) -> dict[str, Any]:
    return dataclasses.asdict(binding)


def test_same_boot_is_exact(store: Store) -> None:
    full = binding(
        q=0.5, reg_id=2, path=("<sip:p1;lr>", "<sip:p2;lr>"), device="desk", aor="sip:102@example.com", cseq=2**31 - 1
    )
    assert [fields(each) for each in kept(store, full, binding(2))] == [fields(full), fields(binding(2))]


def test_other_boot_is_restored_for_one_granted_interval(store: Store) -> None:
    [restored] = kept(store, binding(granted=300, expires_at=NOW + 20), now=5.0, wall=WALL + 90, boot_id=BOOT + 1)
    assert (restored.state, restored.expires_at) == (BindingState.RESTORED, 305.0)


def test_other_boot_drops_no_row_for_being_past_its_deadline(store: Store) -> None:
    assert len(kept(store, binding(expires_at=NOW - 900), now=9e9, boot_id=BOOT + 1)) == 1


def test_nonces_of_another_boot_are_older_than_all_of_this_one(store: Store) -> None:
    assert kept(store, binding(), now=5.0, boot_id=BOOT + 1)[0].nonce_issued == 0.0


@pytest.mark.parametrize("years", [-10, 10])
def test_step_of_the_wall_clock_loses_no_binding(store: Store, years: int) -> None:
    [same] = kept(store, binding(), wall=WALL + years * 365 * 86_400)
    assert (same.expires_at, same.state) == (NOW + 3600, BindingState.LIVE)
    assert same.registered_at <= NOW and same.seen_at <= NOW


@pytest.mark.parametrize("boot_id", [BOOT, BOOT + 1])
def test_phone_that_registered_before_the_clock_was_set_is_not_there_since_1970(store: Store, boot_id: int) -> None:
    [restored] = kept(store, binding(), written=NOW, now=NOW + 30, boot_id=boot_id)
    assert restored.registered_at == restored.seen_at == restored.call_id_since == NOW + 30


def test_same_boot_past_deadline_is_believed_for_one_interval(store: Store) -> None:
    # Its last refreshes may have waited for the flush when the process was killed.
    [restored] = kept(store, binding(granted=60), now=NOW + 5000)
    assert (restored.state, restored.expires_at) == (BindingState.RESTORED, NOW + 5060)


def test_static_binding_never_expires(store: Store) -> None:
    [static] = kept(store, binding(flow=None, granted=0, expires_at=None), now=1.0, boot_id=BOOT + 1)
    assert (static.state, static.expires_at, static.flow) == (BindingState.STATIC, None, None)


def test_connection_is_gone_after_a_restart(store: Store) -> None:
    flow = Flow("tcp", ("2001:db8::1", 5060), ("2001:db8::9", 1024), connection=77)
    [restored] = kept(store, binding(flow=flow))
    assert (restored.connected, restored.flow) == (False, flow._replace(connection=0))


def test_any_byte_off_the_wire_survives(store: Store) -> None:
    odd = b"caf\xe9 \xff\x00".decode("utf-8", "surrogateescape")
    [same] = kept(store, binding(user_agent=odd, contact=f"sip:{odd}@x", path=(odd,), device="Büro"))
    assert (same.user_agent, same.contact, same.path, same.device) == (odd, f"sip:{odd}@x", (odd,), "Büro")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("contact", "CAST(x'7369703AB1' AS TEXT)"),
        ("remote", "'192.0.2.9'"),
        ("local", "NULL"),
        ("deadline", "'soon'"),
    ],
)
def test_a_damaged_row_goes_and_the_others_stay(store: Store, column: str, value: str) -> None:
    """`quick_check` finds nothing wrong with such a row, and a box that did not start for it would never start."""
    kept(store, binding(1), binding(2), binding(3, call_id="\udcff@192.0.2.9"))
    path = store.directory / "frontdesk.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"UPDATE bindings SET {column} = {value} WHERE id = 2")
    damaged = opened(store.directory)
    assert [each.id for each in damaged.bindings(NOW, WALL, BOOT)] == [1, 3]
    assert [str(notice).split(":")[0] for notice in damaged.notices] == ["Damaged registrations were dropped (1)"]
    damaged.close()
    again = opened(store.directory)
    assert [each.call_id for each in again.bindings(NOW, WALL, BOOT)] == ["abc@192.0.2.9", "\udcff@192.0.2.9"]
    assert again.notices == []
    again.close()
