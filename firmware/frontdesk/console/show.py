"""Answers for a terminal of 80 columns, where the table of `control` has a wider form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..control.columns import columns, fitting
from ..control.text import NOBODY, WHEREABOUTS, aligned, cell, length, outcome, whereabouts
from ..control.times import moment
from .line_editor import WIDTH

INDENT = "    "


def fitted(rows: Iterable[list[str]], below: Iterable[str]) -> str:
    """Aligned rows, the first one the heading, with a line of its own below each of the others."""
    lines = aligned(rows).split("\n")
    shown = [lines[0]]
    for line, more in zip(lines[1:], below, strict=True):
        shown += [line, INDENT + more] if more else [line]
    return "\n".join(shown)


def bindings(answer: Any) -> str:
    """Who is where, two lines each."""
    if not answer:
        return NOBODY
    below = [f"{cell(row['contact'])} {cell(row['user_agent'])}".removesuffix(" -") for row in answer]
    return fitted([WHEREABOUTS, *map(whereabouts, answer)], below)


def accounts(answer: Any) -> str:
    """Accounts, and their aliases and devices below where there are any."""
    if not answer:
        return "There are no accounts yet."
    fields = ("user", "name", "enabled", "bindings")
    below = [
        "; ".join(f"{what}: {', '.join(map(cell, row[what]))}" for what in ("aliases", "devices") if row[what])
        for row in answer
    ]
    return fitted([[*fields], *([cell(row[field]) for field in fields] for row in answer)], below)


def calls(answer: Any) -> str:
    """Calls, two lines each."""
    if not answer:
        return "There was no call yet."
    rows = [[moment(row["started"]), outcome(row), cell(length(row))] for row in answer]
    below = [f"{cell(row['caller'])} -> {cell(row['callee'])}" for row in answer]
    return fitted([["started", "state", "length"], *rows], below)


def domain(answer: Any) -> str:
    """The domain, above the settings."""
    return f"Domain: {cell(answer)}\n"


def settings(answer: Any) -> str:
    """Settings and their values; `set KEY ?` says what they mean."""
    return aligned([["setting", "value"], *([row["key"], cell(row["value"])] for row in answer)]) + "\n"


def network(answer: Any) -> str:
    """Interfaces, and their addresses below."""
    if not answer:
        return "There is no network."
    fields = ("name", "link", "mac", "gateway")
    below = [", ".join(map(cell, row["addresses"])) for row in answer]
    return fitted([[*fields], *([cell(row[field]) for field in fields] for row in answer)], below)


SCREENS: dict[str, Callable[[Any], str]] = {
    "bindings": bindings,
    "account list": accounts,
    "calls": calls,
    "config list": settings,
    "domain get": domain,
    "net": network,
}
VERBATIM = ("export", "backup")
"""Answers whose lines must stay what they are, however wide."""


def wrapped(text: str) -> str:
    """Lines that are too long for the terminal go on in the next row, a little to the right."""
    lines: list[str] = []
    for line in text.split("\n"):
        while columns(line) >= WIDTH:
            room = fitting(line, WIDTH - 1)
            cut = line.rfind(" ", len(INDENT) + 1, room)
            cut = cut if cut > 0 else room
            lines.append(line[:cut].rstrip())
            line = INDENT + line[cut:].lstrip()
        lines.append(line)
    return "\n".join(lines)
