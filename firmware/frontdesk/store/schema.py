"""The schema's version; how to get there is in `migrations`, imported only when there is something to do."""

from __future__ import annotations

import sqlite3

from .errors import StoreError

VERSION = 2
"""What `PRAGMA user_version` says of a database that this program wrote."""
IDS = "binding_ids"
"""A row of `meta`: no binding's id is ever given twice."""
CHANGES = "changes"
"""A row of `meta`: changes by hand so far."""
MIGRATIONS = "_sqlite_migrations"
"""The table that says which were applied to this database."""
VOLATILE = frozenset({"bindings", "calls", "calls_up"})
"""Tables whose rows no snapshot holds."""


def version_of(connection: sqlite3.Connection) -> int:
    """0 for a database that nobody has written to."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def migrate(connection: sqlite3.Connection, name: str) -> bool:
    """Brings the database to VERSION; whether there was anything to do. Raises StoreError for a newer one."""
    version = version_of(connection)
    if version == VERSION:
        return False
    if version > VERSION:
        raise StoreError(f"{name} was written by a newer Frontdesk (schema {version}, this one knows {VERSION}).")
    from .migrations import apply

    apply(connection)
    return True
