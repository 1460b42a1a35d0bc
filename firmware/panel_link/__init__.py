"""The line protocol between the box and what hangs on its serial lines; README.md has it byte by byte."""
