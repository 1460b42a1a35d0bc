"""What people see: plain lines, tables, a question, and a bar with a rate on every transfer; or JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn


class Bar:
    """The progress of one request, sent and received bytes together."""

    def __init__(self, progress: Progress, label: str) -> None:
        self._progress = progress
        self._label = label
        self._task = progress.add_task(label, total=None)

    def moved(self, sent: int, to_send: int, got: int, to_get: int | None) -> None:
        """After each chunk."""
        total = None if to_get is None else to_send + to_get
        self._progress.update(self._task, completed=sent + got, total=total or to_send, description=self._label)

    def lost(self) -> None:
        """The cable is gone."""
        self._progress.update(self._task, description="Plug the cable in again")

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Off the screen, so that a question has a line of its own."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()


class Screen:
    """Answers on standard output, all else on standard error."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json
        self._out = Console(highlight=False, markup=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """A line for people; programs do not get it."""
        if not self.as_json:
            self._out.print(_plain(text))

    def complain(self, text: str) -> None:
        """What went wrong."""
        for line in text.splitlines():
            self._err.print(f"deskctl: {_plain(line)}")

    def answer(self, answer: object) -> None:
        """For programs alone."""
        if self.as_json:
            sys.stdout.write(json.dumps(answer, indent=2) + "\n")

    def finish(self) -> None:
        """All of the answer is written. Raises OSError."""
        sys.stdout.flush()

    def drop_unwritten(self) -> None:
        """What cannot be written goes nowhere: Python tries it once more at its end, with a status of its own."""
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def table(self, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """For people alone."""
        if self.as_json:
            return
        widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
        for style, row in [("bold", heading), *((None, row) for row in rows)]:
            cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
            self._out.print(_plain("  ".join(cells).rstrip()), style=style)

    def agreed(self, question: str) -> bool:
        """Whether the person says yes; nobody there says no."""
        if not sys.stdin.isatty():
            return False
        self._err.print(f"{question} [y/N] ", end="")
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    @contextmanager
    def bar(self, label: str) -> Iterator[Bar]:
        """For one request; seen on a terminal only."""
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=self._err, transient=True, disable=not self._err.is_terminal) as progress:
            yield Bar(progress, label)


def open_closed() -> None:
    """A shell can close the standard streams (`>&-`): nobody is there then, which is no reason to fail."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _plain(text: str) -> str:
    """A box may tell what strangers have sent it; nothing of that moves the cursor here. What the terminal cannot show
    gets a stand-in."""
    encoding = sys.stdout.encoding or "utf-8"
    shown = "".join(char if char.isprintable() else "?" for char in text)
    return shown.encode(encoding, "backslashreplace").decode(encoding)
