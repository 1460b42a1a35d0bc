"""Taking everything away: the rows, and in the data directory older snapshots, damaged databases and certificates."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path

from ..config import OWED
from .schema import CHANGES, IDS
from .snapshots import Snapshots

WIPED = ("accounts", "secrets", "aliases", "settings", "peers", "bindings", "calls", "calls_up")
MARK = "wiped"
"""A row of `meta` until nothing is left of what was there before."""
ALL = "all"
"""Its value where the page's certificates go too."""
REST = "on"
KEPT = (IDS, CHANGES, OWED)
"""Rows of `meta` that stay."""


def wipe(connection: sqlite3.Connection, certificates: bool) -> None:
    """Empties every table, within the caller's transaction, which then names the box anew. `certificates` go too."""
    connection.execute("PRAGMA secure_delete = ON")  # What is deleted is overwritten, as far as the flash lets it.
    for table in WIPED:
        connection.execute(f"DELETE FROM {table}")
    connection.execute(f"DELETE FROM meta WHERE key NOT IN ({', '.join('?' for _ in KEPT)})", KEPT)
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute("INSERT INTO meta VALUES (?, ?)", (MARK, ALL if certificates else REST))


def take_away(snapshots: Snapshots, aside: Iterable[Path], certificates: Path | None) -> None:
    """All of these. Raises OSError where one cannot be taken away, once the others are gone."""
    with ExitStack() as past:
        for path in aside:
            past.callback(path.unlink, missing_ok=True)
        past.callback(snapshots.tidy, 0)
        if certificates:
            past.callback(_take_folder_away, certificates)


def _take_folder_away(folder: Path) -> None:
    from shutil import rmtree  # 5 ms of each command's start

    rmtree(folder, ignore_errors=True)
    with suppress(FileNotFoundError):
        folder.rmdir()


def keep_certificates(connection: sqlite3.Connection) -> None:
    """Those of before are gone: the next ones are of the box as it is now, whatever else is left."""
    connection.execute("UPDATE meta SET value = ? WHERE key = ?", (REST, MARK))


def scrub(connection: sqlite3.Connection) -> None:
    """Writes the database anew, and cuts its log off: in both may be what was deleted before, and not overwritten. Runs
    in no transaction."""
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def settle(connection: sqlite3.Connection) -> None:
    """Nothing is left."""
    connection.execute("DELETE FROM meta WHERE key = ?", (MARK,))
