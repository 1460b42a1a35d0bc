"""Text that came off the wire as a SQLite value, any byte unharmed."""

from __future__ import annotations

from typing import Any


def cell(text: str) -> str | bytes:
    """What to bind: the text, or its bytes where it was no UTF-8 (surrogateescape) and a TEXT cell cannot hold it."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text


def cells(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same for a whole row: nearly all rows are ASCII, and are found out in one step."""
    if "".join([value for value in row if isinstance(value, str)]).isascii():
        return row
    return tuple(cell(value) if isinstance(value, str) else value for value in row)


def texts(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The inverse, for a whole row: nearly all rows hold no bytes, and are found out at the speed of C."""
    if bytes not in map(type, row):
        return row
    return tuple(value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value for value in row)
