"""What is well and what is not: the port, the cable, the versions, the box itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from panel_link.asking import LinkError

from .box import Box, Refused
from .cable import Cable, CableGone
from .passwords import NoPassword

FILLER = 3000
"""Bytes of each test of the line: under what a box takes from strangers."""
ROUNDS = 3
OFTEN_RESENT = 1
"""Frames sent again in a test; more is a bad cable."""
UNKNOWN = "unknown"
"""The version of a deskctl that was not installed."""
HIGH_JOURNAL = 1000
"""Changes that wait for the disk."""


@dataclass(slots=True, frozen=True)
class Finding:
    """One line of the report."""

    subject: str
    good: bool
    text: str


def examine(cable: Cable, box: Box) -> Iterator[Finding]:
    """One finding after the other, up to what makes the rest impossible."""
    try:
        hello = box.connect()
    except CableGone as error:
        yield Finding("port", False, str(error))
        return
    except (LinkError, Refused) as error:
        yield Finding("port", True, f"{cable.url} opens at {cable.baud} baud.")
        yield Finding("box", False, f"{str(error).rstrip('.')}: is it on, is the cable crossed, is the speed right?")
        return
    yield Finding("port", True, f"{cable.url} opens at {cable.baud} baud.")
    yield Finding("box", True, f"{hello['product']}, serial number {hello['serial']}, host name {hello['hostname']}.")
    yield _versions(hello)
    yield _line(box)
    yield from _health(box)


def _versions(hello: dict[str, Any]) -> Finding:
    ours = own_version()
    same = ours == UNKNOWN or hello["version"].split(".")[:2] == ours.split(".")[:2]
    return Finding("versions", same, f"The box has {hello['version']}, deskctl {ours}.")


def _line(box: Box) -> Finding:
    before, since = box.resent, time.monotonic()
    for _ in range(ROUNDS):
        box.ask("hello", filler="x" * FILLER)
    resent = box.resent - before
    rate = ROUNDS * FILLER / max(1e-6, time.monotonic() - since) / 1000
    return Finding("cable", resent <= OFTEN_RESENT, f"{rate:.1f} kB/s, {resent} frames had to be sent again.")


def _health(box: Box) -> Iterator[Finding]:
    try:
        box.log_in()
    except (NoPassword, Refused) as error:
        yield Finding("login", False, str(error))
    if box.hello.get("password") is False:
        yield Finding("login", True, "There is no admin password yet: whoever is at this line administers the box.")
    status = box.ask("status")
    yield Finding("load", True, f"Up for {_duration(status['uptime'])}: {status['accounts']} accounts, "
                                f"{status['bindings']} bindings, {status['calls']} calls.")  # fmt: skip
    if "journal" in status:
        waiting = status["journal"]["pending"]
        yield Finding("disk", waiting < HIGH_JOURNAL, f"{waiting} changes wait for it.")
    if status["provisioned"] and "problems" in box.hello.get("verbs", ()):
        for problem in box.ask("problems"):
            yield Finding("problem", False, f"{problem['text'].rstrip('.')}. {problem['cure']}".strip())
    else:
        for notice in status.get("notices", ()):
            yield Finding("notice", False, notice)


def _duration(seconds: int) -> str:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min {seconds % 60} s"


def own_version() -> str:
    """Of this tool."""
    try:
        return version("frontdesk")
    except PackageNotFoundError:
        return UNKNOWN
