"""On which line of a TOML file a key stands: tomllib tells it for wrong syntax alone."""

from __future__ import annotations

import re

Path = tuple[str | int, ...]
"""`("account", 1, "name")`: the key `name` of the second `[[account]]`."""

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART = re.compile(r"[\w-]+|\"[^\"]*\"|'[^']*'")
_QUOTES = re.compile(r'"""|' + "'''")


class Lines:
    """Of one file that tomllib has read without complaint."""

    def __init__(self, text: str) -> None:
        self._of: dict[Path, int] = {}
        self._tables: dict[Path, int] = {}
        self._inside: Path = ()
        quoted = False
        for number, line in enumerate(text.splitlines(), 1):
            if not quoted:
                self._read(line, number)
            quoted ^= len(_QUOTES.findall(line)) % 2 == 1

    def of(self, *path: str | int) -> int:
        """The line of that key, else of the nearest table around it."""
        while path and path not in self._of:
            path = path[:-1]
        return self._of.get(path, 1)

    def _read(self, line: str, number: int) -> None:
        if table := _TABLE.match(line):
            path: Path = _parts(table[2])
            if table[1] == "[[":
                count = self._tables[path] = self._tables.get(path, -1) + 1
                path = (*path, count)
            self._inside = path
            self._of.setdefault(path, number)
        elif key := _KEY.match(line):
            self._of.setdefault((*self._inside, *_parts(key[1])), number)


def _parts(text: str) -> Path:
    return tuple(part.strip("\"'") for part in _PART.findall(text))
