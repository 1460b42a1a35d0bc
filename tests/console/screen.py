"""A terminal with one long row: what a person sees of the editor's output."""

from __future__ import annotations


class Screen:
    """Rows of text, and a cursor that knows carriage return, line feed, backspace and bell, and nothing else."""

    def __init__(self) -> None:
        self.rows = [""]
        self.column = 0
        self.bells = 0

    def show(self, output: str) -> None:
        for char in output:
            if char == "\r":
                self.column = 0
            elif char == "\n":
                self.rows.append(" " * self.column)
            elif char == "\b":
                assert self.column, "the cursor leaves the row"
                self.column -= 1
            elif char == "\a":
                self.bells += 1
            else:
                assert char.isprintable(), f"{char!r} is no plain text"
                row = self.rows[-1].ljust(self.column)
                self.rows[-1] = row[: self.column] + char + row[self.column + 1 :]
                self.column += 1

    @property
    def row(self) -> str:
        """The row with the cursor, less what is blank at its end."""
        return self.rows[-1].rstrip()
