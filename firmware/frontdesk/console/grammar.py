"""Lines against the phrases: unique abbreviations, completion, and help at every point."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..control import NOUNS, Argument, Kind, read_count
from .line_editor import WIDTH, Completion
from .phrases import OPENINGS, Phrase, asked, name
from .show import wrapped
from .words import Word, split

ENTER = "<Enter>"
"""Stands in help where a line may end."""
Values = Callable[[Argument], Iterable[str]]
"""What an argument can be in this box, as far as it is known."""
Explain = Callable[[Argument, Mapping[str, object]], str]
"""What an argument is, behind those that are said already."""


def _unexplained(argument: Argument, said: Mapping[str, object]) -> str:
    return argument.help


class Misspoken(Exception):
    """A line that says nothing; the text is one sentence for the person who typed it."""


@dataclass(slots=True, frozen=True)
class Command:
    """A phrase with its arguments; those of `asks` are still to be asked for."""

    phrase: Phrase
    values: Mapping[str, object]
    asks: tuple[Argument, ...] = ()


@dataclass(slots=True, frozen=True)
class Path:
    """A phrase, as far as a line has said it."""

    phrase: Phrase
    left: tuple[str | Argument, ...]
    options: tuple[Argument, ...]
    values: Mapping[str, object] = field(default_factory=dict)
    asks: tuple[Argument, ...] = ()
    wants: Argument | None = None
    """The option whose value comes next."""

    def words(self) -> list[str]:
        """Keywords that can come next."""
        if self.wants is not None:
            return []
        if self.left and isinstance(self.left[0], str):
            return [self.left[0]]
        return [] if self._needs() else [option.name for option in self.options]

    def place(self) -> Argument | None:
        """The argument that can come next."""
        if self.wants is not None:
            return self.wants
        return self.left[0] if self.left and isinstance(self.left[0], Argument) else None

    def complete(self) -> bool:
        """Whether the line may end here."""
        return self.wants is None and not self._needs()

    def _needs(self) -> bool:
        return any(isinstance(each, str) or each.required for each in self.left)

    def take_word(self, word: str) -> Path:
        """The path behind a keyword."""
        if self.left and self.left[0] == word:
            return replace(self, left=self.left[1:])
        option = next(option for option in self.options if option.name == word)
        rest = replace(self, left=(), options=tuple(other for other in self.options if other is not option))
        if asked(option):
            return replace(rest, asks=(*self.asks, option))
        if option.kind is Kind.FLAG:
            return replace(rest, values={**self.values, word: True})
        return replace(rest, wants=option)

    def take_value(self, text: str) -> Path:
        """The path behind an argument. Raises Misspoken."""
        argument = self.place()
        assert argument is not None
        value: object = text
        if argument.kind is Kind.COUNT:
            try:
                value = read_count(text)
            except ValueError:
                raise Misspoken(f"{argument.name} takes a whole number, not {text[:40]!r}.") from None
        left = self.left if self.wants is not None else self.left[1:]
        return replace(self, left=left, wants=None, values={**self.values, argument.name: value})


class Grammar:
    """What can be said, and what a line says."""

    def __init__(
        self, phrases: Sequence[Phrase], values: Values = lambda argument: (), explain: Explain = _unexplained
    ) -> None:
        self.phrases = phrases
        self._start = [_start(phrase) for phrase in phrases]
        self._values = values
        self._explain = explain

    # -- a whole line --------------------------------------------------------------------------------------------------

    def parse(self, text: str) -> Command | None:
        """The command that a line gives; None for an empty line. Raises Misspoken."""
        line = split(text)
        if not line.all:
            return None
        if line.open:
            raise Misspoken("A quotation mark is missing.")
        paths = self._follow(line.all)
        for path in paths:
            if path.complete():
                return Command(path.phrase, {**path.phrase.given, **path.values}, path.asks)
        raise Misspoken(f"There is more to say: {', '.join(_next(paths))}.")

    def _follow(self, words: Iterable[Word]) -> list[Path]:
        paths = self._start
        for word in words:
            paths = _step(paths, word)
        return paths

    # -- help at a point of a line -------------------------------------------------------------------------------------

    def complete(self, before: str) -> Completion:
        """What Tab does."""
        line = split(before)
        start = line.last or Word("")
        if start.quoted:
            return Completion()
        try:
            paths = self._follow(line.words)
        except Misspoken:
            return Completion()
        found = sorted({*_words(paths, start.text), *self._known(paths, start.text)})
        if len(found) == 1:
            return Completion(found[0][len(start.text) :] + " ")
        return Completion(_shared(found)[len(start.text) :], tuple(found))

    def _known(self, paths: Iterable[Path], start: str) -> list[str]:
        places = (place for path in paths if (place := path.place()) is not None)
        return [value for place in places for value in self._values(place) if value.startswith(start) and _plain(value)]

    def help(self, before: str) -> str | None:
        """What a question mark says; None between quotation marks."""
        line = split(before)
        if line.open:
            return None
        start = line.last or Word("")
        try:
            paths = self._follow(line.words)
            rows = self._rows(paths, start)
            if not rows:
                _step(paths, start)
        except Misspoken as error:
            return wrapped(str(error))
        return aligned(rows)

    def overview(self) -> str:
        """The words that begin a line, and what follows them."""
        rows: dict[str, list[Phrase]] = {}
        for phrase in self.phrases:
            rows.setdefault(phrase.words.partition(" ")[0], []).append(phrase)
        return aligned({word: _outline(group) for word, group in rows.items()})

    def _rows(self, paths: Sequence[Path], start: Word) -> dict[str, str]:
        rows: dict[str, str] = {}
        for path in paths:
            for word in path.words():
                if word.startswith(start.text) and not start.quoted:
                    rows[word] = _help(paths, path, word)
        for path in paths:
            place = path.place()
            if place is not None:
                rows.setdefault(name(place), self._explain(place, path.values))
            if path.complete() and not start.text:
                rows.setdefault(ENTER, path.phrase.help)
        return rows


def aligned(rows: Mapping[str, str]) -> str:
    """Words in one column and their help in the next, in 80 columns."""
    margin = max(map(len, rows), default=0) + 4
    return "\n".join(
        textwrap.fill(help, WIDTH - 1, initial_indent=f"  {word}".ljust(margin), subsequent_indent=" " * margin)
        for word, help in rows.items()
    )


# -- one word ----------------------------------------------------------------------------------------------------------


def _start(phrase: Phrase) -> Path:
    return Path(phrase, phrase.elements, phrase.options, asks=phrase.asks)


def _step(paths: Sequence[Path], word: Word) -> list[Path]:
    """The paths behind one more word."""
    said = [] if word.quoted else _words(paths, NOUNS.get(word.text, word.text))
    exact = [each for each in said if each in (word.text, NOUNS.get(word.text))]
    chosen = exact or said
    if len(chosen) > 1:
        raise Misspoken(f"{word.text!r} can be {' or '.join(chosen)}.")
    if chosen:
        return [path.take_word(chosen[0]) for path in paths if chosen[0] in path.words()]
    taken = [path.take_value(word.text) for path in paths if path.place() is not None]
    if not taken:
        possible = ", ".join(_next(paths))
        rest = f"; {possible} can." if possible else f": `{paths[0].phrase.usage}` ends before it."
        raise Misspoken(f"{word.text[:40]!r} cannot stand here{rest}")
    return taken


def _words(paths: Iterable[Path], start: str) -> list[str]:
    words = dict.fromkeys(word for path in paths for word in path.words())
    return [word for word in words if word.startswith(start)]


def _next(paths: Iterable[Path]) -> list[str]:
    words = dict.fromkeys(word for path in paths for word in path.words())
    places = dict.fromkeys(name(place) for path in paths if (place := path.place()) is not None)
    return [*words, *places]


def _help(paths: Sequence[Path], path: Path, word: str) -> str:
    for option in path.options:
        if not path.left and option.name == word:
            return option.help
    if path.left == path.phrase.elements and word in OPENINGS:
        return OPENINGS[word]
    sharing = [other for other in paths if word in other.words()]
    if len(sharing) == 1 or len({other.phrase.help for other in sharing}) == 1:
        return path.phrase.help
    return OPENINGS.get(word, path.phrase.help)


def _outline(phrases: Sequence[Phrase]) -> str:
    further = dict.fromkeys(phrase.words.split()[1] for phrase in phrases if " " in phrase.words)
    return ", ".join(further) or phrases[0].help


def _shared(words: list[str]) -> str:
    """How all of these sorted words begin."""
    first, last = words[0] if words else "", words[-1] if words else ""
    same = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return first[:same]


def _plain(value: str) -> bool:
    return not set(value) & set(' "\\?')
