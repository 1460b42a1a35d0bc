"""A disk that fails, at each call that the journal makes: nothing acknowledged is lost, and all goes on by itself."""

from __future__ import annotations

import logging
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import localtime, strftime
from typing import Any

import pytest

from frontdesk.control import VerbError
from frontdesk.model import Sentence
from frontdesk.store import Clock, open_store
from frontdesk.store.journal import Connect
from frontdesk.store.trouble import Trouble
from tests.support.durable_box import BOOT, PASSWORD, WALL, DurableBox, durable_box

Facts = dict[str, object]
"""Call-ID -> port of the binding (None: there is none), username -> whether there is that account."""
BEFORE: Facts = {"moved": 5060, "removed": 5061, "added": None, "102": False}
SHM = Path("/dev/shm")
HANDED: dict[str, Any] = {"isolation_level": None, "check_same_thread": False}
"""How a connection is opened that begins by itself and is handed to another thread."""
AFTER: Facts = {"moved": 5070, "removed": None, "added": 5072, "102": True}


def sqlite_error(code: int, text: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


ERRORS: dict[str, Callable[[], Exception]] = {
    "full": lambda: sqlite_error(sqlite3.SQLITE_FULL, "database or disk is full"),
    "read-only": lambda: sqlite_error(sqlite3.SQLITE_READONLY, "attempt to write a readonly database"),
    "broken": lambda: sqlite_error(sqlite3.SQLITE_IOERR, "disk I/O error"),
}


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there can be one: hundreds of boxes come and go, and no power is cut."""
    if not SHM.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(dir=SHM) as directory:
        yield Path(directory)


class Disk:
    """Counts the journal's calls and fails some of them."""

    def __init__(self, error: Callable[[], Exception], *, late: bool = False) -> None:
        self.calls = 0
        self.failing = range(0)
        """The calls that fail, counted from 0."""
        self._error = error
        self._late = late
        """Whether a call that fails has done its work all the same, as a commit that could not be synced may have."""

    def open(self, connect: Connect) -> Connect:
        """Connections as `connect` makes them, on this disk."""

        def faulty() -> sqlite3.Connection:
            self.meet()
            return Connection(connect(), self)  # type: ignore[return-value]

        return faulty

    def meet(self, call: Callable[[], Any] = lambda: None) -> Any:
        """Does a call, or fails."""
        failing = self.calls in self.failing
        self.calls += 1
        result = call() if self._late or not failing else None
        if failing:
            raise self._error()
        return result


class Connection:
    """A connection to a database on that disk."""

    def __init__(self, connection: sqlite3.Connection, disk: Disk) -> None:
        self._connection = connection
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._connection, name)
        if not callable(attribute) or name == "close":  # Closing fails for nobody (sqlite3_close_v2).
            return attribute
        return lambda *given, **named: self._disk.meet(lambda: attribute(*given, **named))


