"""Snapshots of all but bindings and calls: small SQLite files, one after each change, read back after damage.

The file's name carries a number that grows (a board without a clock battery has no dates to go by) and the start of the
SHA-256 of its content.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from ..files import write_whole
from .database import PAGE_SIZE
from .schema import VOLATILE, version_of

KEEP = 3
"""Snapshots that stay; the oldest go first."""
DIGITS = 16
"""Hex digits of the SHA-256 in the name: they find damage, they prove nothing."""

TABLES = "SELECT name, sql FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
INDEXES = "SELECT sql FROM main.sqlite_master WHERE type = 'index' AND sql NOT NULL"


class Snapshots:
    """DIR/snapshots."""

    def __init__(self, directory: Path) -> None:
        self._folder = directory / "snapshots"

    def write(self, connection: sqlite3.Connection) -> Path:
        """Writes one of the database as committed; no transaction may be open. Raises sqlite3.Error or OSError."""
        content = _copy(connection)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        number = max((_number(path) for path in self._files()), default=0) + 1
        path = self._folder / f"{number:08d}-{_digest(content)}.db"
        write_whole(path, content)
        self.tidy()
        return path

    def good(self) -> Iterator[tuple[Path, bytes]]:
        """Those whose content is what was written, newest first."""
        for path in self._files():
            try:
                content = path.read_bytes()
            except OSError:
                continue
            if path.stem.partition("-")[2] == _digest(content):
                yield path, content

    def _files(self) -> list[Path]:
        return sorted((path for path in self._folder.glob("*-*.db") if _number(path)), key=_number, reverse=True)

    def tidy(self, keep: int = KEEP) -> None:
        """Takes away all but the newest. Raises OSError where one cannot be, once the others are gone."""
        with ExitStack() as old:
            for path in [*self._files()[keep:], *self._folder.glob("*.tmp")]:
                old.callback(path.unlink, missing_ok=True)


def _copy(connection: sqlite3.Connection) -> bytes:
    connection.execute("ATTACH ':memory:' AS snapshot")
    try:
        connection.execute(f"PRAGMA snapshot.page_size = {PAGE_SIZE}")
        for name, sql in connection.execute(TABLES).fetchall():
            connection.execute(sql.replace("CREATE TABLE ", "CREATE TABLE snapshot.", 1))
            if name not in VOLATILE:
                connection.execute(f'INSERT INTO snapshot."{name}" SELECT * FROM main."{name}"')
        for (sql,) in connection.execute(INDEXES).fetchall():
            connection.execute(_into_snapshot(sql))
        connection.execute(f"PRAGMA snapshot.user_version = {version_of(connection)}")
        return connection.serialize(name="snapshot")
    finally:
        connection.execute("DETACH snapshot")


def _into_snapshot(index: str) -> str:
    start, keyword, rest = index.partition("INDEX ")
    return f"{start}{keyword}snapshot.{rest}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def _number(path: Path) -> int:
    number = path.name.partition("-")[0]
    return int(number) if number.isdecimal() else 0
