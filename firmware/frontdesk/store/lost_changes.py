"""Changes by hand that a damaged write-ahead log has lost: it ends, for SQLite, before its first bad page, and nothing
says that more was in it. But each change is counted, and the snapshot that followed it knows of it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from . import accounts
from .schema import CHANGES, IDS, MIGRATIONS, VERSION, VOLATILE, version_of
from .snapshots import TABLES


def count(connection: sqlite3.Connection) -> None:
    """One more, within its transaction."""
    connection.execute("INSERT INTO meta VALUES (?, '1') ON CONFLICT (key) DO UPDATE SET value = value + 1", (CHANGES,))


def counted(connection: sqlite3.Connection) -> int:
    """How many this database knows of."""
    return int(accounts.load_pairs(connection, "meta").get(CHANGES, "0"))


def lost(connection: sqlite3.Connection, snapshot: Path) -> int:
    """How many changes a snapshot knows of and the database does not."""
    with closing(_opened(snapshot)) as newer:
        return max(0, counted(newer) - counted(connection)) if version_of(newer) <= VERSION else 0


def recover(connection: sqlite3.Connection, snapshot: Path) -> None:
    """Takes accounts and settings from the snapshot, within the caller's transaction; registrations and calls stay."""
    with closing(_opened(snapshot)) as newer:
        ids = max(int(accounts.load_pairs(each, "meta").get(IDS, "1")) for each in (connection, newer))
        for table, _ in newer.execute(TABLES).fetchall():
            if table not in VOLATILE | {MIGRATIONS}:
                _replace(connection, newer, table)
    accounts.save_pair(connection, "meta", IDS, str(ids))
    _drop_strangers(connection)


def _opened(snapshot: Path) -> sqlite3.Connection:
    # Path.as_uri would load an HTTP client with Python 3.14, for each command.
    return sqlite3.connect(f"file://{quote(os.fsencode(snapshot.absolute()))}?mode=ro&immutable=1", uri=True)


def _replace(connection: sqlite3.Connection, newer: sqlite3.Connection, table: str) -> None:
    connection.execute(f'DELETE FROM "{table}"')
    rows = newer.execute(f'SELECT * FROM "{table}"')
    places = ", ".join("?" for _ in rows.description)
    connection.executemany(f'INSERT INTO "{table}" VALUES ({places})', rows)


def _drop_strangers(connection: sqlite3.Connection) -> None:
    """Registrations of accounts that are there no longer."""
    realm = accounts.load_pairs(connection, "meta")["realm"]
    known = "SELECT 'sip:' || username || '@' || ? FROM accounts"  # as in model.address_of_record
    connection.execute(f"DELETE FROM bindings WHERE aor NOT IN ({known})", (realm,))
