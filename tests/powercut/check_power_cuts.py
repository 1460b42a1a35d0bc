"""`make powercut`: whenever the power is cut, what was acknowledged is there, and the box starts."""

from __future__ import annotations

import os
import secrets
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from subprocess import CalledProcessError

import pytest

from frontdesk.store.journal import Connect
from tests.support.durable_box import durable_box

from .block_log import BlockLog
from .crash_states import Crash, CrashStates
from .history import History
from .recorded_disk import Recording, missing, mounted, recorded_disk
from .verdict import Verdict, judge
from .workload import Workload

STATES = int(os.environ.get("STATES") or 200)
SEED = int(os.environ.get("SEED") or secrets.randbelow(1 << 32))
CONTROL_STATES = 60
STEPS = 150
"""Of the workload, before the box is restarted and after."""
SHORT_LOG = 100
"""Pages of the write-ahead log after which it is copied home; the box waits for 8000, and would not come to it here."""


@pytest.fixture(scope="session", autouse=True)
def machine() -> None:
    """Fails where power cuts cannot be replayed."""
    if lack := missing():
        pytest.fail(lack, pytrace=False)


def opened(*pragmas: str) -> Callable[[Connect], Connect]:
    """The journal's connection as the box opens it, and then these."""

    def wrap(connect: Connect) -> Connect:
        def open_with_pragmas() -> sqlite3.Connection:
            connection = connect()
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")
            return connection

        return open_with_pragmas

    return wrap


def record(recording: Recording, log: BlockLog, wrap: Callable[[Connect], Connect], steps: int) -> History:
    """Lets a box work, go and work on."""
    data = recording.mounted / "data"
    history = History(log.position)
    random = Random(SEED)
    with durable_box(data, wrap) as box:
        workload = Workload(box, history, random)
        for _ in range(steps):
            workload.step()
    with durable_box(data, wrap) as box:
        workload.box = box
        for _ in range(steps):
            workload.step()
    return history


def verdicts(folder: Path, pragmas: tuple[str, ...], count: int) -> Iterator[tuple[Crash, Verdict]]:
    """Records a box and judges each crash state."""
    with recorded_disk(folder) as recording:
        log = BlockLog(recording.log)
        history = record(recording, log, opened(*pragmas), STEPS)
    crashes = CrashStates(recording.base, log, Random(SEED))
    say(f"{len(crashes)} writes and flushes recorded, {history.acknowledgements} changes acknowledged, seed {SEED}")
    for crash in crashes.states(count, folder):
        try:
            with mounted(crash.image, folder / "crashed") as disk:
                yield crash, judge(disk / "data", history, crash.position)
        except CalledProcessError as error:
            yield crash, Verdict(damaged=[str(error.stderr)])
    log.close()


def say(line: str) -> None:
    """For people; `make powercut` lets it through."""
    sys.stdout.write(f"{line}\n")


def counted(found: list[tuple[Crash, Verdict]]) -> Counter[str]:
    """How many states were damaged, lost something, or were whole."""
    kinds = Counter("damaged" if each.damaged else "lost" if each.lost else "whole" for _, each in found)
    say(f"{len(found)} crash states: {', '.join(f'{number} {kind}' for kind, number in sorted(kinds.items()))}")
    return kinds


def test_nothing_acknowledged_is_lost_whenever_the_power_is_cut(tmp_path: Path) -> None:
    found = list(verdicts(tmp_path, (f"wal_autocheckpoint = {SHORT_LOG}",), STATES))
    counted(found)
    wrong = [f"{crash}: {verdict}" for crash, verdict in found if verdict.damaged or verdict.lost]
    assert len(found) == STATES and not wrong, "\n".join([f"Seed {SEED}:", *wrong[:10]])


def test_commits_that_are_not_synced_are_seen_to_be_lost(tmp_path: Path) -> None:
    """The control: what cannot see this sees nothing."""
    careless = (f"wal_autocheckpoint = {SHORT_LOG}", "synchronous = OFF")
    kinds = counted(list(verdicts(tmp_path, careless, CONTROL_STATES)))
    assert kinds["damaged"] + kinds["lost"] > 0
