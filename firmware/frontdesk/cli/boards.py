"""`boards`: the kinds of board that there are, each file checked."""

from __future__ import annotations

from typing import Any

from ..board import Board, BoardError, detect, load, names
from ..control.text import aligned

COLUMNS = ("board", "computer", "console", "panel", "watchdog", "tried")


def check_boards() -> tuple[list[dict[str, Any]], list[str]]:
    """All boards whose files are right, and a sentence for each that is not."""
    boards, complaints = [], []
    for name in names():
        try:
            boards.append(load(name))
        except BoardError as error:
            complaints.append(str(error))
    here = "" if complaints else detect()
    return [_row(board) | {"this": board.name == here} for board in boards], complaints


def _row(board: Board) -> dict[str, Any]:
    return {
        "board": board.name,
        "computer": board.title,
        "console": list(board.consoles),
        "panel": board.panel or None,
        "interface": board.interface or None,
        "led": board.led and f"{board.led.chip} {board.led.line}",
        "button": board.button and f"{board.button.chip} {board.button.line}",
        "watchdog": board.watchdog or None,
        "settings": dict(board.settings),
        "tried": board.tried,
    }


def show(boards: list[dict[str, Any]]) -> str:
    """A table for people; the star is on what this computer is."""
    return aligned([[*COLUMNS], *([_cell(board, column) for column in COLUMNS] for board in boards)])


def _cell(board: dict[str, Any], column: str) -> str:
    value = board[column]
    if column == "watchdog":
        return f"{value} s" if value else "-"
    if column == "board":
        return f"{value} *" if board["this"] else str(value)
    return " ".join(value) or "-" if isinstance(value, list) else str(value or "-")
