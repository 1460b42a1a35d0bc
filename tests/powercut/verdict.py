"""What the box finds when it is started on a disk after a power cut."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from frontdesk.location import LocationService
from frontdesk.model import BindingState
from frontdesk.store import Store, StoreError, accounts, open_store

from .history import Facts, History

NEXT_BOOT = 43
NOW = 5.0
"""Seconds since the board was started again."""
WALL = 1_800_009_000.0


@dataclass(slots=True)
class Verdict:
    """What is wrong, a sentence each."""

    damaged: list[str] = field(default_factory=list)
    """The database is not what SQLite wrote, or its bindings cannot be called."""
    lost: list[str] = field(default_factory=list)
    """It is whole, but not what was acknowledged."""


def judge(data: Path, history: History, position: int) -> Verdict:
    """The verdict on a data directory after a cut at that position of the log."""
    data.mkdir(exist_ok=True)  # The cut may have come before anything was there.
    try:
        store = open_store(data, "desk.test")
    except StoreError as error:
        return Verdict(damaged=[str(error)])
    try:
        verdict = Verdict(damaged=[*store.notices, *_damage(data)])
        if not verdict.damaged:
            verdict.damaged = _not_callable(store)
            verdict.lost = history.complaints(_facts(store, data), position)
    except sqlite3.DatabaseError as error:
        verdict = Verdict(damaged=[str(error)])
    finally:
        store.close()
    return verdict


def _damage(data: Path) -> list[str]:
    connection = sqlite3.connect(data / "frontdesk.db")
    try:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    finally:
        connection.close()
    return [] if found == ["ok"] else found


def _facts(store: Store, data: Path) -> Facts:
    facts: Facts = {
        f"account {account.username}": (account.enabled, [secret.ha1["MD5"] for secret in account.secrets])
        for account in store.accounts()
    }
    for binding in store.bindings(NOW, WALL, NEXT_BOOT):
        facts[f"phone {binding.call_id}"] = binding.flow and binding.flow.remote
    connection = sqlite3.connect(data / "frontdesk.db")
    try:
        pairs = accounts.load_pairs(connection, "settings")
        for call_id, result in connection.execute("SELECT call_id, result FROM calls"):
            facts.setdefault(f"call {call_id}", []).append(result)
    finally:
        connection.close()
    return facts | {f"setting {key}": value for key, value in pairs.items()}


def _not_callable(store: Store) -> list[str]:
    """Bindings that a caller would not reach, and an id that would be given twice."""
    bindings = store.bindings(NOW, WALL, NEXT_BOOT)
    location = LocationService(bindings, store.next_binding_id())
    callable_ones = {
        binding.id
        for aor in {binding.aor for binding in bindings}
        for binding in location.bindings(aor, NOW)
        if binding.state is BindingState.RESTORED and binding.flow is not None and binding.flow.transport == "udp"
    }
    wrong = [f"{binding.contact} cannot be called" for binding in bindings if binding.id not in callable_ones]
    ids = [binding.id for binding in bindings]
    return wrong + (["an id would be given twice"] if location.new_id() <= max(ids, default=0) else [])
