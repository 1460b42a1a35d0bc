"""The watchdog is fed while the loop runs and the journal answers, and not otherwise."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from frontdesk.service_manager import ALIVE, ServiceManager
from frontdesk.store import Journal, database
from frontdesk.store.store import NAME
from frontdesk.watchdog import Part, Watchdog
from tests.store.rows import clock as of_rows
from tests.store.rows import opened


class Systemd:
    """Hears the datagrams of sd_notify(3)."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        manager = ServiceManager({"NOTIFY_SOCKET": str(path)}, 1)
        self.feed: Callable[[], None] = lambda: manager.tell(ALIVE)

    def heard(self) -> int:
        """How often it was fed since the last look."""
        times = 0
        try:
            while True:
                assert self._socket.recv(64) == b"WATCHDOG=1"
                times += 1
        except BlockingIOError:
            return times

    def close(self) -> None:
        self._socket.close()


class Disk:
    """Can hang."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.works = threading.Event()
        self.works.set()

    def connect(self) -> Any:
        self.works.wait()
        return database.connect(self._path)


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    listening = Systemd(tmp_path / "notify")
    yield listening
    listening.close()


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    opened(tmp_path).close()
    return Disk(tmp_path / NAME)


@pytest.fixture
def journal(disk: Disk) -> Iterator[Journal]:
    journal = Journal(disk.connect, lambda tickets, error: None, of_rows())
    yield journal
    disk.works.set()
    journal.close()


def look(watchdog: Watchdog, clock: Clock, seconds: float) -> None:
    """One look, so much later."""
    clock.now += seconds
    watchdog.look()


def test_it_is_fed_while_the_journal_answers(systemd: Systemd, journal: Journal) -> None:
    clock, asked = Clock(), list[Future[Any]]()

    def ask() -> Future[Any]:
        asked.append(journal.heartbeat())
        return asked[-1]

    watchdog = Watchdog([Part("the journal", ask, 60.0)], systemd.feed, clock)
    for number in range(1, 4):
        look(watchdog, clock, 100.0)
        asked[-1].result(10)
        assert (systemd.heard(), len(asked)) == (1, number)
    assert journal.commits == 0


def test_a_journal_that_is_stuck_stops_it_when_patience_is_over(
    systemd: Systemd, disk: Disk, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    watchdog = Watchdog([Part("the journal", journal.heartbeat, 60.0)], systemd.feed, clock)
    disk.works.clear()
    written = journal.execute(lambda connection: None, snapshot=False)
    look(watchdog, clock, 0)
    look(watchdog, clock, 60)
    assert systemd.heard() == 2
    look(watchdog, clock, 1)
    look(watchdog, clock, 10)
    assert systemd.heard() == 0
    assert [record.getMessage() for record in caplog.records] == ["the journal has not answered for 61 s"]
    disk.works.set()
    written.result(10)
    journal.heartbeat().result(10)  # All that was asked before has its answer too.
    look(watchdog, clock, 10)
    assert systemd.heard() == 1


def test_a_disk_that_is_silent_does_not(systemd: Systemd, caplog: pytest.LogCaptureFixture) -> None:
    """Killed, the box would wait for the disk all the same, and ring nobody meanwhile."""
    clock, silent = Clock(), True
    watchdog = Watchdog([Part("the journal", Future, 60.0, is_held_up=lambda: silent)], systemd.feed, clock)
    for _ in range(3):
        look(watchdog, clock, 61)
    assert systemd.heard() == 3 and len(caplog.records) == 1
    silent = False
    look(watchdog, clock, 61)
    assert systemd.heard() == 0


def test_a_journal_whose_thread_has_ended_stops_it(systemd: Systemd) -> None:
    clock = Clock()
    watchdog = Watchdog([Part("the journal", Future, 60.0)], systemd.feed, clock)
    look(watchdog, clock, 0)
    look(watchdog, clock, 61)
    assert systemd.heard() == 1


def test_a_loop_that_is_stuck_feeds_nothing(systemd: Systemd, journal: Journal) -> None:
    loop = asyncio.new_event_loop()
    watchdog = Watchdog([Part("the journal", journal.heartbeat, 60.0)], systemd.feed, Clock())
    task = loop.create_task(watchdog.run(0.0))
    stuck, go_on, before = threading.Event(), threading.Event(), list[int]()

    def hang() -> None:
        before.append(systemd.heard())
        stuck.set()
        go_on.wait(10)
        loop.stop()

    loop.call_soon(loop.call_soon, hang)
    runner = threading.Thread(target=loop.run_forever)
    runner.start()
    assert stuck.wait(10)
    for _ in range(3):
        journal.heartbeat().result(10)  # The journal lives, and that is not enough.
    assert before[0] > 0 and systemd.heard() == 0
    go_on.set()
    runner.join(10)
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()


def test_a_part_that_can_be_started_anew_alone_is(systemd: Systemd, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    clock, started = Clock(), list[float]()
    part = Part("the setup page", Future, 30.0, restart=lambda: started.append(clock.now))
    watchdog = Watchdog([part], systemd.feed, clock)
    for _ in range(6):
        look(watchdog, clock, 20)
    assert (started, systemd.heard()) == ([1060.0, 1120.0], 6)
