"""The schema, one migration for each version; each sets `user_version` in its own transaction.

Bindings and calls are tables with an integer key and no index: bindings are read once, at start, and what a change
costs is the pages that it touches.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database
from sqlite_utils.db import Table
from sqlite_utils.migrations import Migrations

schema = Migrations("frontdesk")


def apply(connection: sqlite3.Connection) -> None:
    """Applies what is pending."""
    schema.apply(Database(connection))


@schema()
def v1(db: Database) -> None:
    """Accounts, settings, bindings and call records."""
    _table(db, "meta").create({"key": str, "value": str}, pk="key")
    _table(db, "settings").create({"key": str, "value": str}, pk="key")
    _table(db, "peers").create({"address": str, "name": str}, pk="address")
    _accounts(db)
    _bindings(db)
    _calls(db, "calls")
    db.conn.execute("PRAGMA user_version = 1")


@schema()
def v2(db: Database) -> None:
    """Calls that go on: what their records are if the box loses its power."""
    _calls(db, "calls_up")
    db.conn.execute("PRAGMA user_version = 2")


def _accounts(db: Database) -> None:
    _table(db, "accounts").create({"username": str, "name": str, "enabled": int, "settings": str}, pk="username")
    _table(db, "secrets").create(
        {"username": str, "name": str, "md5": str, "sha256": str, "sha512_256": str}, pk=("username", "name")
    )
    _table(db, "aliases").create({"alias": str, "username": str}, pk="alias")
    _table(db, "aliases").create_index(["username"])


def _bindings(db: Database) -> None:
    _table(db, "bindings").create(
        {
            "id": int, "aor": str, "contact": str, "parameters": str,
            "transport": str, "local": str, "remote": str,
            "granted": int, "deadline": float, "boot": int, "registered": int, "seen": int,
            "call_id": str, "cseq": int, "nonce_issued": float, "q": float, "instance": str, "reg_id": int,
            "path": str, "user_agent": str, "device": str,
        },
        pk="id",
    )  # fmt: skip


def _calls(db: Database, name: str) -> None:
    _table(db, name).create(
        {
            "id": int, "call_id": str, "caller": str, "callee": str,
            "started": float, "answered": float, "ended": float, "result": int, "device": str,
        },
        pk="id",
    )  # fmt: skip


def _table(db: Database, name: str) -> Table:
    table = db[name]
    assert isinstance(table, Table)
    return table
