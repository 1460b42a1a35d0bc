"""Settings that are staged but not in use, one candidate for all who administer the box; and a commit on trial.

A commit on trial is in use and not written: it goes back by itself when its time is over, and at a restart, since the
database still has the settings of before.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..config import SettingError, combined, find, parse, text_of
from ..model import Settings
from . import owed
from .errors import NotThere, Sentence, VerbError
from .times import ago

if TYPE_CHECKING:
    from .box import Box

COMMAND_LINE = Sentence("The command line")
CONSOLE = Sentence("The console")
PANEL_CONSOLE = Sentence("The front panel's console")
PROGRAM = Sentence("A program on the serial line")
EDITOR: ContextVar[str] = ContextVar("editor", default=COMMAND_LINE)
"""Who is at work: one of these, or the page."""
LONGEST_TRIAL = 86_400
"""Seconds."""
AGAIN = 10.0
"""Seconds until the way back is tried once more, where the machine refused it."""
GONE_BACK = Sentence("Nobody confirmed the last commit: the settings of before are in use again.")


class Alarm(Protocol):
    """A call that is still to come."""

    def cancel(self) -> None: ...


Later = Callable[[float, Callable[[], Coroutine[Any, Any, None]]], Alarm]
"""Runs something in so many seconds."""


@dataclass(slots=True, frozen=True)
class Change:
    """One setting as it is, and as it is to be, both as they are typed."""

    key: str
    old: str
    new: str


@dataclass(slots=True)
class Trial:
    """A commit that waits to be confirmed."""

    editor: str
    before: Settings
    after: Settings
    texts: dict[str, str | None]
    ends_at: float
    alarm: Alarm

    @property
    def way_back(self) -> owed.Owed:
        """What the computer is owed of it."""
        return owed.way_back(self.before, self.after)


class Candidate:
    """What is staged, by whom, and what is on trial."""

    def __init__(self, later: Later | None = None) -> None:
        """`later` is there where the box serves; without it nothing can be staged, since nothing would keep it."""
        self._later = later
        self._texts: dict[str, str | None] = {}
        self._staged_at = 0.0
        self.editor = ""
        """Who has staged something last."""
        self.trial: Trial | None = None
        self.has_gone_back = False
        """What is staged was tried, and nobody confirmed it."""

    @property
    def texts(self) -> Mapping[str, str | None]:
        """Key -> the text that is staged; None: back to the default."""
        return self._texts

    def notices(self, now: float) -> list[Sentence]:
        """What whoever looks at the box has to know, a sentence each."""
        notices = [GONE_BACK] if self.has_gone_back else []
        if self.trial is not None:
            sentence = "Settings are on trial: they go back in {left} unless `commit` keeps them."
            notices.append(Sentence(sentence, left=self._left(now)))
        if self._texts:
            sentence = "{who} staged changes of settings {ago} ago; they are not in use before `commit`."
            notices.append(Sentence(sentence, **self._staged(now)))
        return notices

    def _staged(self, now: float) -> dict[str, str]:
        return {"who": self.editor, "ago": ago(now - self._staged_at)}

    def _left(self, now: float) -> str:
        return ago(max(0.0, self.trial.ends_at - now)) if self.trial else ""

    # -- staging -------------------------------------------------------------------------------------------------------

    def stage(self, box: Box, key: str, text: str | None) -> str:
        """Stages one setting; a sentence where somebody else has staged something. Raises VerbError."""
        if self._later is None:
            raise VerbError("Settings are staged where the box serves; here `config set` changes one for good.")
        self.refuse_trial(box)
        now = box.clock.now()
        texts = self._texts | {key: text}
        typed(box, key, text)
        others = bool(self._texts) and self.editor != EDITOR.get()
        sentence = "{who} staged changes of settings {ago} ago too: `diff` shows all, and `commit` takes all."
        warning = Sentence(sentence, **self._staged(now)) if others else ""
        self._texts = texts
        self.editor, self._staged_at = EDITOR.get(), now
        return warning

    def changes(self, box: Box) -> list[Change]:
        """What is to be changed, whether or not it can stand together yet."""
        changes = [
            Change(key, text_of(box.settings, key), typed(box, key, text)) for key, text in self._texts.items()
        ]
        return [change for change in changes if change.old != change.new]

    def discard(self) -> None:
        """Forgets what is staged, and that something went back."""
        self._texts = {}
        self.has_gone_back = False

    # -- a commit on trial ---------------------------------------------------------------------------------------------

    def refuse_trial(self, box: Box) -> None:
        """Raises VerbError while a commit waits for its confirmation."""
        if self.trial is not None:
            sentence = "{who} tries settings out, for {left} yet: first `commit` or `rollback`."
            raise VerbError(sentence, who=self.trial.editor, left=self._left(box.clock.now()))

    async def begin_trial(self, box: Box, after: Settings, seconds: float) -> None:
        """What is staged is about to be in use; it goes back in so many seconds. Raises VerbError, OSError."""
        if self._later is None:
            raise VerbError("Settings are tried out where the box serves.")
        before = box.settings
        if way_back := owed.way_back(before, after):
            await owed.owe(box.records, way_back)
        ends_at = box.clock.now() + seconds
        alarm = self._later(seconds, lambda: self._end(box, ends_at))
        self.trial = Trial(EDITOR.get(), before, after, dict(self._texts), ends_at, alarm)
        self.discard()

    def prolong(self, box: Box, seconds: float) -> dict[str, Any]:
        """What is on trial goes back in so many seconds from now."""
        assert self._later is not None
        assert self.trial is not None
        self.trial.alarm.cancel()
        ends_at = self.trial.ends_at = box.clock.now() + seconds
        self.trial.alarm = self._later(seconds, lambda: self._end(box, ends_at))
        return {"changed": list(self.trial.texts), "confirm": seconds, "notes": []}

    async def _end(self, box: Box, ends_at: float) -> None:
        """The time is over, unless it was renewed before this had its turn; what cannot go back now is tried again
        until it can."""
        assert self._later is not None
        async with box.turn:
            if self.trial is None or self.trial.ends_at != ends_at:
                return
            try:
                await self.go_back(box, by_itself=True)
            except (OSError, VerbError):
                if self.trial is not None:
                    self.trial.alarm = self._later(AGAIN, lambda: self._end(box, ends_at))

    def end_trial(self) -> Trial | None:
        """They stay, or were taken back: nothing more happens by itself."""
        trial, self.trial = self.trial, None
        if trial is not None:
            trial.alarm.cancel()
        return trial

    async def give_up(self, box: Box) -> None:
        """The machine has refused what was to be tried: it is staged as it was."""
        trial = self.end_trial()
        if trial is not None:
            self._texts = trial.texts
            await _settle(box, trial)

    async def go_back(self, box: Box, *, by_itself: bool = False) -> None:
        """The settings of before are in use again, and what was tried is staged again. Raises VerbError, and then what
        was tried is still in use."""
        trial = self.trial
        if trial is None:
            return
        await box.take(trial.after, trial.before)
        box.use(trial.before)
        self._texts = trial.texts
        self.editor, self._staged_at = trial.editor, box.clock.now()
        if by_itself:
            self.has_gone_back = True
        self.end_trial()
        await _settle(box, trial)


async def _settle(box: Box, trial: Trial) -> None:
    """The computer is as the database has it: what is owed then, where the disk takes nothing, does no harm."""
    with suppress(OSError):
        await owed.settle(box.records, trial.way_back)


def checked(box: Box, texts: Mapping[str, str | None]) -> Settings:
    """The box's settings with these changed, if they can stand together. Raises VerbError."""
    try:
        return combined(box.settings, texts, box.defaults)
    except SettingError as error:
        raise VerbError.of(error) from None


def typed(box: Box, key: str, text: str | None) -> str:
    """One value as it will stand; None: the default. Raises VerbError."""
    try:
        return text_of(box.defaults, key) if text is None else find(key).form.write(parse(key, text))
    except SettingError as error:
        raise VerbError.of(error) from None


def known(key: str) -> str:
    """The key as the table of settings has it. Raises VerbError."""
    try:
        return find(key).key
    except SettingError as error:
        raise NotThere.of(error) from None
