"""Trouble with the disk: one line in the log when a spell begins, one when it is over, and a notice while it lasts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from ..model import Sentence

log = logging.getLogger(__name__)


class Trouble:
    """One kind of it. Told by the writer thread; anybody may read `notice`."""

    def __init__(self, what: Sentence, over: str, wall: Callable[[], float]) -> None:
        """`what` has the cure, `over` is for the log alone."""
        self.notice = Sentence("")
        """What the person at the box should know, one sentence; "" while all is well."""
        self._what = what
        self._over = over
        self._wall = wall

    def met(self, error: Exception) -> None:
        """It failed, for the first time or again."""
        if not self.notice:
            log.warning("%s: %s", self._what, error)
            since = time.strftime("%Y-%m-%d %H:%M", time.localtime(self._wall()))
            notice = Sentence("{what}: {error}, since {since}.", what=self._what, error=str(error), since=since)
            notice.cure = self._what.cure
            self.notice = notice

    def over(self) -> None:
        """It went well."""
        if self.notice:
            log.warning("%s", self._over)
            self.notice = Sentence("")
