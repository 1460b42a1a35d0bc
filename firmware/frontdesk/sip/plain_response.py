"""Responses of the usual form, kept as bytes: a proxy needs their top Via and CSeq alone (RFC 3261 section 16.7).

Usual: each line is `Name: value`, a Via of one value stands first and another one behind it, Vias, From, To, Call-ID,
CSeq and Content-Length have the names that nearly all phones write and stand there once but for the Vias, and the body
is as long as it should be. Any other response is parsed at once. What stands in From, To and the other Vias is the
caller's to read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from operator import eq

from .address import Address
from .checks import MANDATORY, SINGLE
from .grammar import LWS
from .headers import canonical_name, header_key
from .message import CSeq, Field, Message, Response
from .parser import MAX_VIAS, reread
from .plain_request import has_whole_line_ends

# No group is possessive: Python 3.11.2, Debian 12's, takes too much for some, and nothing for others (CPython 106052).
_START = re.compile(rb"SIP/2\.0 ([1-6][0-9][0-9]) (.*+)")
_VIA = re.compile(rb'Via: SIP/2\.0/[A-Z]++ [^;,"<]++;(?:(?!branch=)[^;,"<]*+;)*branch=([-.\w]++)(?:;[^,"<]*+)?')
_NAME = re.compile(rb"[-\w]++:")
FEWEST, MOST = 5, 64
"""Lines behind the top Via."""

Names = Mapping[str, bytes]
"""Of each header as it is written, b"" where it has several lines."""


class PlainResponse(Response):
    """Bytes until somebody asks for a field; then what the parser makes of them. It saves 60 us of a call."""

    __slots__ = ("_fields", "_later_via", "_names", "_plain", "_top_branch", "_top_via")

    def __init__(
        self, start: re.Match[bytes], branch: str, top_via: tuple[int, int], data: bytes, names: Names, cseq: CSeq,
        body: bytes
    ) -> None:
        """`start`: its Status-Line; `branch`: the top Via's, which stands in `data` from the one place to the other."""
        Message.__init__(self, [], body)
        self.status = int(start[1])
        self.reason = start[2].decode("utf-8", "surrogateescape")
        self._top_branch = branch
        self._top_via, self._later_via = top_via
        self._plain: bytes | None = data
        self._names = names
        self._cseq = cseq

    @property
    def fields(self) -> list[Field]:
        """Asked for, so it is parsed."""
        if self._plain is not None:
            self._fields, self._plain = reread(self._plain).fields, None
        return self._fields

    @fields.setter
    def fields(self, fields: list[Field]) -> None:
        self._fields = fields

    @property
    def branch(self) -> str:
        return self._top_branch if self._later_via else super().branch

    @property
    def to(self) -> Address:
        """A call that is answered asks for this and for its Contact alone: found without the rest."""
        return super().to if self._plain is None else Address.parse(_text(self._plain, b"\r\nTo: "))

    def first(self, key: str) -> str | None:
        """What is not there, or in one line, is found without the rest."""
        name = self._names.get(key)
        if self._plain is None or name == b"":
            return super().first(key)
        return None if name is None else _text(self._plain, b"\r\n%b: " % name)

    def values(self, key: str) -> list[str]:
        value = self.first(key)
        if self._plain is not None and value and "," not in value:
            return [value]
        return super().values(key)

    def pop_via(self) -> bool:
        if self._plain is None or not self._later_via:
            return super().pop_via()
        self._plain = self._plain[: self._top_via] + self._plain[self._later_via :]
        self._later_via = 0
        self._changed("via")
        return True

    def encode(self) -> bytes:
        return super().encode() if self._plain is None else self._plain


def plain_response(data: bytes) -> PlainResponse | None:
    """The response, where it is of the usual form."""
    head, blank, body = data.partition(b"\r\n\r\n")
    first, *lines = head.splitlines() if blank else [b""]
    start, via = _START.fullmatch(first), _VIA.fullmatch(lines[0]) if FEWEST < len(lines) <= MOST + 1 else None
    if start is None or via is None or not has_whole_line_ends(head, first, lines):
        return None
    written = tuple([line.partition(b" ")[0] for line in lines])
    names = _usual(written)
    if not names or any(map(eq, written, lines)):  # the last: there is nothing behind a name
        return None
    number, _, method = _only(data, b"\r\nCSeq: ").partition(b" ")
    length = _only(data, b"\r\nContent-Length: ")
    if not (number.isdigit() and len(number) < 10 and method.isalpha()):
        return None
    if not (length.isdigit() and len(length) < 6 and int(length) == len(body)):
        return None
    top_via = len(first) + 2, len(first) + len(lines[0]) + 4
    cseq = CSeq(int(number), method.decode("ascii"))
    return PlainResponse(start, via[1].decode("ascii"), top_via, data, names, cseq, body)


@lru_cache(128)
def _usual(names: tuple[bytes, ...]) -> Names:
    """Of the names of all lines with their colons, the top Via's first; empty where they are not usual: what must stand
    there does, and what may stand there once alone."""
    if not all(map(_NAME.fullmatch, names)):
        return {}
    written = [name[:-1] for name in names]
    keys = [header_key(name.decode("ascii")) for name in written]
    needed = (*MANDATORY, "content-length")
    known = all(name == canonical_name(key).encode() for name, key in zip(written, keys, strict=True) if key in needed)
    once = all(keys.count(key) == 1 for key in keys if key in SINGLE)
    if not known or not once or not {*needed} <= {*keys} or keys[1] != "via" or keys.count("via") > MAX_VIAS:
        return {}
    return {key: name if keys.count(key) == 1 else b"" for name, key in zip(written, keys, strict=True)}


def _text(data: bytes, name: bytes) -> str:
    return _only(data, name).decode("utf-8", "surrogateescape").strip(LWS)


def _only(data: bytes, name: bytes) -> bytes:
    """The value of the line that begins so, of which there is one, as `_usual` knows."""
    return data.partition(name)[2].partition(b"\r")[0]
