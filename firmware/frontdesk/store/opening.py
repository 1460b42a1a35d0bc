"""How the database is opened: made where there is none, set aside where it is damaged, and brought back from a snapshot
(`snapshots.py`), which also knows what a damaged log has lost (`lost_changes.py`)."""

from __future__ import annotations

import errno
import os
import secrets
import sqlite3
from contextlib import suppress
from pathlib import Path

from ..files import write_whole
from ..model import Sentence
from . import accounts, binding_ids, bindings, database, lost_changes, schema, wiping
from .errors import StoreError
from .snapshots import Snapshots
from .store import NAME, Store

UNWRITABLE = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY})
"""Primary result codes that mean the disk takes nothing."""


def open_store(directory: Path, domain: str | None = None, *, serve: bool = False) -> Store:
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
        if not schema.version_of(connection):
            raise sqlite3.DatabaseError("nobody has written to it")
        schema.migrate(connection, NAME)
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
    binding_ids.free(connection)
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
    database.transact(connection, lambda each: _name(each, domain))
    store = Store(path.parent, connection, notices)
    store.write_snapshot()
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
    database.transact(connection, lambda each: lost_changes.recover(each, snapshot))
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
