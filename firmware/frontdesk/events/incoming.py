"""A call as it looks from the account that it is to ring, and what its end means there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from ..model import Sentence
from ..sip.message import Response
from ..sip.status import OUTCOMES, reason_phrase
from ..sip.wire import Flow
from .event import Kind

ELSEWHERE = Sentence("answered by another device")
UNREACHED = Sentence("its phone could not be reached")
NO_PHONE = Sentence("no phone was registered")
DISABLED = Sentence("the account is disabled")
NO_SIPS = Sentence("it was to be encrypted all the way (SIPS), which its phone does not do")
ONLY_SIPS = Sentence("its phone takes only what is encrypted all the way (SIPS)")
WARNINGS = {"380": NO_SIPS, "381": ONLY_SIPS}
"""What a 480 means that has one of these (RFC 5630 section 9)."""
ENDS = {status: Sentence(template) for status, template in OUTCOMES.items()} | {
    416: NO_SIPS, 480: Sentence("its phone is not available"), 487: Sentence("the caller gave up"),
}  # fmt: skip
"""What a status means to who is called. A phone that knows no SIPS says 416 (RFC 3261 section 8.2.2.1)."""
RUNG_ENDS = dict.fromkeys((408, 480, 486), Sentence("nobody answered"))
"""What the same status says where a phone has rung. It was not the one that is busy."""
DECLINED_ENDS = dict.fromkeys((486, 600), Sentence("declined"))
"""What it says of the phone that has rung itself: whoever presses its red button sends 486 most of the time."""
SILENT_ENDS = {
    408: Sentence("its phone said nothing"), 487: Sentence("its phone said nothing until the caller gave up"),
}  # fmt: skip


@dataclass(slots=True)
class Incoming:
    """Filed once, and what becomes of the call is written into it. The log has it from the caller's side."""

    at: float
    account: str
    """Username of whoever is called."""
    caller: str
    dialled: str
    """The user part that led to the account: its name, an alias, a number for the trunk."""
    origin: Flow
    """Where the caller is."""
    rang_at: float | None = None
    ended_at: float = 0.0
    """When it was answered, or nobody called any more."""
    result: int = 0
    """The final status that the caller got; 0: none yet."""
    why: Sentence | None = None
    """What that does not say."""
    is_declined: bool = False
    """Whether a phone has rung and then said that it is busy."""
    scheme: Sentence | None = None
    """What a phone has said with a 480 of the scheme by which it was called."""
    is_silent: bool = False
    """Whether a phone gave no sign of life."""
    device: str = ""
    """The URI of the Contact that answered."""
    rule: ClassVar[str] = ""
    times: ClassVar[int] = 1

    def hear(self, status: int, now: float) -> None:
        """The caller got that status. The first final one counts, or a 2xx that crossed with it, or a 6xx though he had
        given up (RFC 3261 section 16.7 step 6)."""
        if status >= 200:
            if not self.result or status < 300 <= self.result:
                self.result, self.ended_at = status, now
            elif status >= 600:
                self.result = status
        elif 180 <= status < 190 and self.rang_at is None and not self.result:
            self.rang_at = now

    def refused(self, response: Response, *, rang: bool) -> None:
        """A phone said so, perhaps after it has rung."""
        if rang:
            self.is_declined = self.is_declined or response.status in DECLINED_ENDS
        elif response.status == 480:
            self.scheme = self.scheme or about_scheme(response.lines("warning"))

    def cancelled(self, now: float, *, elsewhere: bool) -> None:
        """The caller gave up, perhaps since another device has answered: a phone's 487 comes later, or never."""
        if not self.result:
            self.hear(487, now)
            self.why = ELSEWHERE if elsewhere else None

    @property
    def kind(self) -> Kind:
        """As that of the caller's events."""
        if self.result:
            return Kind.ANSWERED if self.result < 300 else Kind.ENDED
        return Kind.CALLING if self.rang_at is None else Kind.RINGING

    @property
    def sentence(self) -> Sentence:
        """For people, of any language."""
        words, by_its_name = {"caller": self.caller, "callee": self.dialled}, self.dialled == self.account
        if not self.result and self.rang_at is None:
            return Sentence("{caller} calls" if by_its_name else "{caller} calls {callee}", **words)
        if not self.result:
            return Sentence("{caller} calls: rings" if by_its_name else "{caller} calls {callee}: rings", **words)
        words["end"] = self._end()
        if self.rang_at is None:
            return Sentence("{caller} called: {end}" if by_its_name else "{caller} called {callee}: {end}", **words)
        words["seconds"] = f"{self.ended_at - self.rang_at:.0f}"
        template = "{caller} called {callee}: rang for {seconds} s, {end}"
        return Sentence("{caller} called: rang for {seconds} s, {end}" if by_its_name else template, **words)

    text = sentence

    def _end(self) -> Sentence:
        result = self.result
        if result < 300:
            return Sentence("answered by {device}", device=self.device)
        quiet = SILENT_ENDS if self.is_silent else {}
        rung = DECLINED_ENDS if self.is_declined else {}
        scheme = {480: self.scheme} if self.scheme else {}
        ends = ENDS | scheme | (quiet if self.rang_at is None else RUNG_ENDS | rung)
        end = self.why or ends.get(result)
        return end or Sentence("not put through: {status} {reason}", status=result, reason=reason_phrase(result))

    @property
    def source(self) -> str:
        """host:port/transport of the caller."""
        return self.origin.source


def about_scheme(warnings: Iterable[str]) -> Sentence | None:
    """What Warnings say of the scheme of a Request-URI; None where they say nothing of it."""
    return next((WARNINGS[each[:3]] for each in warnings if each[:3] in WARNINGS), None)
