"""The database file: how it is made, opened, checked, and set aside when it is damaged."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from ..files import sync_directory
from .errors import StoreError

PAGE_SIZE = 1024
"""Bytes. A binding's row is about 300: small pages keep what 16 scattered moved bindings write near 1 kB each."""
CHECKPOINT = 8000
"""Pages in the write-ahead log before they are copied home: 8 MB, so that many changes of a page are copied once."""
CACHE = 512
"""KiB of pages that SQLite keeps: with its own 2,000 no commit of 10,000 scattered rows is cheaper."""
BUSY_TIMEOUT = 5.0
"""Seconds. The lock keeps other writers out; somebody may read with the sqlite3 tool."""
DAMAGED = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""Primary result codes, when reading at start, that mean the file is not what was written."""
IN_MEMORY = Path("/dev/shm")
"""Where Linux has files that are on no disk."""
LOG = "-wal"
"""What SQLite calls the write-ahead log; "-shm" beside it is an index of the log and made anew."""

# Else Python asks each None that is bound whether it adapts itself, and makes an error of "no": 0.13 us for each NULL.
sqlite3.register_adapter(type(None), lambda none: none)


def create(path: Path) -> None:
    """An empty file that nobody else may read, there after a power cut."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    sync_directory(path.parent)


def connect(path: Path) -> sqlite3.Connection:
    """A connection that commits when told to, and then durably. It may be handed to one other thread."""
    connection = attach(path)
    try:
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def file_of(connection: sqlite3.Connection) -> str:
    """The path of its database."""
    path: str = connection.execute("PRAGMA database_list").fetchone()[2]
    return path


def attach(path: Path) -> sqlite3.Connection:
    """A connection that has not looked at the file yet."""
    return sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)


def read_into_memory(path: Path) -> sqlite3.Connection:
    """The database and its log as they are; nothing is written on their disk. Raises OSError or sqlite3.Error.

    SQLite itself reads no write-ahead log where it can make no index beside it, so both are copied first.
    """
    from shutil import copyfile  # 5 ms of each command's start
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as place:
        copy = Path(place) / path.name
        for suffix in ("", LOG):
            if path.with_name(path.name + suffix).exists():
                copyfile(path.with_name(path.name + suffix), copy.with_name(copy.name + suffix))
        with closing(sqlite3.connect(f"{copy.as_uri()}?mode=rw", uri=True)) as source:
            memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            try:
                source.backup(memory)
            except BaseException:
                memory.close()
                raise
    return memory


def prepare(connection: sqlite3.Connection) -> None:
    """Makes commits durable, and cheap for the flash. Raises sqlite3.Error."""
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")  # Counts for a new file only.
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
    connection.execute(f"PRAGMA cache_size = -{CACHE}")


def transact(connection: sqlite3.Connection, write: Callable[[sqlite3.Connection], Any]) -> Any:
    """What `write` returns, once all of it is on disk; else nothing of it is."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = write(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def check(connection: sqlite3.Connection) -> None:
    """Raises sqlite3.DatabaseError for a damaged file.

    quick_check reads every page and every row; integrity_check also compares indexes with tables, half as long again.
    """
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise sqlite3.DatabaseError(" ".join(verdict.split()))  # it comes in lines


def is_damage(error: Exception) -> bool:
    """Whether an error at start means that the file is damaged, not that the disk or the permissions are at fault."""
    if not isinstance(error, sqlite3.Error):
        return isinstance(error, KeyError | ValueError)  # What was read makes no sense.
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.DatabaseError) and (code is None or code & 0xFF in DAMAGED)


def set_aside(path: Path) -> Path:
    """Renames the database and its log, as far as they are there, to a dated name that is free; returns the name."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    suffixes = ("", *(f"-{number}" for number in range(2, 1000)))
    names = (path.with_name(f"{path.name}.damaged-{stamp}{suffix}") for suffix in suffixes)
    aside = next((name for name in names if not name.exists()), None)
    if aside is None:
        raise StoreError(f"There are too many damaged databases in {path.parent}; move them away.")
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    log = path.with_name(path.name + LOG)
    if log.exists():
        log.rename(aside.with_name(aside.name + LOG))
    if path.exists():
        path.rename(aside)  # The database last: after a power cut in between, this is done again.
    sync_directory(path.parent)
    return aside
