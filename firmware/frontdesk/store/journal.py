"""The journal: the one thread that writes. All that waits goes into one transaction with one fsync.

Whatever queues up while a transaction is syncing goes into the next: a batch grows with the load by itself, there is no
timer and no added latency.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from ..config import DEFAULTS
from ..model import Commit, Sentence
from . import bindings, database, lost_changes
from .batch import Batch
from .clock import Clock
from .log_room import LogRoom
from .trouble import Trouble, lost, silent, unwritable, without_snapshot

log = logging.getLogger(__name__)

SILENT = 10.0
"""Seconds that one batch may take; a disk that takes longer is told of."""
SOUND = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_FULL})
"""Primary result codes after which a connection is as good as before."""

UNINTERRUPTIBLE = "D"
"""The state of a thread that waits for a device (proc_pid_stat(5))."""

Connect = Callable[[], sqlite3.Connection]
Done = Callable[[list[int], Exception | None], None]
"""Called in the writer thread with the tickets of a batch: on disk (None), or not, and why."""
Write = Callable[[sqlite3.Connection], Any]
"""A change by hand; it runs inside the batch's transaction and neither begins nor ends one, unless it is `bare`."""


@dataclass(slots=True)
class _Entry:
    """What waits: copied rows of one commit, or a change by hand and whom to tell."""

    ticket: int = 0
    saved: list[bindings.Row] = field(default_factory=list)
    removed: Sequence[int] = ()
    calls: Sequence[bindings.Row] = ()
    up: Sequence[bindings.Row] = ()
    over: Sequence[bindings.Row] = ()
    write: Write | None = None
    snapshot: bool = False
    bare: bool = False
    """By itself, in no transaction."""
    future: Future[Any] | None = None
    heartbeat: bool = False
    """Writes nothing."""
    last: bool = False
    """The journal is closed behind it."""


def default_call_records() -> int:
    """How many ended calls are kept where nobody sets it."""
    return DEFAULTS.call_records


