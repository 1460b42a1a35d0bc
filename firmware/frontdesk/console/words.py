"""A typed line as words; double quotes hold words together, and a backslash in them keeps the next character."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class Word:
    """One word; `quoted`: it is what was typed and never a keyword."""

    text: str
    quoted: bool = False


@dataclass(slots=True, frozen=True)
class Line:
    """The words that are complete, and the one at the end that may go on (None behind a space)."""

    words: tuple[Word, ...]
    last: Word | None
    open: bool = False
    """A quote is not closed."""

    @property
    def all(self) -> tuple[Word, ...]:
        """All words, once the line is complete."""
        return self.words if self.last is None else (*self.words, self.last)


def quoted(text: str) -> str:
    """A word as it has to be typed, whatever is in it."""
    if text and not set(text) & set(' "\\\t') and text.isprintable():
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def split(text: str) -> Line:
    """The words of a line."""
    words: list[Word] = []
    current: list[str] = []
    started = quoted = inside = kept = False
    for char in text:
        if kept:
            current.append(char)
            kept = False
        elif inside and char == "\\":
            kept = True
        elif char == '"':
            started = quoted = True
            inside = not inside
        elif char.isspace() and not inside:
            if started:
                words.append(Word("".join(current), quoted))
            current, started, quoted = [], False, False
        else:
            current.append(char)
            started = True
    last = Word("".join(current), quoted) if started else None
    return Line(tuple(words), last, inside)
