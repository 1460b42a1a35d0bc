"""The real core over the real journal on a real directory: phones register, people change things, both wait for the
disk."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from random import Random
from typing import Any

from frontdesk.control import Admin, Box, run
from frontdesk.core import Core, Keys
from frontdesk.directory import Directory
from frontdesk.location import LocationService
from frontdesk.model import Changes, Commit
from frontdesk.sip.message import Response
from frontdesk.sip.parser import parse_message
from frontdesk.sip.wire import Flow, Send
from frontdesk.store import Clock, Records, open_store
from frontdesk.store.journal import Connect, Write
from tests.support.clock import FakeClock
from tests.support.digest_answer import Answerer

REALM = "desk.test"
PASSWORD = "secret"
BOOT = 42
WALL = 1_800_000_000.0
"""Unix seconds when a FakeClock stands at 0."""
PATIENCE = 30.0
"""Seconds of the real clock that the writer thread has for a batch."""


def clock_of(fake: FakeClock, boot_id: int = BOOT) -> Clock:
    """The store's clocks, driven by a test's."""
    return Clock(lambda: fake.now, lambda: WALL + fake.now, boot_id)


class DurableBox:
    """One run of the box on `directory`; `connect` may open the journal's connection otherwise."""

    def __init__(self, directory: Path, connect: Callable[[Connect], Connect] = lambda connect: connect) -> None:
        self.clock = FakeClock()
        self.answers: list[Response] = []
        """To REGISTERs, challenges left out, in the order in which they left the box."""
        self._told: SimpleQueue[tuple[list[int], Exception | None]] = SimpleQueue()
        self._open = 0
        clock = clock_of(self.clock)
        self.store = open_store(directory, REALM, serve=True)
        self._core = self._make_core(clock)
        self.journal = self.store.journal(lambda *told: self._told.put(told), clock)
        self.journal._connect = connect(self.journal._connect)  # the thread opens it with the first batch
        self.clock.drive(self._core.next_timer, self._handle_timers)
        records = Records(self._execute, clock, self.store.forget_past)
        admin = Admin(records, self.store.meta, directory, clock.now)
        self._box = Box(
            self._core.directory, self._core.location, records, self.store.settings(), clock, admin=admin,
            core=self._core, settle=self._settle, configure=self._core.configure, journal=self.journal,
        )  # fmt: skip

    def _make_core(self, clock: Clock) -> Core:
        directory = Directory(self.store.realm)
        directory.listen("192.0.2.1", 5060)
        for account in self.store.accounts():
            directory.put(account)
        bindings = self.store.bindings(clock.now(), clock.wall(), clock.boot_id)
        location = LocationService(bindings, self.store.next_binding_id())
        keys = Keys(self.store.record_route_key, b"p" * 32)
        return Core(directory, location, self.store.settings(), keys, Random(1).randbytes)

    def close(self) -> None:
        """As at a shutdown."""
        self.flush()
        self.journal.close()
        self.store.close()

    # -- what is done with it ------------------------------------------------------------------------------------------

    def register(
        self, user: str, call_id: str, port: int, *, cseq: int, expires: int = 3600, password: str = PASSWORD
    ) -> None:
        """The phone of that Call-ID registers from `port`; the answer comes with `wait`."""
        request = (
            f"REGISTER sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.101:{port};branch=z9hG4bK%d\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:{user}@{REALM}>;tag=1\r\nTo: <sip:{user}@{REALM}>\r\n"
            f"Call-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\n"
            f"Contact: <sip:{user}@192.0.2.101:{port}>;expires={expires}\r\n%sContent-Length: 0\r\n\r\n"
        )
        self.clock.advance(0.1)  # No nonce is as old as the last change of its account.
        self._receive(request % (next(_branches), ""), port)
        answer = Answerer(user, password, self.answers.pop().required("www-authenticate"))
        credentials = f"Authorization: {answer.authorize('REGISTER', f'sip:{REALM}')}\r\n"
        self._receive(request % (next(_branches), credentials), port)

    def wait(self) -> list[Response]:
        """Until nothing waits for the disk; the answers to REGISTERs since the last time."""
        while self._open:
            self._hear()
        answers, self.answers = self.answers, []
        return answers

    def do(self, words: str, **arguments: Any) -> Any:
        """The answer to a verb. Raises VerbError."""
        verb = run(self._box, words, arguments)
        try:
            verb.send(None)
        except StopIteration as end:
            return end.value
        raise AssertionError("the verb waits")

    def notices(self) -> list[str]:
        """What `status` says that people should know."""
        shown: list[str] = self.do("status").get("notices", [])
        return shown

    def contacts(self, user: str) -> list[str]:
        """Where it would be rung."""
        found = self._core.location.bindings(f"sip:{user}@{REALM}", self.clock.now)
        return sorted(binding.contact for binding in found)

    def flush(self) -> None:
        """Puts the refreshes on disk that were folded."""
        self._core.flush(self.clock.now)
        self._settle()
        while self._open:
            self._hear()

    def write(self, changes: Changes) -> None:
        """Without anybody waiting for it; it is on disk after `wait`."""
        self._core.registrations.background.write(changes)
        self._settle()

    # -- between core, journal and phones ------------------------------------------------------------------------------

    def _receive(self, request: str, port: int) -> None:
        self._core.read(request.encode(), Flow("udp", ("192.0.2.1", 5060), ("192.0.2.101", port)), self.clock.now)
        self._settle()

    def _settle(self) -> None:
        while actions := self._core.take_actions():
            for action in actions:
                if isinstance(action, Commit):
                    self._open += bool(action.ticket)
                    self.journal.submit(action)
                elif isinstance(action, Send):
                    self._answered(action)

    def _answered(self, send: Send) -> None:
        response = parse_message(send.data)
        assert isinstance(response, Response)
        self.answers.append(response)

    def _hear(self) -> None:
        tickets, error = self._told.get(timeout=PATIENCE)
        self._open -= len(tickets)
        for ticket in tickets:
            if error is None:
                self._core.committed(ticket, self.clock.now)
            else:
                self._core.commit_failed(ticket, error, self.clock.now)
        self._settle()

    def _handle_timers(self, now: float) -> None:
        self._core.handle_timers(now)
        self._settle()

    async def _execute(self, write: Write, **how: bool) -> Any:
        return self.journal.execute(write, **how).result(PATIENCE)


_branches = itertools.count(1)


@contextmanager
def durable_box(directory: Path, *connect: Callable[[Connect], Connect]) -> Iterator[DurableBox]:
    """A box that is closed in the end."""
    box = DurableBox(directory, *connect)
    try:
        yield box
    finally:
        box.close()
