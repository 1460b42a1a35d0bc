"""The core alone: no phones, no network; a disk that the test commits or fails by hand."""

from __future__ import annotations

import itertools
from copy import deepcopy

from frontdesk.core import Core, Keys
from frontdesk.directory import Directory
from frontdesk.location import LocationService
from frontdesk.model import Account, Binding, Close, Commit, Secret, Settings
from frontdesk.sip.digest import ha1
from frontdesk.sip.message import Message, Request, Response
from frontdesk.sip.parser import parse_message
from frontdesk.sip.wire import Flow, Send, Target
from tests.support.clock import FakeClock
from tests.support.digest_answer import Answerer
from tests.support.registering import HERE, REALM, register_request

PASSWORD = "secret"


class BareCore:
    """101 and 102 have accounts, both with PASSWORD. A test reads `sent`, `commits` and `closed`."""

    def __init__(self, settings: Settings | None = None, *, commit_at_once: bool = True) -> None:
        self.directory = Directory(REALM)
        self.directory.listen("192.0.2.1", 5060)
        for user in ("101", "102"):
            secret = Secret("", {"MD5": ha1("MD5", user, REALM, PASSWORD)})
            self.directory.put(Account(user, f"sip:{user}@{REALM}", secrets=(secret,)))
        random = itertools.count(1)
        self.core = Core(
            self.directory,
            LocationService(),
            settings or Settings(),
            Keys(b"r" * 32, b"p" * 32),
            lambda size: next(random).to_bytes(size, "little"),
        )
        self.clock = FakeClock()
        self.clock.drive(self.core.next_timer, self._handle_timers)
        self.sent: list[tuple[Message, Target]] = []
        self.commits: list[Commit] = []
        self.closed: list[Flow] = []
        self.commit_at_once = commit_at_once

    # -- driving -----------------------------------------------------------------------------------------------------

    def receive(self, message: Message, at: Flow = HERE) -> list[Response]:
        """A message comes in; what the box answers to it at once."""
        before = len(self.sent)
        self.core.receive(parse_message(message.encode()), at, self.clock.now)
        return self._answers_since(before)

    def commit(self, *tickets: int) -> list[Response]:
        """These tickets (none named: all) reach the disk."""
        before = len(self.sent)
        for ticket in tickets or [each.ticket for each in self.commits]:
            self.core.committed(ticket, self.clock.now)
        return self._answers_since(before)

    def fail(self, *tickets: int) -> list[Response]:
        """These tickets do not reach the disk."""
        before = len(self.sent)
        for ticket in tickets:
            self.core.commit_failed(ticket, OSError("no space left"), self.clock.now)
        return self._answers_since(before)

    def settle(self) -> None:
        """Does what the core wishes."""
        while actions := self.core.take_actions():
            for action in actions:
                if isinstance(action, Send):
                    self.sent.append((parse_message(action.data), action.target))
                elif isinstance(action, Close):
                    self.closed.append(action.flow)
                else:
                    self.commits.append(action)
                    if self.commit_at_once:
                        self.core.committed(action.ticket, self.clock.now)

    def _answers_since(self, before: int) -> list[Response]:
        self.settle()
        return [sent for sent, _ in self.sent[before:] if isinstance(sent, Response)]

    def _handle_timers(self, now: float) -> None:
        self.core.handle_timers(now)
        self.settle()

    # -- registering -------------------------------------------------------------------------------------------------

    def signed(self, request: Request, at: Flow = HERE, *, user: str = "101", password: str = PASSWORD) -> Request:
        """The request with credentials for a fresh challenge."""
        challenge = self.receive(request, at)[0]
        proxy = challenge.status == 407
        value = challenge.required("proxy-authenticate" if proxy else "www-authenticate")
        signed = deepcopy(request)
        signed.replace("via", [f"SIP/2.0/UDP 192.0.2.101:5060;branch=z9hG4bK{next(_branches)}s;rport"])
        answer = Answerer(user, password, value).authorize(request.method, request.uri_text)
        signed.replace("proxy-authorization" if proxy else "authorization", [answer])
        return signed

    def register(
        self,
        *contacts: str,
        at: Flow = HERE,
        user: str = "101",
        cseq: int = 1,
        call_id: str = "a@phone",
        headers: tuple[str, ...] = (),
    ) -> list[Response]:
        """A REGISTER with good credentials; the answers that come at once."""
        request = register_request(*contacts, user=user, cseq=cseq, call_id=call_id, headers=headers)
        return self.receive(self.signed(request, at, user=user), at)

    def bindings(self, user: str = "101") -> list[Binding]:
        """What a caller of `user` would find."""
        return self.core.location.bindings(f"sip:{user}@{REALM}", self.clock.now)


_branches = itertools.count(1)
