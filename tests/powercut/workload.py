"""A box at work: phones register, move and go, people change accounts and settings, and all of it is written down."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import md5
from itertools import count
from random import Random
from typing import Any

from frontdesk.model import CallRecord, Changes
from frontdesk.sip.status import STOPPED
from tests.support.durable_box import REALM, DurableBox

from .history import Change, History

USERS = tuple(str(number) for number in range(201, 213))
PHONES = 2
"""Of each account."""
BATCH = 6
"""REGISTERs that wait for the disk at once, at most."""
BY_HAND = 0.3
"""The chance that somebody changes something while they wait."""
CALLS = 0.1
"""The chance that one has been up for long, and that one of these ends."""
SETTINGS = {"max-bindings": range(5, 50), "max-connections": range(500, 900), "call-records": range(100, 900)}


def ha1(user: str, password: str) -> str:
    """RFC 7616 section 3.4.2, MD5."""
    return md5(f"{user}:{REALM}:{password}".encode()).hexdigest()


class Workload:
    """Goes on over restarts of the box: `box` may be replaced."""

    def __init__(self, box: DurableBox, history: History, random: Random) -> None:
        self.box = box
        self._history = history
        self._random = random
        self._passwords: dict[str, str] = {}
        self._disabled: set[str] = set()
        self._ports: dict[str, int] = {}
        self._port = count(10_000)
        self._cseq = count(1)
        self._settings: dict[str, str] = {}
        self._call = count(1)
        self._up: dict[int, DurableBox] = {}
        """Calls that go on, each at the run of the box that knows of it."""

    def step(self) -> None:
        """Some REGISTERs, perhaps a change by hand, and then all wait for the disk."""
        users = self._some([user for user in self._passwords if user not in self._disabled])
        asked = {}
        for user in users:
            cseq = next(self._cseq)
            if (change := self._register(user, f"{user}-{self._random.randrange(PHONES)}", cseq)) is not None:
                asked[cseq] = change
        if self._random.random() < BY_HAND or not users:
            self._change_by_hand([user for user in USERS if user not in users])
        calls = [change() for change in (self._keep_call, self._end_call) if self._random.random() < CALLS]
        if self._random.random() < 0.1:
            self.box.flush()
        for answer in self.box.wait():
            assert answer.status == 200, answer.encode().decode()
            if answer.cseq.number in asked:
                self._history.acknowledge(asked.pop(answer.cseq.number))
        assert not asked
        self._history.acknowledge(*filter(None, calls))

    def _some(self, users: Sequence[str]) -> list[str]:
        return self._random.sample(users, self._random.randint(0, min(BATCH, len(users))))

    # -- phones --------------------------------------------------------------------------------------------------------

    def _register(self, user: str, call_id: str, cseq: int) -> Change | None:
        """A phone comes, moves or goes; None: it renews, which need not be on the disk."""
        here = self._ports.get(call_id)
        what = "come" if here is None else self._random.choice(("move", "move", "go", "renew"))
        port = next(self._port) if here is None or what == "move" else here
        expires = 0 if what == "go" else 3600
        change = None if what == "renew" else self._ask_phone(call_id, None if what == "go" else port)
        self.box.register(user, call_id, port, cseq=cseq, expires=expires, password=self._passwords[user])
        return change

    def _ask_phone(self, call_id: str, port: int | None) -> Change:
        if port is None:
            del self._ports[call_id]
            return self._history.ask(f"phone {call_id}", None)
        self._ports[call_id] = port
        return self._history.ask(f"phone {call_id}", ("192.0.2.101", port))

    # -- calls ---------------------------------------------------------------------------------------------------------

    def _keep_call(self) -> Change:
        id = next(self._call)
        self._up[id] = self.box
        return self._write_call(id, STOPPED)

    def _end_call(self) -> Change | None:
        up = [id for id, box in self._up.items() if box is self.box]
        return self._write_call(self._random.choice(up), 200) if up else None

    def _write_call(self, id: int, result: int) -> Change:
        record = CallRecord(f"call-{id}", "201", "202", 1.0, 2.0, 3.0, result, id=id)
        change = self._history.ask(f"call {record.call_id}", [result])
        if result == STOPPED:
            self.box.write(Changes(up=[record]))
        else:
            del self._up[id]
            self.box.write(Changes(calls=[record]))
        return change

    # -- people --------------------------------------------------------------------------------------------------------

    def _change_by_hand(self, users: Sequence[str]) -> None:
        user = self._random.choice(users)
        if self._random.random() < 0.2:
            self._set()
        elif user not in self._passwords:
            self._change_account(user, "add", password=self._new_password(user))
        else:
            verb = self._random.choice(("passwd", "passwd", "disable", "enable", "remove"))
            given = {"password": self._new_password(user)} if verb == "passwd" else {}
            self._change_account(user, verb, **given)

    def _new_password(self, user: str) -> str:
        self._passwords[user] = password = f"{self._random.random()}"
        return password

    def _change_account(self, user: str, verb: str, **given: Any) -> None:
        gone = verb in ("disable", "remove")
        if gone:
            self._disabled.add(user)
        elif verb in ("add", "enable"):
            self._disabled.discard(user)
        row = None if verb == "remove" else (user not in self._disabled, [ha1(user, self._passwords[user])])
        changes = [self._history.ask(f"account {user}", row)]
        if gone:
            phones = [call_id for call_id in self._ports if call_id.startswith(f"{user}-")]
            changes += [self._ask_phone(call_id, None) for call_id in phones]
        if verb == "remove":
            del self._passwords[user]
        self.box.do(f"account {verb}", user=user, **given)
        self._history.acknowledge(*changes)

    def _set(self) -> None:
        key = self._random.choice(sorted(SETTINGS))
        value = str(self._random.choice(SETTINGS[key]))
        change = self._history.ask(f"setting {key}", value)
        self.box.do("config set", key=key, value=value)
        self._history.acknowledge(change)
