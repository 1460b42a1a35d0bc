"""A device that is known by its bytes: what its next REGISTER is compared with, and its answer made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from ..model import Binding
from ..nonces import Window
from ..sip.timers import TIMEOUT
from ..sip.uri import Uri
from ..sip.wire import Flow
from .answer_template import AnswerTemplate
from .template import Holes, Template

Hashing = tuple[Callable[[bytes], Any], bytes]
"""The hash of an algorithm, and the tail of what is hashed: qop and HA2."""


@dataclass(slots=True)
class Device(Template):
    """What is known of one device; its template is no object of its own, which takes 50 bytes more."""

    binding: Binding
    """As it is, or as it will be when it is on disk."""
    call_id: str
    flow: Flow
    target: Flow
    """Where its answers go."""
    key: str
    """Of its server transactions, but for the branch."""
    username: str
    ha1: bytes
    hashing: Hashing
    generation: int
    """Of the accounts, when this was learnt."""
    asked: int
    """Seconds."""
    hears_at_source: bool
    """Whatever its Contact says: else another Contact is another flow (see the registrar)."""
    answer: AnswerTemplate
    """Of its 200, which says this device alone."""
    window: Window | None = None
    """Of the nonce that it has used last: found with it."""
    offered: Window | None = None
    """Of the one that it was challenged with since: its proof is not asked whether the box has made that."""
    last: tuple[AnswerTemplate, bytes, bytes, bytes | None, float] | None = None
    """What the answer to its last refresh is made of, and when that came: it sends no other before it has that (section
    10.2), so none of those before is kept for Timer J."""
    company: tuple[Binding, ...] = ()
    """All bindings of the account, where those before this one were last seen to be other devices'."""

    def is_among(self, bindings: tuple[Binding, ...], contact: str) -> bool:
        """Whether the registrar would take this device's binding for its own, as the first that its marks fit."""
        own = self.binding
        if contact != own.contact and not self.hears_at_source:
            return False
        if len(bindings) == 1 or (self.company is bindings and contact == own.contact):
            return True
        earlier = list(takewhile(lambda each: each is not own, bindings))
        if own.instance:
            return all(each.instance != own.instance for each in earlier)
        if contact != own.contact or not _is_elsewhere(own.contact, earlier):
            return False
        self.company = bindings
        return True

    def answered(self, holes: Holes, now: float) -> bytes | None:
        """The answer to its last refresh, if this is that refresh once more."""
        if self.last is None:
            return None
        template, branch, number, date, since = self.last
        is_that = (branch, number) == (holes[0], holes[1]) and now < since + TIMEOUT
        return template.ok(branch, number, date) if is_that else None


def _is_elsewhere(contact: str, bindings: list[Binding]) -> bool:
    """Whether none of them is at that URI."""
    uri = Uri.parse(contact)
    return not any(uri.matches(Uri.parse(each.contact)) for each in bindings)
