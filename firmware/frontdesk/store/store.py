"""The store: what the box knows across restarts, in DIR/frontdesk.db."""

from __future__ import annotations

import errno
import gc
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..config import CERTIFICATES, DEFAULTS
from ..config import load as load_settings
from ..model import Account, Binding, Sentence, Settings
from . import accounts, binding_ids, bindings, database, lost_changes, schema, wiping
from .clock import Clock
from .journal import Done, Journal, Write, default_call_records
from .presence import Presence
from .snapshots import Snapshots

NAME = "frontdesk.db"


class Store:
    """The open database (`opening.py`). Its owner reads and writes here, or hands the writing over to the journal."""

    def __init__(self, directory: Path, connection: sqlite3.Connection, notices: list[Sentence]) -> None:
        self.directory = directory
        self.notices = notices
        """What the person at the box should know, a sentence each."""
        self.in_memory = False
        """Whether this is a copy of what the disk has, which takes nothing."""
        self.snapshots = Snapshots(directory)
        self._connection = connection
        self._settings: Settings | None = None
        self.meta = meta = accounts.load_pairs(connection, "meta")
        """What the box knew about itself when this was opened: its realm, its keys, its admin."""
        self.realm = meta["realm"]
        self.record_route_key = bytes.fromhex(meta["record_route_key"])

    def close(self) -> None:
        """Closes the connection; a second call does nothing."""
        self._connection.close()

    # -- reading -------------------------------------------------------------------------------------------------------

    def accounts(self) -> list[Account]:
        """All accounts by name."""
        with _no_collection():
            return accounts.load(self._connection, self.realm)

    def peers(self) -> dict[str, str]:
        """Trusted addresses -> their names."""
        return accounts.load_pairs(self._connection, "peers")

    def settings(self, defaults: Settings = DEFAULTS) -> Settings:
        """The settings over the defaults; one that cannot be is left at its default, with a notice."""
        if self._settings is None:
            self._settings, complaints = load_settings(
                accounts.load_pairs(self._connection, "settings"), defaults
            )
            self.notices += complaints
        return self._settings

    def bindings(self, now: float, wall: float, boot_id: int) -> list[Binding]:
        """All bindings, times on this boot's clock; a row that is damaged goes, with a notice."""
        with _no_collection():
            try:
                return bindings.load(self._connection, now, wall, boot_id)
            except (sqlite3.OperationalError, *bindings.SENSELESS):
                return self._legible_bindings(now, wall, boot_id)

    def _legible_bindings(self, now: float, wall: float, boot_id: int) -> list[Binding]:
        found, damaged = bindings.load_legible(self._connection, now, wall, boot_id)
        database.transact(self._connection, lambda each: each.executemany(bindings.REMOVE, [(id,) for id in damaged]))
        if not damaged:
            return found
        sentence = "Damaged registrations were dropped ({count}): those phones are reached again once they register."
        self.notices.append(Sentence(sentence, count=len(damaged)))
        return found

    def space(self) -> tuple[int, int]:
        """Bytes of its file system that are free for users, and all; of a directory that is gone none, since a notice
        says so already (`presence.py`)."""
        try:
            state = os.statvfs(self.directory)
        except OSError:
            return 0, 0
        return state.f_bavail * state.f_frsize, state.f_blocks * state.f_frsize

    # -- writing -------------------------------------------------------------------------------------------------------

    def write(self, write: Write, *, snapshot: bool = True, bare: bool = False) -> Any:
        """One change by hand, on disk when this returns, and a snapshot after it; `bare`: in no transaction. Raises
        sqlite3.Error."""
        if snapshot:
            write = _counted(write)
        result = write(self._connection) if bare else database.transact(self._connection, write)
        if snapshot:
            self.write_snapshot()
        return result

    def write_snapshot(self) -> None:
        """One of the database as it is now. Where none can be written, that is a notice."""
        try:
            self.snapshots.write(self._connection)
        except (OSError, sqlite3.Error) as error:  # What it is a snapshot of is on disk.
            sentence = "No snapshot of accounts and settings could be written: {error}."
            self.notices.append(Sentence(sentence, error=str(error)))

    def forget_past(self, certificates: bool) -> bool:
        """Nothing comes back from before: all snapshots go, and what was set aside; `certificates` of the page too.
        Whether all of it is gone: what cannot be taken away is told, and keeps nothing else there."""
        folder = self.directory / CERTIFICATES if certificates else None
        try:
            wiping.take_away(self.snapshots, self.directory.glob(f"{NAME}.damaged-*"), folder)
        except OSError as error:
            sentence = "Something of before the factory reset or restore is left in the data directory: {error}."
            notice = Sentence(sentence, error=str(error))
            notice.cure = Sentence("Take it away, then restart the box.")
            self.notices.append(notice)
            return False
        return True

    def next_binding_id(self, *, reserve: bool = True) -> int:
        """An id that no binding ever had; with `reserve` the first of a block: a process begins to serve."""
        return int(database.transact(self._connection, _begin)) if reserve else binding_ids.free(self._connection)

    def journal(self, done: Done, clock: Clock, *, call_records: Callable[[], int] = default_call_records) -> Journal:
        """Closes this store's own connection and starts the journal, from now on the only writer."""
        self.close()
        path = self.directory / NAME
        presence = Presence(path)

        def connect() -> sqlite3.Connection:
            if presence.is_lost():  # SQLite would make an empty one
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), NAME)
            connection = database.connect(path)
            return self._begin(connection) if self.in_memory else connection

        journal = Journal(
            connect, done, clock, call_records=call_records, changed=self.snapshots.write, is_lost=presence.is_lost
        )
        if self.in_memory:
            journal.execute(lambda connection: None, snapshot=False)  # so that it tells of the disk at once
        return journal

    def _begin(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """The disk takes something again: first of all what was done in memory alone."""
        try:
            schema.migrate(connection, NAME)
            database.transact(connection, _begin)
        except BaseException:
            connection.close()
            raise
        self.in_memory = False
        return connection


@contextmanager
def _no_collection() -> Iterator[None]:
    """Loading makes much and drops nothing: the garbage collector would only look at all of it again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _counted(write: Write) -> Write:
    def write_and_count(connection: sqlite3.Connection) -> Any:
        result = write(connection)
        lost_changes.count(connection)
        return result

    return write_and_count


def _begin(connection: sqlite3.Connection) -> int:
    """Sets ids apart; what the process before has left of its calls is over."""
    bindings.end_calls(connection)
    return binding_ids.take(connection)
