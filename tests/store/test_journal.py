"""The journal: batches, their order, and what happens when the disk is full."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontdesk.model import Changes, Commit
from frontdesk.store import Journal, database
from frontdesk.store import journal as journal_module
from frontdesk.store.bindings import SAVE
from frontdesk.store.store import NAME
from tests.store.disk import FULL, Disk, Held, Told
from tests.store.rows import BOOT, NOW, WALL, account, binding, call, clock, opened, save


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    opened(tmp_path).close()
    return Disk(tmp_path / NAME)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def journal(disk: Disk, told: Told) -> Iterator[Journal]:
    journal = Journal(disk.connect, told, clock(), call_records=lambda: 5)
    yield journal
    journal.close()


def on_disk(disk: Disk, table: str = "bindings", column: str = "id") -> list[Any]:
    connection = database.connect(disk.path)
    try:
        return [value for (value,) in connection.execute(f"SELECT {column} FROM {table} ORDER BY 1")]
    finally:
        connection.close()


def commit(ticket: int, **changes: Any) -> Commit:
    return Commit(ticket, Changes(**changes))


def test_told_when_it_is_on_disk(disk: Disk, journal: Journal, told: Told) -> None:
    journal.submit(commit(7, saved=[binding(1)]))
    assert told.wait(1) == [([7], None)]
    assert on_disk(disk) == [1]


def test_all_that_waits_is_one_transaction_in_the_order_given(disk: Disk, told: Told) -> None:
    held = Held(disk.connect)
    journal = Journal(held, told, clock())
    journal.submit(commit(1, saved=[binding(1)]))  # The thread takes this one alone, and waits for its connection.
    assert held.asked.wait(10)
    journal.submit(commit(2, saved=[binding(2), binding(3)]))
    journal.submit(commit(3, removed=[2], saved=[binding(4)]))
    journal.submit(commit(4, removed=[1]))
    assert journal.pending == 4
    held.go.set()
    journal.close()
    assert told.batches == [([1], None), ([2, 3, 4], None)]
    assert (journal.commits, journal.pending) == (2, 0)
    assert on_disk(disk) == [3, 4]


@pytest.mark.parametrize("number", [1, 7, 8, 9, 63, 64, 65, 200])
def test_any_number_of_rows_is_written_and_removed(disk: Disk, journal: Journal, told: Told, number: int) -> None:
    journal.submit(commit(1, saved=[binding(id) for id in range(1, number + 2)]))
    told.wait(1)
    assert on_disk(disk) == list(range(1, number + 2))
    journal.submit(commit(2, removed=list(range(1, number + 1))))
    told.wait(2)
    assert on_disk(disk) == [number + 1]


def test_last_of_many_changes_in_a_batch_stays(disk: Disk, told: Told) -> None:
    held = Held(disk.connect)
    journal = Journal(held, told, clock())
    journal.submit(commit(1, saved=[binding(1)]))
    journal.submit(commit(2, removed=[1]))
    journal.submit(commit(3, saved=[binding(1, cseq=8), binding(2)], removed=[2]))
    counted = journal.execute(lambda connection: connection.execute("SELECT id, cseq FROM bindings").fetchall())
    journal.submit(commit(4, saved=[binding(1, cseq=9)]))
    held.go.set()
    assert counted.result(10) == [(1, 8)]
    journal.close()
    assert on_disk(disk, column="cseq") == [9]


def test_rows_are_copied_when_they_are_submitted(disk: Disk, told: Told) -> None:
    held = Held(disk.connect)
    journal = Journal(held, told, clock())
    changing = binding(1, cseq=1)
    journal.submit(commit(1, saved=[changing]))
    changing.cseq = 2
    held.go.set()
    journal.close()
    assert on_disk(disk, column="cseq") == [1]


def test_ticket_0_is_written_and_not_told(disk: Disk, journal: Journal, told: Told) -> None:
    journal.submit(commit(0, calls=[call()]))
    journal.close()
    assert (told.batches, on_disk(disk, "calls", "call_id")) == ([], ["call-1"])


@pytest.mark.parametrize(("statement", "rows"), [("BEGIN", 2), ("INSERT", 2), ("COMMIT", 2), ("INSERT", 1)])
def test_full_disk_fails_the_tickets_and_rolls_back(
    disk: Disk, journal: Journal, told: Told, statement: str, rows: int
) -> None:
    disk.fault = statement
    journal.submit(commit(1, saved=[binding(id) for id in range(1, rows + 1)]))
    [(tickets, error)] = told.wait(1)
    assert tickets == [1] and FULL in str(error)
    assert on_disk(disk) == []


def test_it_recovers_when_there_is_space_again(disk: Disk, journal: Journal, told: Told) -> None:
    disk.fault = "INSERT"
    journal.submit(commit(1, saved=[binding(1)]))
    told.wait(1)
    disk.fault = ""
    journal.submit(commit(2, saved=[binding(2)]))
    assert told.wait(2)[1] == ([2], None)
    assert on_disk(disk) == [2]


def test_spell_of_failures_is_one_warning(
    disk: Disk, journal: Journal, told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    disk.fault = "INSERT"
    for ticket in range(1, 6):
        journal.submit(commit(ticket, saved=[binding(ticket)]))
        told.wait(ticket)
    disk.fault = ""
    journal.submit(commit(6, saved=[binding(6)]))
    journal.close()
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == 2 and FULL in warnings[0] and "again" in warnings[1]


def test_truly_full_database_fails_and_recovers_on_the_same_connection(disk: Disk, told: Told) -> None:
    connections: list[sqlite3.Connection] = []

    def connect() -> sqlite3.Connection:
        connections.append(disk.connect())
        connections[0].execute("PRAGMA max_page_count = 40")
        return connections[0]

    journal = Journal(connect, told, clock())
    journal.submit(commit(1, saved=[binding(id) for id in range(2, 500)]))
    told.wait(1)
    journal.execute(lambda connection: connection.execute("PRAGMA max_page_count = 4000")).result(10)
    journal.submit(commit(2, saved=[binding(3)]))
    journal.close()
    assert [(tickets, str(error)) for tickets, error in told.batches] == [([1], FULL), ([2], "None")]
    assert on_disk(disk) == [3] and len(connections) == 1


def test_disk_that_cannot_be_opened_fails_and_recovers(disk: Disk, told: Told) -> None:
    working = threading.Event()

    def connect() -> sqlite3.Connection:
        if not working.is_set():
            raise sqlite3.OperationalError("unable to open database file")
        return disk.connect()

    journal = Journal(connect, told, clock())
    journal.submit(commit(1, saved=[binding(1)]))
    assert told.wait(1)[0][1] is not None
    working.set()
    journal.submit(commit(2, saved=[binding(2)]))
    journal.close()
    assert on_disk(disk) == [2]


def test_row_that_cannot_be_stored_fails_alone(disk: Disk, told: Told) -> None:
    held = Held(disk.connect)
    journal = Journal(held, told, clock())
    journal.submit(commit(1, saved=[binding(1)]))
    while journal._queue.qsize():
        pass
    journal.submit(commit(2, saved=[binding(2)]))
    journal.submit(commit(3, saved=[binding(3, reg_id=2**70)]))  # More than SQLite's 64 bits.
    journal.submit(commit(4, saved=[binding(4)]))
    held.go.set()
    journal.close()
    assert [tickets for tickets, error in told.batches if error is None] == [[1], [2], [4]]
    assert on_disk(disk) == [1, 2, 4] and journal.notices == []


@pytest.mark.parametrize(
    ("error", "is_told"),
    [
        (OSError("no such device"), True),
        (sqlite3.OperationalError(FULL), True),
        (sqlite3.DatabaseError("database disk image is malformed"), True),
        (sqlite3.IntegrityError("NOT NULL constraint failed"), False),
        (ValueError("no surrogates"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_disk_is_told_of_only_where_it_is_at_fault(
    journal: Journal, caplog: pytest.LogCaptureFixture, error: Exception, is_told: bool
) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        raise error

    with pytest.raises(type(error)):
        journal.execute(fail).result(10)
    assert bool(journal.notices) == is_told
    assert str(error) in caplog.text, "either way somebody can find out"


def test_change_by_hand_answers_when_it_is_on_disk(disk: Disk, journal: Journal) -> None:
    future = journal.execute(lambda connection: connection.execute("DELETE FROM bindings").rowcount)
    assert future.result(10) == 0


def test_change_by_hand_that_fails_tells_why_and_the_journal_goes_on(disk: Disk, journal: Journal, told: Told) -> None:
    future = journal.execute(lambda connection: connection.execute("DELETE FROM nowhere"))
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        future.result(10)
    journal.submit(commit(1, saved=[binding(1)]))
    assert told.wait(1)[-1] == ([1], None)


def test_reading_is_no_commit(disk: Disk, journal: Journal) -> None:
    select = "SELECT * FROM calls"
    journal.execute(lambda connection: connection.execute(select).fetchall(), snapshot=False).result(10)
    assert journal.commits == 0
    journal.submit(commit(0, saved=[binding(1)]))
    journal.submit(commit(0, removed=[2]))
    journal.heartbeat().result(10)
    assert journal.commits == 1, "nor is what leaves all as it was"


def test_cancelled_change_is_not_done(disk: Disk, told: Told) -> None:
    held = Held(disk.connect)
    journal = Journal(held, told, clock())
    journal.submit(commit(1, saved=[binding(1)]))
    while journal._queue.qsize():
        pass
    future = journal.execute(lambda connection: connection.execute("DELETE FROM bindings"))
    assert future.cancel()
    held.go.set()
    journal.close()
    assert on_disk(disk) == [1]


def test_changes_by_hand_make_one_snapshot_a_batch(disk: Disk, told: Told) -> None:
    held = Held(disk.connect)
    snapshots: list[sqlite3.Connection] = []
    journal = Journal(held, told, clock(), changed=snapshots.append)
    journal.submit(commit(1, saved=[binding(1)]))
    while journal._queue.qsize():
        pass
    futures = [journal.execute(lambda connection: None) for _ in range(3)]
    held.go.set()
    for future in futures:
        future.result(10)
    journal.execute(lambda connection: None, snapshot=False).result(10)
    journal.close()
    assert len(snapshots) == 1


def test_snapshot_that_fails_does_not_undo_the_change(disk: Disk, told: Told) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        raise OSError("no space")

    journal = Journal(disk.connect, told, clock(), changed=fail)
    assert journal.execute(lambda connection: "done").result(10) == "done"
    journal.close()


def test_call_records_are_bounded_the_oldest_go_first(disk: Disk, journal: Journal) -> None:
    for number in range(12):
        journal.submit(commit(0, calls=[call(number)]))
    journal.close()
    assert on_disk(disk, "calls", "call_id") == sorted(f"call-{number}" for number in range(7, 12))


def test_another_number_of_call_records_counts_from_the_next_record_on(disk: Disk, told: Told) -> None:
    kept = 3
    journal = Journal(disk.connect, told, clock(), call_records=lambda: kept)
    for number in range(4):
        journal.submit(commit(0, calls=[call(number)]))
    journal.heartbeat().result(10)
    kept = 1
    journal.submit(commit(0, calls=[call(4)]))
    journal.close()
    assert on_disk(disk, "calls", "call_id") == ["call-4"]


def test_call_record_keeps_wall_times(disk: Disk, journal: Journal) -> None:
    journal.submit(commit(0, calls=[call(answered_at=None)]))
    journal.close()
    assert on_disk(disk, "calls", "started") == [WALL - 20]
    assert on_disk(disk, "calls", "answered") == [None]


def test_what_waits_is_written_at_close(disk: Disk, told: Told) -> None:
    journal = Journal(disk.connect, told, clock())
    for ticket in range(1, 101):
        journal.submit(commit(ticket, saved=[binding(ticket)]))
    journal.close()
    assert len(on_disk(disk)) == 100
    with pytest.raises(RuntimeError):
        journal.submit(commit(101))


def test_listener_that_fails_does_not_stop_the_journal(disk: Disk) -> None:
    def done(tickets: list[int], error: Exception | None) -> None:
        raise RuntimeError("the loop is closed")

    journal = Journal(disk.connect, done, clock())
    journal.submit(commit(1, saved=[binding(1)]))
    journal.execute(lambda connection: None).result(10)
    journal.close()
    assert on_disk(disk) == [1]


def test_sixteen_moved_bindings_cost_at_most_1500_bytes_each(disk: Disk, told: Told) -> None:
    """The budget of the flash, counted in what the log takes: frames, each a page and 24 bytes."""
    journal = Journal(disk.connect, told, clock())
    journal.submit(commit(1, saved=[binding(id) for id in range(1, 1001)]))
    told.wait(1)
    before = wal_frames(disk)
    journal.submit(commit(2, saved=[binding(id, cseq=8) for id in range(1, 1001, 62)][:16]))
    told.wait(2)
    frames = wal_frames(disk) - before
    journal.close()
    assert frames * (database.PAGE_SIZE + 24) <= 16 * 1500


def test_bytes_written_are_counted_and_stay_after_the_end(disk: Disk, told: Told) -> None:
    journal = Journal(disk.connect, told, clock())
    journal.submit(commit(1, saved=[binding(id) for id in range(1, 101)]))
    told.wait(1)
    written = journal.bytes_written
    assert written >= 100 * 200
    journal.close()
    assert journal.bytes_written >= written


def test_bytes_written_never_fall(disk: Disk, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel counts otherwise once a first block has reached a device, and may tell nothing at all."""
    journal = Journal(disk.connect, told, clock())
    counts = []
    for count in (500, 200, 0, 700):
        monkeypatch.setattr(journal_module, "_written_by", lambda thread, count=count: count)
        counts.append(journal.bytes_written)
    monkeypatch.setattr(journal_module, "_written_by", lambda thread: 0)
    journal.close()
    assert [*counts, journal.bytes_written] == [500, 500, 500, 700, 700]


def wal_frames(disk: Disk) -> int:
    return (disk.path.with_name(f"{NAME}-wal").stat().st_size - 32) // (database.PAGE_SIZE + 24)


def test_same_boot_id_and_times_reach_the_row(disk: Disk, journal: Journal) -> None:
    journal.submit(commit(1, saved=[binding(1)]))
    journal.close()
    assert on_disk(disk, column="boot") == [BOOT]
    assert on_disk(disk, column="deadline") == [NOW + 3600]
    assert on_disk(disk, column="seen") == [int(WALL - 1)]
    assert SAVE.count("?") == 21


def test_journal_and_accounts_share_batches(tmp_path: Path, told: Told) -> None:
    store = opened(tmp_path)
    save(store, account("101"))
    journal = store.journal(told, clock())
    journal.submit(commit(1, saved=[binding(1)]))
    journal.execute(lambda connection: connection.execute("DELETE FROM accounts")).result(10)
    journal.close()
    reopened = opened(tmp_path)
    assert reopened.accounts() == [] and len(reopened.bindings(NOW, WALL, BOOT)) == 1
    reopened.close()
