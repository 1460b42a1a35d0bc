"""Taking everything away: rows here, older snapshots and damaged databases in `Store.forget_past`."""

from __future__ import annotations

import sqlite3

from ..config import OWED
from .schema import CHANGES, IDS

WIPED = ("accounts", "secrets", "aliases", "settings", "peers", "bindings", "calls")
MARK = "wiped"
"""A row of `meta` until nothing is left of what was there before."""
ALL = "all"
"""Its value where the page's certificates go too."""
KEPT = (IDS, CHANGES, OWED)
"""Rows of `meta` that stay."""


def wipe(connection: sqlite3.Connection, certificates: bool) -> None:
    """Empties every table, within the caller's transaction, which then names the box anew. `certificates` go too."""
    connection.execute("PRAGMA secure_delete = ON")  # What is deleted is overwritten, as far as the flash lets it.
    for table in WIPED:
        connection.execute(f"DELETE FROM {table}")
    connection.execute(f"DELETE FROM meta WHERE key NOT IN ({', '.join('?' for _ in KEPT)})", KEPT)
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute("INSERT INTO meta VALUES (?, ?)", (MARK, ALL if certificates else "on"))


def scrub(connection: sqlite3.Connection) -> None:
    """Writes the database anew, and cuts its log off: in both may be what was deleted before, and not overwritten. Runs
    in no transaction."""
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def settle(connection: sqlite3.Connection) -> None:
    """Nothing is left."""
    connection.execute("DELETE FROM meta WHERE key = ?", (MARK,))
