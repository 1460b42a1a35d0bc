"""Line editing for the least of terminals: bytes in, echo out, with carriage return, backspace and bell alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from ..control.columns import base, columns, fitting
from . import keys
from .keys import Keys

WIDTH = 80
"""Columns of the terminal, which cannot be asked."""
LONGEST = 4096
"""Characters of one line that somebody types; what goes beyond is answered with a bell."""
PLAIN = re.compile(rb"[ ->@-~]+")
"""ASCII that can be seen, less the question mark."""
LINE_STARTS = b"\r\n\x03\x15"
"""What a new line begins after: the ends of one, Ctrl-C, Ctrl-U."""
REMEMBERED = 50
"""Lines of history."""


class Ending(Enum):
    """How a line came to its end."""

    LINE = auto()
    INTERRUPT = auto()
    """Ctrl-C."""
    END = auto()
    """Ctrl-D on an empty line."""


@dataclass(slots=True, frozen=True)
class Typed:
    """What a person typed."""

    ending: Ending
    text: str = ""


@dataclass(slots=True, frozen=True)
class Completion:
    """What Tab adds to the line; where that is nothing, what there is to choose from."""

    added: str = ""
    choices: tuple[str, ...] = ()


class Assist(Protocol):
    """What knows the language of a line; each gets the text before the cursor."""

    def complete(self, before: str) -> Completion: ...
    def help(self, before: str) -> str | None:
        """None: here a question mark is a character as any other."""


@dataclass(slots=True, frozen=True)
class Prompt:
    """What is asked; `hidden`: nothing of the answer is shown or remembered."""

    text: str
    hidden: bool = False
    assist: Assist | None = None
    history: bool = False
    """The answer is remembered, and earlier ones can be had again."""
    longest: int = LONGEST


class LineEditor:
    """One line after the other. What is typed while no prompt is open waits for the next."""

    def __init__(self) -> None:
        self._keys = Keys()
        self._pending = bytearray()
        self._output: list[str] = []
        self._prompt: Prompt | None = None
        self._text = ""
        self._typed: list[str] = []
        """What nobody sees is put into the line together: each letter by itself would copy a long one anew."""
        self._at = 0
        self._history: list[str] = []
        self._looking = 0
        """The place in the history that is on the line; its length: the line is new."""
        self._ended: Typed | None = None
        self._is_explained = False
        """Help was the last thing on an empty line: who ends it with Enter does not mean to answer with that."""
        self._actions: dict[str, Callable[[], None]] = {
            keys.ENTER: self._enter, keys.INTERRUPT: self._interrupt, keys.END: self._end, keys.TAB: self._complete,
            keys.REDRAW: self._redraw, keys.LEFT: self._left, keys.RIGHT: self._right, keys.UP: self._older,
            keys.DOWN: self._newer, keys.HOME: self._home, keys.FINISH: self._finish, keys.BACKSPACE: self._backspace,
            keys.DELETE: self._delete, keys.ERASE_LINE: self._erase_line, keys.ERASE_REST: self._erase_rest,
            keys.ERASE_WORD: self._erase_word, "?": self._help,
        }  # fmt: skip

    # -- what the terminal calls ---------------------------------------------------------------------------------------

    @property
    def at_start(self) -> bool:
        """Nothing was typed of the line that comes next."""
        return self._pending[-1] in LINE_STARTS if self._pending else not self._text

    @property
    def waiting(self) -> int:
        """Bytes that nobody has looked at yet."""
        return len(self._pending)

    def ask(self, prompt: Prompt) -> None:
        """Opens a prompt."""
        self._prompt = prompt
        self._text, self._at, self._is_explained = "", 0, False
        self._looking = len(self._history)
        self._put(prompt.text)

    def receive(self, data: bytes) -> None:
        """Takes what was typed."""
        self._pending += data

    def read(self) -> Typed | None:
        """The line, once it is complete; the prompt is closed then. What follows it waits."""
        if self._prompt is None:
            return None
        read = 0
        while read < len(self._pending) and self._ended is None:
            if run := self._plain(read):
                self._keys.skip()
                self._type(run)
                read += len(run)
                continue
            read += 1
            for key in self._keys.read(self._pending[read - 1]):
                self._press(key)
        self._settle()
        del self._pending[:read]
        ended, self._ended = self._ended, None
        if ended is not None:
            self._prompt, self._text = None, ""
        return ended

    def _plain(self, start: int) -> str:
        """What is simply added to the line's end: pasted text goes this short way."""
        if self._at != len(self._text) or not self._keys.between:
            return ""
        match = PLAIN.match(self._pending, start)
        return match[0].decode("ascii") if match else ""

    def forget(self) -> None:
        """Drops what was typed ahead, and the history: another person may come."""
        self._pending.clear()
        self._history.clear()
        self._keys = Keys()
        self._prompt = None
        self._text = ""

    def redraw(self) -> None:
        """Shows the open prompt once more."""
        if self._prompt is not None:
            self._redraw()

    def take_output(self) -> str:
        """What is to be shown since the last call."""
        output = "".join(self._output)
        self._output.clear()
        return output

    # -- keys ----------------------------------------------------------------------------------------------------------

    def _press(self, key: str) -> None:
        if self._ended is not None:
            return  # A broken byte before the line's end: its stand-in and the end come together.
        action = self._actions.get(key)
        if len(key) == 1 and (action is None or self._is_hidden):
            self._type(key)
        elif action is not None:
            self._settle()
            action()

    def _type(self, text: str) -> None:
        if self._is_hidden:
            self._typed.append(text)
        else:
            self._insert(text)

    def _settle(self) -> None:
        if self._typed:
            self._insert("".join(self._typed))
            self._typed.clear()

    def _enter(self) -> None:
        if self._is_explained:
            self._is_explained = False
            return
        self._put("\r\n")
        self._ended = Typed(Ending.LINE, self._text)
        line = self._text.strip()
        if line and self._has_history and self._history[-1:] != [line]:
            self._history = [*self._history, line][-REMEMBERED:]

    def _interrupt(self) -> None:
        self._put("^C\r\n")
        self._ended = Typed(Ending.INTERRUPT)

    def _end(self) -> None:
        if self._text:
            self._delete()
        else:
            self._put("\r\n")
            self._ended = Typed(Ending.END)

    def _insert(self, text: str) -> None:
        self._is_explained = False
        room = (LONGEST if self._prompt is None else self._prompt.longest) - len(self._text)
        if room:
            self._replace(self._at, self._at, text[:room])
        self._put("\a" * len(text[room:]))

    def _left(self) -> None:
        self._move(max(0, self._at - 1))

    def _right(self) -> None:
        self._move(min(len(self._text), self._at + 1))

    def _home(self) -> None:
        self._move(0)

    def _finish(self) -> None:
        self._move(len(self._text))

    def _backspace(self) -> None:
        self._replace(max(0, self._at - 1), self._at)

    def _delete(self) -> None:
        self._replace(self._at, min(len(self._text), self._at + 1))

    def _erase_line(self) -> None:
        self._replace(0, len(self._text))

    def _erase_rest(self) -> None:
        self._replace(self._at, len(self._text))

    def _erase_word(self) -> None:
        start = len(self._text[: self._at].rstrip().rpartition(" ")[0])
        self._replace(start + 1 if start else 0, self._at)

    def _older(self) -> None:
        self._recall(self._looking - 1)

    def _newer(self) -> None:
        self._recall(self._looking + 1)

    def _recall(self, place: int) -> None:
        if not self._has_history or not 0 <= place <= len(self._history):
            return
        self._looking = place
        self._replace(0, len(self._text), self._history[place] if place < len(self._history) else "")

    # -- help ----------------------------------------------------------------------------------------------------------

    def _help(self) -> None:
        assist = self._assist
        text = None if assist is None else assist.help(self._text[: self._at])
        if text is None:
            self._insert("?")
            return
        self._say("?\r\n" + text.replace("\n", "\r\n"))
        self._is_explained = not self._text

    def _complete(self) -> None:
        assist = self._assist
        completion = Completion() if assist is None else assist.complete(self._text[: self._at])
        if completion.added and len(self._text) + len(completion.added) <= LONGEST:
            self._replace(self._at, self._at, completion.added)
        elif completion.choices:
            self._say("\r\n" + "  ".join(completion.choices))
        else:
            self._put("\a")

    @property
    def _assist(self) -> Assist | None:
        return None if self._prompt is None or self._prompt.hidden else self._prompt.assist

    # -- the screen ----------------------------------------------------------------------------------------------------

    @property
    def _is_hidden(self) -> bool:
        return self._prompt is not None and self._prompt.hidden

    @property
    def _has_history(self) -> bool:
        return self._prompt is not None and self._prompt.history

    @property
    def _room(self) -> int:
        """Columns beside the prompt; one is left free, since terminals disagree about what follows the last."""
        return max(16, WIDTH - 1 - (0 if self._prompt is None else len(self._prompt.text)))

    def _replace(self, start: int, end: int, new: str = "") -> None:
        """Changes a part of the line; the cursor stands behind what is new."""
        old, before = self._text, self._at
        self._text = old[:start] + new + old[end:]
        self._at = start + len(new)
        if self._is_hidden:
            return
        if max(columns(old), columns(self._text)) > self._room:
            # A line that does not fit in one row: what is added at its end flows on, all else shows a part of it anew.
            if before == start == end == len(old):
                self._put(new)
            else:
                self._redraw()
            return
        start = min(base(old, start), base(self._text, start))
        blank = max(0, columns(old) - columns(self._text))
        back = columns(self._text[self._at :]) + blank
        self._go(before, start, old)
        self._put(self._text[start:] + " " * blank + "\b" * back)

    def _move(self, at: int) -> None:
        before, self._at = self._at, at
        if self._is_hidden or before == at:
            return
        if columns(self._text) > self._room:
            self._redraw()
        else:
            self._go(before, at, self._text)

    def _go(self, before: int, at: int, text: str) -> None:
        self._put("\b" * columns(text[at:before]) if at < before else text[before:at])

    def _redraw(self) -> None:
        self._say("")

    def _say(self, text: str) -> None:
        """Shows a text below the line, and the line again below that, as much of it as fits in one row."""
        prompt = "" if self._prompt is None else self._prompt.text
        before, after = ("", "") if self._is_hidden else (self._text[: self._at], self._text[self._at :])
        before = before[len(before) - fitting(reversed(before), self._room) :]
        after = after[: fitting(after, self._room - columns(before))]
        self._put(f"{text}\r\n{prompt}{before}{after}" + "\b" * columns(after))

    def _put(self, text: str) -> None:
        self._output.append(text)
