"""Taking everything away: rows here, older snapshots and damaged databases in `Store.forget_past`."""

from __future__ import annotations

import sqlite3

WIPED = ("accounts", "secrets", "aliases", "settings", "peers", "bindings", "calls")
KEPT = "binding_ids"
"""The one row of `meta` that stays: no binding's id is ever given twice."""


def wipe(connection: sqlite3.Connection) -> None:
    """Empties every table, within the caller's transaction, which then names the box anew."""
    connection.execute("PRAGMA secure_delete = ON")  # What is deleted is overwritten, as far as the flash lets it.
    for table in WIPED:
        connection.execute(f"DELETE FROM {table}")
    connection.execute("DELETE FROM meta WHERE key <> ?", (KEPT,))
    connection.execute("PRAGMA secure_delete = OFF")
