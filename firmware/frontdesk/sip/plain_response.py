"""Responses of the usual form, kept as bytes: a proxy needs their top Via and CSeq alone (RFC 3261 section 16.7).

Usual: each line is `Name: value`, a Via of one value stands first and another one behind it, Vias, From, To, Call-ID,
CSeq and Content-Length have the names that nearly all phones write and stand there once but for the Vias, and the body
is as long as it should be. Any other response is parsed at once.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .address import Address
from .checks import MANDATORY, SINGLE
from .errors import ParseError
from .forms import MAX_HEAD, MAX_LINES, Forms, whole_lines
from .grammar import LWS, TOKEN_ALONE
from .headers import canonical_name, header_key
from .message import CSeq
from .plain_request import usual_address, usual_cseq
from .unread_response import UnreadResponse
from .via import Via

# No group is possessive: Python 3.11.2, Debian 12's, takes too much for some, and nothing for others (CPython 106052).
_START = re.compile(rb"SIP/2\.0 ([1-6][0-9][0-9]) (.*+)")
_VIA = re.compile(rb'Via: SIP/2\.0/[A-Z]++ [^;,"<]++;(?:(?!branch=)[^;,"<]*+;)*branch=[-.\w]++(?:;[^,"<]*+)?')
_BRANCH = b";branch="
_NAME = re.compile(rb"[-\w]++:")
FEWEST = 8
"""Lines: Status-Line, two Vias, From, To, Call-ID, CSeq and Content-Length."""
MAX_CACHED = 192
"""Bytes of the longest piece that is remembered."""

Place = tuple[int, int]
"""The number of a line, and where its value begins; (-1, 0) for several lines."""
_SEVERAL = (-1, 0)
Places = dict[str, Place]
"""Of each header."""


class PlainResponse(UnreadResponse):
    """One that was received: its lines are at hand, and those are read that are asked for."""

    __slots__ = ("_later_via", "_lines", "_places", "_top_branch", "_top_via", "cseq")

    cseq: CSeq

    def __init__(
        self, start: tuple[int, str], branch: str, data: bytes, lines: list[bytes], places: Places, cseq: CSeq,
        body: bytes, top_via: tuple[int, int],
    ) -> None:  # fmt: skip
        """`start`: status and reason; `branch`: the top Via's, which stands in `data` from the one place to the other.
        """
        self.forget_views()
        self.body = body
        self.status, self.reason = start
        self._top_branch = branch
        self._top_via, self._later_via = top_via
        self._data = data
        self._lines = lines
        self._places = places
        self.cseq = cseq

    @property
    def branch(self) -> str:
        return self._top_branch if self._later_via else super().branch

    @property
    def to(self) -> Address:
        """A call that is answered asks for this and for its Contact alone: found without the rest."""
        if self._data is None:
            return super().to
        place = self._places["to"]
        return usual_address(self._lines[place[0]]) or Address.parse(self._value(place))

    def first(self, key: str) -> str | None:
        """What is not there, or in one line, is found without the rest."""
        place = self._places.get(key)
        if self._data is None or place is _SEVERAL:
            return super().first(key)
        return None if place is None else self._value(place)

    def _value(self, place: Place) -> str:
        number, start = place
        return self._lines[number][start:].decode("utf-8", "surrogateescape").strip(LWS)

    def values(self, key: str) -> list[str]:
        value = self.first(key)
        if self._data is not None and value and "," not in value:
            return [value]
        return super().values(key)

    def pop_via(self) -> bool:
        if self._data is None or not self._later_via:
            return super().pop_via()
        self._data = self._data[: self._top_via] + self._data[self._later_via :]
        self._later_via = 0
        return True  # and nothing of it has been parsed yet, so no view has changed


def plain_response(data: bytes) -> PlainResponse | None:
    """The response, where it is of the usual form."""
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank or len(head) > MAX_HEAD:
        return None
    lines = whole_lines(head)
    if not FEWEST <= len(lines) <= MAX_LINES:
        return None
    first = lines.pop(0)
    start, branch, places = _start(first), _top_branch(lines[0]), _FORMS.of(lines)
    if start is None or branch is None or places is None:
        return None
    cseq, length = usual_cseq(lines[places["cseq"][0]]), lines[places["content-length"][0]][16:]
    if cseq is None or not (length.isdigit() and len(length) < 6 and int(length) == len(body)):
        return None
    top_via = len(first) + 2, len(first) + len(lines[0]) + 4
    return PlainResponse(start, branch, data, lines, places, cseq, body, top_via)


def _start(line: bytes) -> tuple[int, str] | None:
    return (_known_start if len(line) <= MAX_CACHED else _known_start.__wrapped__)(line)


@lru_cache(128)
def _known_start(line: bytes) -> tuple[int, str] | None:
    """Status and reason of a Status-Line."""
    found = _START.fullmatch(line)
    return None if found is None else (int(found[1]), found[2].decode("utf-8", "surrogateescape"))


def _top_branch(line: bytes) -> str | None:
    """The branch of a usual Via."""
    before, _, rest = line.partition(_BRANCH)
    unique, semicolon, after = rest.partition(b";")
    if not unique or unique.translate(TOKEN_ALONE) != unique or len(line) > MAX_CACHED:
        return None
    return unique.decode("ascii") if _is_usual_via(before, semicolon + after) else None


@lru_cache(128)
def _is_usual_via(before: bytes, after: bytes) -> bool:
    """Of what stands around its branch."""
    line = before + _BRANCH + b"hole" + after
    if not _VIA.fullmatch(line):
        return False
    try:
        Via.parse(line[5:].decode("utf-8", "surrogateescape"))
    except ParseError:
        return False
    return True


def _places(names: tuple[bytes, ...]) -> Places | None:
    """Of the names of all lines with their colons, the top Via's first; None where they are not usual: what must stand
    there does, and what may stand there once alone."""
    if not all(map(_NAME.fullmatch, names)):
        return None
    written = [name[:-1] for name in names]
    keys = [header_key(name.decode("ascii")) for name in written]
    needed = (*MANDATORY, "content-length")
    known = all(name == canonical_name(key).encode() for name, key in zip(written, keys, strict=True) if key in needed)
    once = all(keys.count(key) == 1 for key in keys if key in SINGLE)
    if not known or not once or not {*needed} <= {*keys} or keys[1] != "via":
        return None
    places = {key: (number, len(names[number]) + 1) for number, key in enumerate(keys)}
    return {key: place if keys.count(key) == 1 else _SEVERAL for key, place in places.items()}


_FORMS = Forms(_places)
