"""The loop of `provision --batch`: waits for a box that is not done yet, sets it up, and says when the cable may go.

Where the line fails, the box is tried again. What the box or the person refuses would be refused again: it is told, and
the box is passed over.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from panel_link.asking import LinkError

from . import ports
from .batch import BatchWords, NoRow, Progress, Row
from .box import Box, Refused
from .cable import Cable, CableGone
from .plan import PlanError
from .ports import Found
from .provision import NotAgreed, Wishes, provision
from .screen import Screen

PAUSE = 0.5
"""Seconds between two looks at the ports."""


def run(progress: Progress, told: Sequence[str], baud: int, wishes: Wishes, screen: Screen) -> None:
    """Until no row waits for its box. Raises NoPassword, OSError of files."""
    while progress.waiting:
        screen.say(f"{progress.done} of {progress.boxes} boxes are done. Plug in the next one (Ctrl-C: go on later).")
        found = _next(progress, told, baud)
        row = None
        try:
            row = progress.row_for(found.serial)
            _set_up(progress, row, found, baud, wishes, screen)
        except (LinkError, CableGone) as error:
            screen.complain(f"{error} It is tried again.")
        except (Refused, NotAgreed, NoRow, PlanError) as error:
            progress.pass_over(found.serial, row)
            why = " ".join(str(error).splitlines())
            screen.complain(
                f"{row.label if row else found.port}: {why} The box with the serial number {found.serial} is passed "
                "over: set that right, on it or in the file, and give the same command again."
            )


def _next(progress: Progress, told: Sequence[str], baud: int) -> Found:
    while True:
        for found in ports.find(told, baud):
            if found.is_box and not progress.is_over(found.serial):
                return found
        time.sleep(PAUSE)


def _set_up(progress: Progress, row: Row, found: Found, baud: int, wishes: Wishes, screen: Screen) -> None:
    screen.say(f"{row.label}: the box with the serial number {found.serial} at {found.port}.")
    box = Box(Cable(found.port, baud), wishes.password.there, serial=found.serial)
    try:
        box.connect()
        box.log_in()
        if box.password is not None:
            wishes.password.prove(box.password)
        provision(box, row.office, wishes, BatchWords(progress, row, found.serial), screen)
    finally:
        box.close()
    progress.finish(row, found.serial)
    screen.say(f"{row.label} is done; its cable may go.")
