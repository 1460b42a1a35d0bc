"""The store: what the box knows across restarts, in DIR/frontdesk.db, and how it comes back when that is damaged."""

from __future__ import annotations

import errno
import gc
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..config import CERTIFICATES, DEFAULTS
from ..config import load as load_settings
from ..files import write_whole
from ..model import Account, Binding, Sentence, Settings
from . import accounts, bindings, database, lost_changes, schema, wiping
from .clock import Clock
from .errors import StoreError
from .journal import Done, Journal, Write, default_call_records
from .presence import Presence
from .snapshots import Snapshots

NAME = "frontdesk.db"
UNWRITABLE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY})
"""Primary result codes that mean the disk takes nothing."""
ID_BLOCK = 1_000_000
"""Binding ids set apart for each start: a token in a phone's hands may name one, so none is ever given twice."""


class Store:
    """The open database. Its owner reads and writes here, or hands the writing over to the journal."""

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

    @classmethod
    def open(cls, directory: Path, domain: str | None = None, *, serve: bool = False) -> Store:
        """Opens DIR/frontdesk.db or makes it, `domain` its realm; the caller holds the lock. Raises StoreError.

        With `serve`, a disk that takes nothing is enough: phones are served from what it has, and the journal, which
        tells of it, writes as soon as it can.
        """
        try:
            return _open(directory, domain)
        except StoreError:
            raise
        except (OSError, sqlite3.Error) as error:
            if serve and _takes_nothing(directory, error):
                with suppress(OSError, sqlite3.Error, *bindings.SENSELESS):
                    return _in_memory(directory)
            raise StoreError(f"The data in {directory} cannot be used: {_cause(directory, error)}.") from error

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
        _transact(self._connection, lambda each: each.executemany(bindings.REMOVE, [(id,) for id in damaged]))
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
        result = write(self._connection) if bare else _transact(self._connection, write)
        if snapshot:
            self._write_snapshot()
        return result

    def _write_snapshot(self) -> None:
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
        """An id that no binding ever had; with `reserve` the first of a block, for the process that serves."""
        return int(_transact(self._connection, _take_ids)) if reserve else _free_id(self._connection)

    def journal(self, done: Done, clock: Clock, *, call_records: Callable[[], int] = default_call_records) -> Journal:
        """Closes this store's own connection and starts the journal, from now on the only writer."""
        self.close()
        path = self.directory / NAME
        presence = Presence(path)

        def connect() -> sqlite3.Connection:
            if presence.is_lost():  # SQLite would make an empty one
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), NAME)
            connection = database.connect(path)
            return self._reserve_ids(connection) if self.in_memory else connection

        journal = Journal(
            connect, done, clock, call_records=call_records, changed=self.snapshots.write, is_lost=presence.is_lost
        )
        if self.in_memory:
            journal.execute(lambda connection: None, snapshot=False)  # so that it tells of the disk at once
        return journal

    def _reserve_ids(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """The disk takes something again: first of all the ids that were set apart in memory alone."""
        try:
            _transact(connection, _take_ids)
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


def _transact(connection: sqlite3.Connection, write: Callable[[sqlite3.Connection], Any]) -> Any:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = write(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _counted(write: Write) -> Write:
    def write_and_count(connection: sqlite3.Connection) -> Any:
        result = write(connection)
        lost_changes.count(connection)
        return result

    return write_and_count


def _free_id(connection: sqlite3.Connection) -> int:
    reserved = int(accounts.load_pairs(connection, "meta").get(schema.IDS, "1"))
    highest: int = connection.execute("SELECT ifnull(max(id), 0) FROM bindings").fetchone()[0]
    return max(reserved, highest + 1)


def _take_ids(connection: sqlite3.Connection) -> int:
    first = _free_id(connection)
    accounts.save_pair(connection, "meta", schema.IDS, str(first + ID_BLOCK))
    return first


# -- opening -----------------------------------------------------------------------------------------------------------


def _open(directory: Path, domain: str | None) -> Store:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / NAME
    sentence = "A damaged database was set aside as {name}."
    notices = [_curable(Sentence(sentence, name=aside.name)) for aside in _set_aside_before(path)]
    if not path.exists() or not path.stat().st_size:
        if path.with_name(NAME + database.LOG).exists():  # what is in it belongs to no other database
            aside = database.set_aside(path)
            sentence = "The database was gone; its log was set aside as {name}."
            notices.append(Sentence(sentence, name=aside.name + database.LOG))
        return _without_database(path, domain, notices)
    path.chmod(0o600)
    try:
        return _usable(path, domain, notices)
    except _Damaged as damaged:
        sentence = "The database was damaged ({cause}) and was set aside as {name}."
        notices.append(_curable(Sentence(sentence, cause=str(damaged.__cause__), name=damaged.aside.name)))
        return _without_database(path, domain, notices)


def _curable(notice: Sentence) -> Sentence:
    notice.cure = Sentence(
        "Look whether all accounts are there, then remove that file from the data directory; the notice ends with the "
        "next start."
    )
    return notice


def _set_aside_before(path: Path) -> list[Path]:
    names = sorted(path.parent.glob(f"{path.name}.damaged-*"))
    return [name for name in names if not name.name.endswith(database.LOG)]


def _cause(directory: Path, error: Exception) -> str:
    """With what is to be done, where the disk is the cause."""
    try:
        disk = os.statvfs(directory)
    except OSError:
        return str(error)
    if disk.f_flag & os.ST_RDONLY:
        return f"its disk is read-only ({error}); look at the disk, and start again"
    return str(error) if disk.f_bavail else f"its disk is full ({error}); make room on it, and start again"


def _takes_nothing(directory: Path, error: Exception) -> bool:
    """Whether the disk is full, read-only or worn out, and not the permissions at fault."""
    if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in UNWRITABLE:
        return True
    if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO):
        return True
    disk = os.statvfs(directory)
    return bool(disk.f_flag & os.ST_RDONLY)


def _in_memory(directory: Path) -> Store:
    connection = database.read_into_memory(directory / NAME)
    try:
        database.check(connection)
        if schema.version_of(connection) != schema.VERSION:
            raise sqlite3.DatabaseError("its schema is another one")
        accounts.check(connection)
        store = Store(directory, connection, [])
    except BaseException:
        connection.close()
        raise
    store.in_memory = True
    return store


class _Damaged(Exception):
    """The database could not be read, and has been set aside."""

    def __init__(self, aside: Path) -> None:
        super().__init__(aside)
        self.aside = aside


def _usable(path: Path, domain: str | None, notices: list[Sentence]) -> Store:
    connection = database.attach(path)
    try:
        return _checked(path, connection, domain, notices)
    except Exception as error:
        # Set aside before the connection is closed: closing empties the write-ahead log into the file and deletes it.
        aside = database.set_aside(path) if database.is_damage(error) else None
        connection.close()
        if aside is None:
            raise
        raise _Damaged(aside) from error


def _checked(path: Path, connection: sqlite3.Connection, domain: str | None, notices: list[Sentence]) -> Store:
    stopped_cleanly = not path.with_name(path.name + database.LOG).exists()
    database.prepare(connection)
    if schema.version_of(connection) <= schema.VERSION:
        database.check(connection)
    migrated = schema.migrate(connection, str(path))
    accounts.check(connection)
    _free_id(connection)
    snapshots = Snapshots(path.parent)
    snapshot = next((path for path, _ in snapshots.good()), None)
    lost = lost_changes.lost(connection, snapshot) if snapshot else 0
    if snapshot and lost and stopped_cleanly:  # somebody has put an older database there
        with suppress(OSError, sqlite3.Error):
            snapshots.write(connection)
    elif snapshot and lost:
        _recover(connection, snapshot, lost, notices)
    if not migrated and (meta := accounts.load_pairs(connection, "meta")):
        store = Store(path.parent, connection, notices)
        if wiping.MARK in meta:  # the power was cut behind a factory reset
            _finish_wipe(store)
        return store
    # Also where a power cut came between the tables and the names.
    _transact(connection, lambda each: _name(each, domain))
    store = Store(path.parent, connection, notices)
    store._write_snapshot()
    return store


def _finish_wipe(store: Store) -> None:
    is_gone = store.forget_past(store.meta[wiping.MARK] == wiping.ALL)
    store.write(wiping.keep_certificates, snapshot=False)
    store.write(wiping.scrub, snapshot=False, bare=True)
    if is_gone:
        store.write(wiping.settle)
        del store.meta[wiping.MARK]


def _recover(connection: sqlite3.Connection, snapshot: Path, lost: int, notices: list[Sentence]) -> None:
    """What a damaged log has lost comes from the newest snapshot, which knows of it."""
    _transact(connection, lambda each: lost_changes.recover(each, snapshot))
    sentence = (
        "The database had lost its latest changes ({count}): accounts and settings come from the snapshot {name}."
    )
    notice = Sentence(sentence, count=lost, name=snapshot.name)
    notice.cure = Sentence("Look whether all accounts are there; the notice ends with the next start.")
    notices.append(notice)


def _without_database(path: Path, domain: str | None, notices: list[Sentence]) -> Store:
    for snapshot, content in Snapshots(path.parent).good():
        write_whole(path, content)
        try:
            store = _usable(path, domain, notices)
        except _Damaged as damaged:
            sentence = "The snapshot {name} cannot be used: {cause}."
            notices.append(Sentence(sentence, name=snapshot.name, cause=str(damaged.__cause__)))
            continue
        sentence = "Accounts and settings come from the snapshot {name}; phones have to register again."
        notices.append(Sentence(sentence, name=snapshot.name))
        return store
    if notices:
        notices.append(Sentence("There was no good snapshot: the box starts empty."))
    path.unlink(missing_ok=True)
    database.create(path)
    return _usable(path, domain, notices)


def _name(connection: sqlite3.Connection, domain: str | None) -> None:
    """Fixes the realm (globally unique, RFC 3261 section 22.1) and the secrets of a database that has none yet."""
    known = accounts.load_pairs(connection, "meta")
    fresh = {
        "realm": (domain or f"frontdesk-{secrets.token_hex(4)}").lower(),
        "record_route_key": secrets.token_hex(32),
    }
    for key, value in fresh.items():
        if key not in known:
            accounts.save_pair(connection, "meta", key, value)