class Trial:
    """A box whose four changes meet a failing disk; what it has acknowledged."""

    def __init__(self, box: DurableBox, disk: Disk) -> None:
        self.box = box
        self.disk = disk
        self.acknowledged: Facts = {}
        self._cseq = count(2)
        box.do("account add", user="101", password=PASSWORD)
        for call_id in ("moved", "removed"):
            box.register("101", call_id, int(str(BEFORE[call_id])), cseq=1)
        assert [answer.status for answer in box.wait()] == [200, 200]
        disk.calls = 0

    def change(self) -> None:
        """Asks for each change that is not acknowledged yet."""
        for key in [key for key in AFTER if key not in self.acknowledged]:
            if self._add_account(key) if key == "102" else self._register(key):
                self.acknowledged[key] = AFTER[key]

    def _register(self, call_id: str) -> bool:
        was, port = BEFORE[call_id], AFTER[call_id]
        expires = 0 if port is None else 3600
        self.box.register("101", call_id, int(str(port or was)), cseq=next(self._cseq), expires=expires)
        [answer] = self.box.wait()
        assert answer.status == 200 or (answer.status == 500 and int(answer.required("retry-after")) > 0)
        return answer.status == 200

    def _add_account(self, user: str) -> bool:
        try:
            self.box.do("account add", user=user)
        except VerbError as refused:
            assert "Nothing was changed" in str(refused)
            return False
        return True

    def check_memory(self) -> None:
        """Calls go where the acknowledged say."""
        facts = BEFORE | self.acknowledged
        ports = sorted(facts[call_id] for call_id in ("moved", "removed", "added") if facts[call_id])  # type: ignore
        assert self.box.contacts("101") == [f"sip:101@192.0.2.101:{port}" for port in ports]

    def check_disk(self, copy: Path) -> None:
        """A kill at this moment: each fact is as acknowledged, and as before or as asked for where it is not."""
        found = facts_after_kill(self.box.store.directory, copy)
        for key, value in found.items():
            assert value in ([self.acknowledged[key]] if key in self.acknowledged else [BEFORE[key], AFTER[key]]), key


def facts_after_kill(directory: Path, copy: Path) -> Facts:
    """What a start finds, on another boot."""
    shutil.copytree(directory, copy)
    store = open_store(copy)
    try:
        assert not store.notices
        bindings = store.bindings(5.0, WALL, BOOT + 1)
        ports = {binding.call_id: binding.flow.remote[1] for binding in bindings if binding.flow}
        accounts = {account.username for account in store.accounts()}
    finally:
        store.close()
    return {key: key in accounts if key == "102" else ports.get(key) for key in BEFORE}


def one_spell(lines: list[str]) -> list[str]:
    """What the log holds when the disk has failed and works again, whatever failed meanwhile."""
    begins = [line for line in lines if line.startswith("The disk cannot be written")]
    return [*begins[:1], "the disk is written again"] if begins else []


def try_failure(path: Path, disk: Disk, failing: range, caplog: pytest.LogCaptureFixture) -> int:
    """Changes while `failing` calls fail, and again when all is well; the calls that the changes took."""
    caplog.clear()
    with durable_box(path / "data", disk.open) as box:
        trial = Trial(box, disk)
        disk.failing = failing
        trial.change()
        calls = disk.calls
        trial.check_memory()
        trial.check_disk(path / "failing")
        disk.failing = range(0)
        trial.change()
        assert trial.acknowledged == AFTER
        trial.check_memory()
        trial.check_disk(path / "working")
        box.do("calls")  # Goes through the journal: where the snapshot failed, it follows now.
        assert box.notices() == []
    lines = [record.getMessage() for record in caplog.records if "he disk " in record.getMessage()]
    assert lines == one_spell(lines)
    return calls


def try_each_call(
    path: Path, kind: str, caplog: pytest.LogCaptureFixture, *, last: int = 0, late: bool = False
) -> None:
    """Fails each call in turn: it alone, or all from it to `last`."""
    caplog.set_level(logging.WARNING)
    calls = try_failure(path / "well", Disk(ERRORS[kind]), range(0), caplog)
    assert calls > 20
    for number in range(calls):
        failing = range(number, max(number + 1, last))
        try_failure(path / str(number), Disk(ERRORS[kind], late=late), failing, caplog)


