"""A terminal with one long row: what a person sees of the editor's output."""

from __future__ import annotations

from frontdesk.control.checks import is_visible
from frontdesk.control.columns import columns


class Screen:
    """Rows of text, and a cursor that knows carriage return, line feed, backspace and bell, and nothing else."""

    def __init__(self) -> None:
        self._cells: list[list[str]] = [[]]
        """Of each row; the second cell of a wide character is empty."""
        self.column = 0
        self.bells = 0

    def show(self, output: str) -> None:
        for char in output:
            if char == "\r":
                self.column = 0
            elif char == "\n":
                self._cells.append([" "] * self.column)
            elif char == "\b":
                assert self.column, "the cursor leaves the row"
                self.column -= 1
            elif char == "\a":
                self.bells += 1
            else:
                assert is_visible(char), f"{char!r} is no plain text"
                self._write(char)

    def _write(self, char: str) -> None:
        row, width = self._cells[-1], columns(char)
        row += [" "] * (self.column + width - len(row))
        if not width:
            row[self.column - (1 if row[self.column - 1] else 2)] += char
            return
        for column in range(self.column, self.column + width):
            self._break(row, column)
        row[self.column : self.column + width] = [char, ""][:width]
        self.column += width

    @staticmethod
    def _break(row: list[str], column: int) -> None:
        """What was in a cell goes, both halves of it."""
        if not row[column]:
            row[column - 1] = " "
        elif row[column + 1 : column + 2] == [""]:
            row[column + 1] = " "
        row[column] = " "

    @property
    def rows(self) -> list[str]:
        """Rows of text."""
        return ["".join(cells) for cells in self._cells]

    @property
    def row(self) -> str:
        """The row with the cursor, less what is blank at its end."""
        return self.rows[-1].rstrip()
