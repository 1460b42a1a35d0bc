"""What one transaction of the journal writes: of many changes of a binding the last, in few statements.

Each step of a statement lets go of the interpreter's lock, and getting it back from a loop under load takes up to 5 ms
(`sys.getswitchinterval`): a statement for 64 rows takes one step.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import cache

from . import bindings
from .bindings import Row

CHUNKS = (64, 32, 16, 8, 4, 2, 1)
"""Rows in one statement; few sizes, so that each is prepared once."""


class Batch:
    """Changes in the order in which they came, until `write`."""

    def __init__(self) -> None:
        self._saved: dict[int, Row] = {}
        self._removed: dict[int, Row] = {}
        self._calls: list[Row] = []
        self._up: list[Row] = []
        self._over: list[Row] = []

    def add(
        self,
        saved: Sequence[Row],
        removed: Sequence[int],
        calls: Sequence[Row],
        up: Sequence[Row] = (),
        over: Sequence[Row] = (),
    ) -> None:
        """The next commit: first it saves, then it removes. `over`: ids of calls that were up, and have ended."""
        for row in saved:
            self._saved[row[0]] = row
            self._removed.pop(row[0], None)
        for id in removed:
            self._saved.pop(id, None)
            self._removed[id] = (id,)
        self._calls += calls
        self._up += up
        self._over += over

    def write(self, connection: sqlite3.Connection, call_records: int) -> None:
        """Writes all, and is empty again."""
        _write_rows(connection, _save, list(self._saved.values()))
        _write_rows(connection, _remove, list(self._removed.values()))
        if self._up or self._over:  # which of them comes first is all the same but where a call is in both
            _write_rows(connection, _save_up, self._up)
            _write_rows(connection, _remove_up, self._over)
        if self._calls:
            _write_rows(connection, _save_call, self._calls)
            connection.execute(bindings.TRIM_CALLS, (call_records,))
        for written in (self._saved, self._removed, self._calls, self._up, self._over):
            written.clear()


def _write_rows(connection: sqlite3.Connection, statement: Callable[[int], str], rows: list[Row]) -> None:
    at = 0
    while at < len(rows):
        size = next(size for size in CHUNKS if size <= len(rows) - at)
        connection.execute(statement(size), [value for row in rows[at : at + size] for value in row])
        at += size


@cache
def _save(rows: int) -> str:
    return _for_rows(bindings.SAVE, rows)


@cache
def _save_call(rows: int) -> str:
    return _for_rows(bindings.SAVE_CALL, rows)


@cache
def _save_up(rows: int) -> str:
    return _for_rows(bindings.SAVE_UP, rows)


@cache
def _remove(rows: int) -> str:
    return f"DELETE FROM bindings WHERE id IN ({', '.join('?' * rows)})"


@cache
def _remove_up(rows: int) -> str:
    return f"DELETE FROM calls_up WHERE id IN ({', '.join('?' * rows)})"


def _for_rows(statement: str, rows: int) -> str:
    """An INSERT of one row as one of so many."""
    head, _, values = statement.partition(" VALUES ")
    return f"{head} VALUES {', '.join([values] * rows)}"
