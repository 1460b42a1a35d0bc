"""Trouble with the disk: one line in the log when a spell begins, one when it is over, and a notice while it lasts."""

from __future__ import annotations

import logging
import time

from ..model import Sentence
from .clock import Clock

log = logging.getLogger(__name__)


class Trouble:
    """One kind of it. Told by the writer thread; anybody may read `notice`."""

    def __init__(self, what: Sentence, over: str, clock: Clock) -> None:
        """`what` has the cure, `over` is for the log alone."""
        self._what = what
        self._over = over
        self._clock = clock
        self.spell: tuple[str, float] | None = None
        """Its first error, and when that was by a clock that nobody sets; None while all is well."""

    @property
    def notice(self) -> Sentence:
        """What the person at the box should know, one sentence; "" while all is well."""
        if (spell := self.spell) is None:
            return Sentence("")
        error, at = spell
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(max(0.0, at + self._clock.offset())))
        notice = Sentence("{what}: {error}, since {since}.", what=self._what, error=error, since=since)
        notice.cure = self._what.cure
        return notice

    def met(self, error: Exception) -> None:
        """It failed, for the first time or again."""
        if self.spell is None:
            log.warning("%s: %s", self._what, error)
            self.spell = str(error), self._clock.now()

    def over(self) -> None:
        """It went well."""
        if self.spell is not None:
            log.warning("%s", self._over)
            self.spell = None