@pytest.mark.parametrize("kind", ERRORS)
def test_one_call_that_fails_loses_nothing_acknowledged(
    memory: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    try_each_call(memory, kind, caplog)


def test_call_that_fails_after_its_work_loses_nothing_acknowledged(
    memory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    try_each_call(memory, "broken", caplog, late=True)


@pytest.mark.parametrize("kind", ERRORS)
def test_disk_that_goes_on_failing_loses_nothing_acknowledged(
    memory: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    try_each_call(memory, kind, caplog, last=1000)


def register(box: DurableBox, call_id: str, port: int) -> int:
    box.register("101", call_id, port, cseq=1)
    return box.wait()[0].status


def test_status_tells_of_the_disk_for_as_long_as_it_fails(memory: Path) -> None:
    disk = Disk(ERRORS["full"])
    with durable_box(memory / "data", disk.open) as box:
        box.do("account add", user="101", password=PASSWORD)
        disk.failing = range(1000)
        assert register(box, "a", 5060) == 500
        [notice] = box.notices()
        assert re.fullmatch(r"The disk cannot be written: database or disk is full, since [-\d]{10} [\d:]{5}\.", notice)
        assert "Make room" in box.do("problems")[0]["cure"]
        disk.failing = range(0)
        assert register(box, "b", 5061) == 200
        assert box.notices() == []


def test_time_since_when_the_disk_fails_is_right_once_the_clock_is_set() -> None:
    at, wall = [60.0], [0.0]
    trouble = Trouble(Sentence("It fails"), "", Clock(lambda: at[0], lambda: wall[0]))
    trouble.met(OSError("no room"))
    at[0], wall[0] = 180.0, WALL
    since = strftime("%Y-%m-%d %H:%M", localtime(WALL - 120))
    assert trouble.notice == f"It fails: no room, since {since}."


def test_connection_that_was_opened_while_the_disk_was_read_only_is_replaced(memory: Path) -> None:
    """SQLite opens what it cannot write for reading alone, and such a connection stays so."""
    read_only = [True, True]

    def open_as_the_disk_is(connect: Connect) -> Connect:
        path = memory / "data" / "frontdesk.db"
        return lambda: sqlite3.connect(f"file:{path}?mode=ro", uri=True, **HANDED) if read_only else connect()

    with durable_box(memory / "data", open_as_the_disk_is) as box:
        while read_only:
            with pytest.raises(VerbError, match="readonly"):
                box.do("account add", user="101", password=PASSWORD)
            read_only.pop()
        box.do("account add", user="101", password=PASSWORD)
        assert register(box, "a", 5060) == 200


def test_log_is_emptied_before_the_first_commit_after_a_failure(memory: Path) -> None:
    """A commit behind pages that a failed sync has lost would be lost with them."""
    disk = Disk(ERRORS["broken"])
    said: list[str] = []

    def open_and_trace(connect: Connect) -> Connect:
        def traced() -> sqlite3.Connection:
            connection = disk.open(connect)()
            connection.set_trace_callback(lambda sql: said.append(sql.split("(")[0]))
            return connection

        return traced

    with durable_box(memory / "data", open_and_trace) as box:
        box.do("account add", user="101", password=PASSWORD)
        disk.failing = range(disk.calls, disk.calls + 1)
        assert register(box, "a", 5060) == 500
        said.clear()
        assert register(box, "b", 5061) == 200
        assert said[:3] == ["PRAGMA wal_checkpoint", "PRAGMA database_list", "INSERT OR REPLACE INTO bindings "]


def test_password_that_did_not_reach_the_disk_lets_nobody_go_on(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone has it already and registers while the disk is asked: what it has shown is worth nothing afterwards."""
    with durable_box(memory / "data") as box:
        box.do("account add", user="101", password=PASSWORD)
        box.register("101", "r", 5060, cseq=1)
        assert [answer.status for answer in box.wait()] == [200]

        def fail(*_: object, **__: object) -> None:
            box.register("101", "r", 5060, cseq=2, password="another1")
            assert [answer.status for answer in box.wait()] == [200]
            raise ERRORS["full"]()

        with monkeypatch.context() as patched, pytest.raises(VerbError, match="Nothing was changed"):
            patched.setattr(box.journal, "execute", fail)
            box.do("account passwd", user="101", password="another1")
        for cseq, password, status in ((3, "another1", 401), (4, PASSWORD, 200)):
            box.register("101", "r", 5060, cseq=cseq, password=password)
            assert [answer.status for answer in box.wait()] == [status]
