"""A box with the real core and the real store, whose journal is done at once, so that a test needs no loop."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar

from frontdesk.control import Admin, Box, run
from frontdesk.control.candidate import Candidate
from frontdesk.core import Core, Keys
from frontdesk.directory import Directory
from frontdesk.location import LocationService
from frontdesk.model import Binding, Changes, Close, Commit, Settings
from frontdesk.store import Records, Store
from frontdesk.store.bindings import REMOVE, SAVE, row
from tests.store.rows import BOOT, NOW, REALM, WALL, binding, clock, opened


class Bell:
    """What is to be done in so many seconds."""

    def __init__(self, seconds: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.seconds, self.work = seconds, work
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Desk:
    """A box at NOW, and what is on its disk."""

    opened: ClassVar[list[Store]] = []
    """All that a test has opened: `close` is for its end."""

    def __init__(self, directory: Path) -> None:
        self.path = directory
        self.store = opened(directory)
        self.opened.append(self.store)
        self.now = NOW
        self.full = False
        """The disk is full."""
        self.closed: list[Close] = []
        self.taken: list[Settings] = []
        self.bells: list[Bell] = []
        who = Directory(self.store.realm)
        who.peers = self.store.peers()
        for account in self.store.accounts():
            who.put(account)
        where = LocationService(self.store.bindings(NOW, WALL, BOOT), self.store.next_binding_id())
        self.core = Core(who, where, Settings(), Keys(b"r" * 32, b"p" * 32), lambda length: b"x" * length)
        self.records = Records(self._execute, clock(), self.store.forget_past)
        admin = Admin(self.records, self.store.meta, directory, lambda: self.now)
        self.box = Box(
            who, where, self.records, self.store.settings(), clock(), admin=admin, core=self.core,
            candidate=Candidate(self._later),
            settle=self._settle, configure=self.taken.append, listeners=["udp:127.0.0.1:5060"], started_at=NOW - 90,
        )  # fmt: skip

    def do(self, words: str, **arguments: Any) -> Any:
        """The answer to a verb."""
        return finish(run(self.box, words, arguments))

    def ring(self) -> None:
        """The time is over for all that was to be done later."""
        for bell in self.bells:
            if not bell.cancelled:
                finish(bell.work())
        self.bells.clear()

    def _later(self, seconds: float, work: Callable[[], Coroutine[Any, Any, None]]) -> Bell:
        self.bells.append(Bell(seconds, work))
        return self.bells[-1]

    def register(self, saved: Binding) -> Binding:
        """A phone is there."""
        finish(self.records.change(bound=[saved]))
        self.box.location.add(saved)
        return saved

    def contacts(self, user: str = "101") -> list[str]:
        """Where it would be rung."""
        return [each.contact for each in self.box.location.bindings(f"sip:{user}@{REALM}", NOW)]

    def restart(self) -> Desk:
        """The box as it comes back from its disk."""
        self.store.close()
        again = Desk(self.path)
        self.store = again.store
        return again

    @classmethod
    def close(cls) -> None:
        """Every box of this test has gone."""
        while cls.opened:
            cls.opened.pop().close()

    async def _execute(self, write: Any, **how: bool) -> Any:
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")
        return self.store.write(write, **how)

    def _settle(self) -> None:
        while actions := self.core.take_actions():
            for action in actions:
                if isinstance(action, Close):
                    self.closed.append(action)
                elif isinstance(action, Commit):
                    self._commit(action)

    def _commit(self, commit: Commit) -> None:
        if self.full:
            self.core.commit_failed(commit.ticket, OSError("full"), NOW)
        else:
            self.store.write(lambda connection: _write(connection, commit.changes), snapshot=False)
            self.core.committed(commit.ticket, NOW)


def finish(work: Coroutine[Any, Any, Any]) -> Any:
    """The answer of what waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("the verb waits")


def _write(connection: sqlite3.Connection, changes: Changes) -> None:
    connection.executemany(SAVE, [row(each, clock(), WALL - NOW) for each in changes.saved])
    connection.executemany(REMOVE, [(id,) for id in changes.removed])


def phone(desk: Desk, user: str = "101", **fields: Any) -> Binding:
    """A phone that registers."""
    id = desk.box.location.new_id()
    return desk.register(binding(id, aor=f"sip:{user}@{REALM}", **fields))
