"""Columns of a terminal that characters take (UAX #11): wide ones two, those that join the one before none."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

JOINED = ("Mn", "Me", "Cf")
"""Categories of what is shown with the character before: accents, enclosing marks, joiners."""


def columns(text: str) -> int:
    """Columns that a text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def fitting(text: Iterable[str], room: int) -> int:
    """How many of the characters fit into so many columns."""
    count = 0
    for char in text:
        room -= _columns(char)
        if room < 0:
            break
        count += 1
    return count


def base(text: str, at: int) -> int:
    """Where the character begins that is shown with the one at this place: itself, where it joins none."""
    while 0 < at < len(text) and not _columns(text[at]):
        at -= 1
    return at


def _columns(char: str) -> int:
    if unicodedata.category(char) in JOINED:
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
