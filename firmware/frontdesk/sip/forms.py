"""What the names of a message's header lines come to: a form that a phone has for years, so it is judged once.

Most messages have as many lines as the last of their kind, with the same names; then these need not be cut off to be
compared.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import getitem
from typing import Generic, TypeVar

MAX_HEAD = 4096
"""Bytes of start line and header lines: what strangers send can fill no memory."""
MAX_LINES = 64

F = TypeVar("F")


class Forms(Generic[F]):
    """Remembers what `judge` made of names, with their colons, in their order; None: they are no usual ones."""

    def __init__(self, judge: Callable[[tuple[bytes, ...]], F | None]) -> None:
        self.of_names = lru_cache(128)(judge)
        self._last: dict[int, tuple[list[bytes], list[slice], F]] = {}
        """By the number of lines: how each line began, and to where, and what that was."""

    def of(self, lines: list[bytes]) -> F | None:
        """Of the lines, at most MAX_LINES and MAX_HEAD in all."""
        last = self._last.get(len(lines))
        if last is not None and [*map(getitem, lines, last[1])] == last[0]:
            return last[2]
        names = tuple([line.partition(b" ")[0] for line in lines])
        form = self.of_names(names)
        if form is not None:
            begins = [name + b" " for name in names]
            self._last[len(lines)] = begins, [slice(len(begin)) for begin in begins], form
        return form


def whole_lines(head: bytes) -> list[bytes]:
    """The lines of a head; none where a line end is not CR and LF, or one of these stands alone."""
    lines = head.splitlines()
    return lines if b"\r\n".join(lines) == head else []
