"""The loop of `provision --batch`: waits for a box that is not done yet, sets it up, and says when the cable may go."""

from __future__ import annotations

import time
from collections.abc import Sequence

from panel_link.asking import LinkError

from . import ports
from .batch import BatchWords, Progress
from .box import Box
from .cable import Cable, CableGone
from .ports import Found
from .provision import Wishes, provision
from .screen import Screen

PAUSE = 0.5
"""Seconds between two looks at the ports."""


def run(progress: Progress, told: Sequence[str], baud: int, wishes: Wishes, screen: Screen) -> None:
    """Until all boxes are done. Raises Refused, NotAgreed, NoRow, NoPassword, PlanError, OSError of files."""
    while not progress.finished:
        screen.say(f"{progress.done} of {progress.boxes} boxes are done. Plug in the next one (Ctrl-C: go on later).")
        found = _next(progress, told, baud)
        try:
            _set_up(progress, found, baud, wishes, screen)
        except (LinkError, CableGone) as error:
            screen.complain(f"{error} It is tried again.")


def _next(progress: Progress, told: Sequence[str], baud: int) -> Found:
    while True:
        for found in ports.find(told, baud):
            if found.is_box and not progress.is_done(found.serial):
                return found
        time.sleep(PAUSE)


def _set_up(progress: Progress, found: Found, baud: int, wishes: Wishes, screen: Screen) -> None:
    row = progress.row_for(found.serial)
    screen.say(f"{row.label}: the box with the serial number {found.serial} at {found.port}.")
    progress.begin(row, found.serial)
    box = Box(Cable(found.port, baud), wishes.password.there)
    try:
        box.connect()
        box.log_in()
        provision(box, row.office, wishes, BatchWords(progress, row), screen)
    finally:
        box.close()
    progress.finish(row)
    screen.say(f"{row.label} is done; its cable may go.")
