"""A database whose disk can be full, who is told by its journal, and a write that is held up."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from frontdesk.store import database
from frontdesk.store.journal import Connect

FULL = "database or disk is full"


class FaultyConnection:
    """A connection that fails as a full disk does, for as long as `fault` is set, or at statements that it names."""

    def __init__(self, connection: sqlite3.Connection, disk: Disk) -> None:
        self._connection = connection
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *values: Any) -> Any:
        self._disk.meet(sql)
        return self._connection.execute(sql, *values)

    def executemany(self, sql: str, *values: Any) -> Any:
        self._disk.meet(sql)
        return self._connection.executemany(sql, *values)


class Disk:
    """The seam at which faults come in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fault = ""
        """The statement that fails, by its first word; "" for none."""
        self.error: Callable[[], Exception] = lambda: sqlite3.OperationalError(FULL)

    def connect(self) -> sqlite3.Connection:
        return FaultyConnection(database.connect(self.path), self)  # type: ignore[return-value]

    def meet(self, sql: str) -> None:
        if self.fault and sql.startswith(self.fault):
            raise self.error()


class Told:
    """What `done` was called with."""

    def __init__(self) -> None:
        self.batches: list[tuple[list[int], Exception | None]] = []
        self.news = threading.Condition()

    def __call__(self, tickets: list[int], error: Exception | None) -> None:
        with self.news:
            self.batches.append((tickets, error))
            self.news.notify_all()

    def wait(self, batches: int) -> list[tuple[list[int], Exception | None]]:
        """Until so many batches were told."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.batches) >= batches, timeout=10)
            return self.batches


class Held:
    """Holds the writer thread at its first connection, so that a test decides what is one batch."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self.asked, self.go = threading.Event(), threading.Event()

    def __call__(self) -> sqlite3.Connection:
        self.asked.set()
        assert self.go.wait(10)
        return self._connect()