class Journal:
    """Owns the only writing connection; `connect` makes it, in the thread, and makes a new one after a failure."""

    def __init__(
        self,
        connect: Connect,
        done: Done,
        clock: Clock,
        *,
        call_records: Callable[[], int] = default_call_records,
        changed: Callable[[sqlite3.Connection], object] = lambda connection: None,
        is_lost: Callable[[], bool] = lambda: False,
    ) -> None:
        """`call_records` says, whenever some are written, how many are kept. `changed` is called after a batch with
        changes by hand, before their futures are done: a snapshot. `is_lost` says whether the file that `connect`
        opened has been deleted or replaced."""
        self.commits = 0
        """Transactions that brought something to the disk: one that only reads is none."""
        self._connect = connect
        self._done = done
        self._clock = clock
        self._call_records = call_records
        self._changed = changed
        self._is_lost = is_lost
        # A Condition costs both threads ten times as much, and wakes the writer at each entry of a turn.
        self._queue: SimpleQueue[list[_Entry]] = SimpleQueue()
        self._gate = threading.Lock()
        self._queued = self._finished = 0
        self._closing = False
        self._disk = Trouble(unwritable(), "the disk is written again", clock)
        self._snapshots = Trouble(without_snapshot(), "snapshots are written again", clock)
        self._connection: sqlite3.Connection | None = None
        self._room: LogRoom | None = None
        self._written = 0
        self._busy_since = inf
        """When the thread began with what it is at; `inf` while it waits for something to do."""
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    # -- for the loop --------------------------------------------------------------------------------------------------

    def submit(self, *commits: Commit) -> None:
        """Queues the commits of a turn. Rows are copied here, so the bindings may change as soon as this returns."""
        offset = self._clock.offset()
        self._put([self._entry(commit, offset) for commit in commits])

    def _entry(self, commit: Commit, offset: float) -> _Entry:
        changes, clock = commit.changes, self._clock
        rows = [bindings.row(binding, clock, offset) for binding in changes.saved]
        entry = _Entry(commit.ticket, rows, tuple(changes.removed))
        if changes.calls or changes.up:
            entry.calls = [bindings.call_row(call, offset) for call in changes.calls]
            entry.up = [(call.id, *bindings.call_row(call, offset)) for call in changes.up]
            entry.over = [(call.id,) for call in changes.calls if call.id]
        return entry

    def execute(self, write: Write, *, snapshot: bool = True, bare: bool = False) -> Future[Any]:
        """Queues a change by hand; the future gets what `write` returned when that is on disk, or the error. `bare`: it
        is what SQLite does outside of transactions alone."""
        future: Future[Any] = Future()
        self._put([_Entry(write=write, snapshot=snapshot, bare=bare, future=future)])
        return future

    def heartbeat(self) -> Future[Any]:
        """Is done when the thread has been through all that waited; nothing is written for it."""
        future: Future[Any] = Future()
        self._put([_Entry(future=future, heartbeat=True)])
        return future

    @property
    def pending(self) -> int:
        """Commits that are not on disk yet."""
        return self._queued - self._finished

    @property
    def notices(self) -> list[Sentence]:
        """What the disk does not do at the moment, a sentence each."""
        told = [lost()] if self._is_lost() else []
        if self._clock.now() - (since := self._busy_since) > SILENT:  # read once: the thread goes on meanwhile
            told.append(silent(since, self._clock))
        return [*told, *filter(None, (trouble.notice for trouble in (self._disk, self._snapshots)))]

    @property
    def bytes_written(self) -> int:
        """What the writer thread has written (log, database, snapshots), by the kernel's account of that thread.

        `write_bytes` counts the blocks that are to reach a device; a file system in memory has none, there it is what
        was passed to write().
        """
        if self._thread.is_alive() and self._thread.native_id is not None:
            self._written = max(self._written, _written_by(self._thread.native_id))
        return self._written

    def is_held_up(self) -> bool:
        """Whether the kernel holds the thread up, at a disk that does not answer: it can't even be killed then."""
        return self._thread.native_id is not None and _state_of(self._thread.native_id) == UNINTERRUPTIBLE

    def close(self) -> None:
        """Writes what waits and ends the thread; a second call does nothing."""
        with self._gate:
            if not self._closing:
                self._closing = True
                self._queue.put([_Entry(last=True)])
        self._thread.join()

    def _put(self, entries: list[_Entry]) -> None:
        with self._gate:
            if self._closing:
                raise RuntimeError("the journal is closed")
            self._queued += len(entries)
            self._queue.put(entries)

    # -- the thread ----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        last = False
        while not last:
            batch = self._take()
            last = batch[-1].last
            if last:
                batch.pop()
            if batch and _are_commits(batch):  # nearly always
                self._settle(batch)
                self._finished += len(batch)
                continue
            # A future that was cancelled while it waited is not written; from here on none can be cancelled.
            live = [entry for entry in batch if not entry.future or entry.future.set_running_or_notify_cancel()]
            if writes := [entry for entry in live if not entry.heartbeat and not entry.bare]:
                self._settle(writes)
            for entry in live:
                if entry.bare:
                    self._settle([entry])
            for entry in live:
                if entry.heartbeat and entry.future is not None:
                    entry.future.set_result(None)
            self._finished += len(batch)
        self._let_go()
        self._written = max(self._written, _written_by(threading.get_native_id()))

    def _take(self) -> list[_Entry]:
        self._busy_since = inf
        batch = self._queue.get()
        self._busy_since = self._clock.now()
        for _ in range(self._queue.qsize()):  # nobody else takes any
            batch += self._queue.get()
        return batch

    def _settle(self, batch: list[_Entry]) -> None:
        try:
            results = self._commit(batch)
        except Exception as error:
            if _is_of_the_disk(error):
                self._disk.met(error)
                self._fail(batch, error)
            elif len(batch) == 1:
                log.exception("a change cannot be written")
                self._fail(batch, error)
            else:  # The fault lies in one of them: the others must not suffer for it.
                for entry in batch:
                    self._settle([entry])
        else:
            self._succeed(batch, results)

    def _commit(self, batch: list[_Entry]) -> list[Any]:
        connection = self._open()
        before = connection.total_changes
        try:
            results = self._write_alone(connection, batch)
            if results is None:
                connection.execute("BEGIN IMMEDIATE")
                results = self._write(connection, batch)
                connection.execute("COMMIT")
        except BaseException as error:
            self._roll_back(connection, error)
            raise
        self.commits += connection.total_changes > before
        return results

    def _write_alone(self, connection: sqlite3.Connection, batch: list[_Entry]) -> list[Any] | None:
        """What needs no transaction. One saved row is one by itself: two statements less, each of which lets go of the
        interpreter's lock. None: nothing has been written."""
        entry = batch[0]
        if entry.bare and entry.write:
            return [entry.write(connection)]
        if len(batch) > 1 or entry.write or entry.removed or entry.calls or len(entry.saved) != 1:
            return None
        connection.execute(bindings.SAVE, entry.saved[0])
        return [None]

    def _write(self, connection: sqlite3.Connection, batch: list[_Entry]) -> list[Any]:
        results: list[Any] = []
        changes = Batch()
        for entry in batch:
            if entry.write is None:
                changes.add(entry.saved, entry.removed, entry.calls, entry.up, entry.over)
                results.append(None)
            else:
                changes.write(connection, self._call_records())
                results.append(entry.write(connection))
                if entry.snapshot:
                    lost_changes.count(connection)
        changes.write(connection, self._call_records())
        return results

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = self._connect()
            try:
                if self._disk.spell:
                    _empty_log(connection)
                room = LogRoom(database.file_of(connection))
            except BaseException:
                connection.close()
                raise
            self._connection, self._room = connection, room
        return self._connection

    def _roll_back(self, connection: sqlite3.Connection, error: BaseException) -> None:
        # A full disk leaves the connection whole. After anything worse it is not trusted: the next batch opens another.
        sound = not isinstance(error, sqlite3.Error) or getattr(error, "sqlite_errorcode", 0) & 0xFF in SOUND
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error as second:
            log.debug("rolling back failed as well: %s", second)
            sound = False
        if not sound:
            self._let_go()

    def _let_go(self) -> None:
        if self._room is not None:
            self._room.close()
            self._room = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # -- telling -------------------------------------------------------------------------------------------------------

    def _succeed(self, batch: list[_Entry], results: list[Any]) -> None:
        self._disk.over()
        self._tell([entry.ticket for entry in batch if entry.ticket], None)
        if self._snapshots.spell or not _are_commits(batch):
            self._hand_out(batch, results)
        if self._room is not None:  # last: nobody waits for it
            self._room.keep()

    def _hand_out(self, batch: list[_Entry], results: list[Any]) -> None:
        futures = [(entry.future, result) for entry, result in zip(batch, results, strict=True) if entry.future]
        if self._snapshots.spell or any(entry.snapshot for entry in batch):
            self._after_change()
        for future, result in futures:
            future.set_result(result)

    def _after_change(self) -> None:
        # The change is on disk: a snapshot that fails, for whatever reason, does not deny it, nor end the thread.
        try:
            self._changed(self._open())
        except Exception as error:
            self._snapshots.met(error)
            self._let_go()  # What it has of the snapshot may still be attached.
        else:
            self._snapshots.over()

    def _fail(self, batch: list[_Entry], error: Exception) -> None:
        self._tell([entry.ticket for entry in batch if entry.ticket], error)
        for entry in batch:
            if entry.future is not None:
                entry.future.set_exception(error)

    def _tell(self, tickets: list[int], error: Exception | None) -> None:
        if not tickets:
            return
        try:
            self._done(tickets, error)
        except Exception:  # The loop may be gone at shutdown; what is on disk stays on disk.
            log.debug("nobody heard about tickets %s", tickets, exc_info=True)


def _are_commits(batch: list[_Entry]) -> bool:
    """Whether nothing of it is by hand."""
    for entry in batch:  # noqa: SIM110 - with a generator it takes three times as long for the few that there are
        if entry.future is not None:
            return False
    return True


def _is_of_the_disk(error: Exception) -> bool:
    """Whether the disk is at fault, or the file is damaged (DatabaseError itself), and not what was to be written."""
    return isinstance(error, OSError | sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def _empty_log(connection: sqlite3.Connection) -> None:
    """Copies the write-ahead log home and cuts it off, durably.

    After a sync that failed, pages of the log may be on disk no longer although they can still be read: a commit behind
    them would be lost with them at a power cut.
    """
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise sqlite3.OperationalError("somebody reads the database, so its log cannot be emptied")


def _state_of(thread: int) -> str:
    try:
        return Path(f"/proc/self/task/{thread}/stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return ""


def _written_by(thread: int) -> int:
    try:
        lines = Path(f"/proc/self/task/{thread}/io").read_text().splitlines()
    except OSError:
        return 0
    counts = {name: int(count) for name, _, count in (line.partition(": ") for line in lines)}
    return counts["write_bytes"] or counts["wchar"]
