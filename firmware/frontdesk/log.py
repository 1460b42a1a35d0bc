"""The log: a line for each event and warning on standard error, as text or JSON. No secret ever gets into an event."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TextIO

from .events import Event, Kind

RECENT = 300
"""Lines that are kept in memory, 100 to 200 bytes each."""
LONGEST = 400
"""Characters that are kept of one line."""

Recent = deque[str]
"""The last lines, oldest first."""

_WARNINGS = frozenset({Kind.WARNING, Kind.REFUSED})


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {"time": record.created, "level": record.levelname.lower()}
        line["text"] = record.getMessage()
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return _json(line)


class _Keeping(logging.StreamHandler[TextIO]):
    """Writes lines, and keeps the last in memory."""

    def __init__(self, output: TextIO, recent: Recent) -> None:
        super().__init__(output)
        self._recent = recent

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        self._recent.append(line[:LONGEST])
        return line


def start_logging(form: str) -> Recent:
    """`form`: "text" or "json". What it gives holds the last lines from now on."""
    recent: Recent = deque(maxlen=RECENT)
    output = _Keeping(sys.stderr, recent)
    text = logging.Formatter("%(asctime)s %(levelname).1s %(message)s")
    output.setFormatter(_JsonLines() if form == "json" else text)
    logging.basicConfig(level=logging.INFO, handlers=[output], force=True)
    return recent


class EventLines:
    """Writes events as lines, all of a turn at once: a record of the logging module for each is a quarter of a call."""

    def __init__(self, form: str, output: TextIO, wall: Callable[[], float], recent: Recent | None = None) -> None:
        """`form`: "text" or "json"; `wall`: seconds since 1970; `recent` keeps the last lines."""
        self._recent = recent
        self._lines = _json_lines if form == "json" else self._text_lines
        self._output = output
        self._wall = wall
        self._second, self._second_text = -1, ""

    def write(self, events: Iterable[Event]) -> None:
        """A line for each that is to be told. A log that cannot be written keeps nobody from calling."""
        told = [event for event in events if is_told(event)]
        if not told:
            return
        lines = self._lines(told, self._wall())
        if self._recent is not None:
            self._recent.extend([line[:LONGEST] for line in lines[-RECENT:]])
        with contextlib.suppress(OSError, ValueError):
            self._output.write("\n".join([*lines, ""]))
            self._output.flush()

    def _text_lines(self, events: list[Event], now: float) -> list[str]:
        second = int(now)
        if second != self._second:  # the text of the time is made once a second
            self._second, self._second_text = second, time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
        at = f"{self._second_text},{int((now - second) * 1000):03}"
        return [f"{at} {_text(event)}" for event in events]


def _text(event: Event) -> str:
    # Its text and source are made here and not asked of it, and few texts are looked through: three calls less.
    origin, times, text = event.origin, event.times, event.wording.by_place % event.words
    origin = origin if isinstance(origin, str) else origin.source
    source = f" from {origin}" if origin else ""
    level = "W" if event.kind in _WARNINGS else "I"
    again = f" ({times} times)" if times > 1 else ""
    return f"{level} {event.account or '-'} {text if text.isprintable() else printable(text)}{again}{source}"


def is_told(event: Event) -> bool:
    """What comes again and again is told the 1st, 2nd, 4th, 8th time; strangers' failures are in the events only.

    So nobody who has no account can fill the disk with the log. Of a disk that fails the journal tells, once for all.
    """
    if event.rule == "disk" or (not event.account and event.kind is Kind.REFUSED):
        return False
    return not event.times & (event.times - 1)


def _json_lines(events: list[Event], now: float) -> list[str]:
    return [_json_line(event, now) for event in events]


def _json_line(event: Event, now: float) -> str:
    level = "warning" if event.kind in _WARNINGS else "info"
    who = {"account": event.account, "source": event.source, "rule": event.rule}
    again = event.times if event.times > 1 else ""
    return _json({"time": now, "level": level, "event": event.kind, **who, "text": event.text, "times": again})


def _json(line: dict[str, object]) -> str:
    return json.dumps({key: value for key, value in line.items() if value != ""}, ensure_ascii=False)


def printable(text: str) -> str:
    """Text off the wire without line ends and control characters, so that it can forge no line."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)
