"""What the store's tests write: accounts, bindings, calls, and a clock that stands where it is put."""

from __future__ import annotations

import atexit
import dataclasses
import sqlite3
from functools import cache
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp
from typing import Any

from frontdesk.model import Account, Binding, CallRecord, Secret
from frontdesk.sip.wire import Flow
from frontdesk.store import Clock, Store, accounts, open_store, schema

REALM = "example.com"
BOOT = 42
NOW = 1000.0
WALL = 1_800_000_000.0


def clock(now: float = NOW, wall: float = WALL, boot_id: int = BOOT) -> Clock:
    """A clock that stands still."""
    return Clock(lambda: now, lambda: wall, boot_id)


def account(username: str = "101", **fields: Any) -> Account:
    """An account with a main secret."""
    secrets = (Secret("", {"MD5": "a" * 32, "SHA-256": "b" * 64, "SHA-512-256": "c" * 64}),)
    return Account(username, f"sip:{username}@example.com", **{"secrets": secrets} | fields)


def binding(id: int = 1, **fields: Any) -> Binding:
    """A phone over UDP that registered for an hour at NOW."""
    full: dict[str, Any] = {
        "id": id, "aor": "sip:101@example.com", "contact": f"sip:101@192.0.2.{id % 256}:5060",
        "parameters": ";+sip.instance=\"<urn:uuid:1>\"",
        "flow": Flow("udp", ("192.0.2.1", 5060), ("192.0.2.9", 1024 + id)),
        "granted": 3600, "expires_at": NOW + 3600, "call_id": "abc@192.0.2.9", "cseq": 7, "nonce_issued": NOW - 3,
        "user_agent": "Snom D785", "instance": "<urn:uuid:1>", "registered_at": NOW - 60, "seen_at": NOW - 1,
        "call_id_since": NOW - 1,
    }  # fmt: skip
    return Binding(**full | fields)


def call(number: int = 1, **fields: Any) -> CallRecord:
    """An answered call of ten seconds."""
    record = CallRecord(f"call-{number}", "101", "102", NOW - 20, NOW - 15, NOW - 5, 200, "sip:102@192.0.2.9")
    return dataclasses.replace(record, **fields)


def save(store: Store, *saved: Account) -> None:
    """Puts accounts on disk."""
    store.write(lambda connection: accounts.save(connection, saved))


def to_version_1(connection: sqlite3.Connection) -> None:
    """As a box has it that keeps no calls which go on."""
    connection.execute("DROP TABLE calls_up")
    connection.execute(f"DELETE FROM {schema.MIGRATIONS} WHERE name = 'v2'")
    connection.execute("PRAGMA user_version = 1")


@cache
def _fresh() -> Path:
    """The data of a new box, made once: that takes longer than all that a test does with it."""
    directory = Path(mkdtemp())
    atexit.register(rmtree, directory)
    open_store(directory, REALM).close()
    return directory


def opened(directory: Path, domain: str | None = REALM) -> Store:
    """The store of that directory; in an empty one, that of a new box."""
    if domain == REALM and not any(directory.glob("*")):
        copytree(_fresh(), directory, dirs_exist_ok=True)
    return open_store(directory, domain)
