"""The log: a line for each event and warning on standard error, as text or JSON. No secret ever gets into an event."""

from __future__ import annotations

import json
import logging
import sys

from .events import Event, Kind

_log = logging.getLogger("frontdesk.events")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {"time": record.created, "level": record.levelname.lower()}
        event = getattr(record, "event", None)
        if isinstance(event, Event):
            line |= {"event": event.kind, "account": event.account, "source": event.source, "rule": event.rule}
            line["text"] = event.text
        else:
            line["text"] = record.getMessage()
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps({key: value for key, value in line.items() if value != ""}, ensure_ascii=False)


def start_logging(form: str) -> None:
    """`form`: "text" or "json"."""
    output = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname).1s %(message)s")
    output.setFormatter(_JsonLines() if form == "json" else text)
    logging.basicConfig(level=logging.INFO, handlers=[output], force=True)


def log_event(event: Event) -> None:
    """One line: who, what, from where.

    What comes again and again is told the 1st, 2nd, 4th, 8th time; strangers' failures are in the events only. So
    nobody who has no account can fill the disk with the log. Of a disk that fails the journal tells, once for all.
    """
    known = event.rule == "disk" or (event.kind is Kind.REFUSED and not event.account)
    if known or event.times & (event.times - 1):
        return
    level = logging.WARNING if event.kind in (Kind.WARNING, Kind.REFUSED) else logging.INFO
    if not _log.isEnabledFor(level):
        return
    parts = [event.account or "-", printable(event.text)]
    if event.times > 1:
        parts.append(f"({event.times} times)")
    if event.source:
        parts.append(f"from {event.source}")
    _log.log(level, "%s", " ".join(parts), extra={"event": event})


def printable(text: str) -> str:
    """Text off the wire without line ends and control characters, so that it can forge no line."""
    return "".join(char if char.isprintable() else "?" for char in text)
