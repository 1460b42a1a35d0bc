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
        since = _minute(at, self._clock)
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


def _minute(at: float, clock: Clock) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(max(0.0, at + clock.offset())))


def unwritable() -> Sentence:
    """It fails."""
    what = Sentence("The disk cannot be written")
    what.cure = Sentence(
        "Who is registered stays so, but nobody registers anew and nothing can be changed until it can. Make room "
        "where it is full; put another one in where it fails, and restore a backup. The notice ends with the next "
        "change or registration."
    )
    return what


def without_snapshot() -> Sentence:
    """It takes no snapshots."""
    what = Sentence("No snapshot of accounts and settings can be written")
    what.cure = Sentence("What is changed is kept, but there is no second copy of it. Make room on the disk.")
    return what


def lost() -> Sentence:
    """The file is another one, or gone."""
    notice = Sentence("The database was deleted or replaced while the box runs; what it writes is lost when it stops.")
    notice.cure = Sentence(
        "Make a backup, then restart the box: accounts and settings come back from its newest snapshot, the list of "
        "calls from the backup."
    )
    return notice


def silent(since: float, clock: Clock) -> Sentence:
    """It neither fails nor is done; boot seconds."""
    notice = Sentence("The disk has not answered since {since}.", since=_minute(since, clock))
    notice.cure = Sentence(
        "Who is registered stays so and can be called; who registers anew has to wait. Where it stays silent, restart "
        "the computer; if that does not help, put another disk in and restore a backup."
    )
    return notice
