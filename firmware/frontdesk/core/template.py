"""A REGISTER as bytes with holes: what a device's next one can differ in (RFC 3261 section 10.2.4 as phones do it).

The holes are the Via's branch, the CSeq's number, the place (host and port) in the Contact, and the credentials' nonce,
nc, cnonce and response. The same REGISTER without its Authorization line is the device's question for a challenge. What
fits is read without parsing.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ..sip.via import MAGIC_COOKIE

MAX_HOLE = 256
"""Bytes in one hole."""
PROOF = ("nonce", "nc", "cnonce", "response")
"""The holes of the Authorization line, which come in any order."""

_TOKEN = (string.ascii_letters + string.digits + "-.!%*_+`'~").encode()
_ALLOWED = {
    "branch": _TOKEN,
    "cseq": string.digits.encode(),
    "place": (string.ascii_letters + string.digits + "-.:[]").encode(),
    "nonce": _TOKEN + b"/=",
    "nc": string.hexdigits.encode(),
    "cnonce": _TOKEN + b"/=",
    "response": string.hexdigits.lower().encode(),
}
"""Bytes that a hole may hold: none that ends or escapes anything."""
_VIA = b"\r\nVia: SIP/2.0/"
_BRANCH = b";branch="
_CSEQ = b"\r\nCSeq: "
_CONTACT = b"\r\nContact: <sip:"
_AUTHORIZATION = b"\r\nAuthorization: Digest "
_COOKIE = MAGIC_COOKIE.encode()
_MAX_DIGITS = 9
_NC_DIGITS = 8
_ENDS = (b'"', b",", b";", b" ", b">", b"\r")

Span = tuple[int, int]


@dataclass(slots=True)
class Register:
    """What stood in the holes; `proof` (in the order of PROOF) is None where there was no Authorization line."""

    branch: bytes
    digits: bytes
    """The CSeq's number as it was written."""
    place: str
    proof: tuple[str, str, str, str] | None


@dataclass(slots=True)
class Piece:
    """Bytes around the holes of one part of the message."""

    start: bytes
    """Up to the first hole."""
    then: tuple[tuple[str, bytes], ...]
    """Each hole's name, and the bytes from there to the next."""

    def read(self, data: bytes, at: int, found: dict[str, bytes]) -> int:
        """Where the part that begins at `at` ends, its holes in `found`; -1: it differs, or a hole holds what could
        mean more than it says."""
        if not data.startswith(self.start, at):
            return -1
        at += len(self.start)
        for name, following in self.then:
            end = data.find(following, at, at + MAX_HOLE + len(following))
            hole = data[at:end]
            if end <= at or hole.translate(None, _ALLOWED[name]):
                return -1
            found[name] = hole
            at = end + len(following)
        return at


@dataclass(slots=True)
class Template:
    """A REGISTER in three parts: before, on and behind its Authorization line."""

    before: Piece
    line: Piece
    behind: Piece

    def read(self, data: bytes) -> Register | None:
        """The holes, if all around them is the same."""
        found: dict[str, bytes] = {}
        at = self.before.read(data, 0, found)
        if at < 0:
            return None
        if not data.startswith(self.behind.start, at):
            at = self.line.read(data, at, found)
        if at < 0 or self.behind.read(data, at, found) != len(data) or not _is_usual(found):
            return None
        proof = None
        if "nonce" in found:
            proof = found["nonce"].decode(), found["nc"].decode(), found["cnonce"].decode(), found["response"].decode()
        return Register(found["branch"], found["cseq"], found["place"].decode(), proof)


def _is_usual(found: dict[str, bytes]) -> bool:
    branch = found["branch"]
    return (
        branch.startswith(_COOKIE)
        and len(branch) > len(_COOKIE)
        and len(found["cseq"]) <= _MAX_DIGITS
        and len(found.get("nc", b"00000000")) == _NC_DIGITS
    )


# -- making one --------------------------------------------------------------------------------------------------------


def make_template(data: bytes) -> Template | None:
    """The template of a REGISTER of the usual shape; None of another."""
    line = data.find(_AUTHORIZATION) + 2  # behind the line end, so that no piece is empty
    end = data.find(b"\r\n", line) + 2
    spans = {
        "branch": _span(data, _VIA, _BRANCH),
        "cseq": _span(data, _CSEQ, _CSEQ),
        "place": _span(data, _CONTACT, b"@", b"<sip:"),
        **{name: _span(data, _AUTHORIZATION, b" %b=" % name.encode(), b",%b=" % name.encode()) for name in PROOF},
    }
    holes = sorted((span, name) for name, span in spans.items() if span is not None)
    if len(holes) != len(spans) or data.count(_CONTACT) != 1:
        return None
    return Template(_piece(data, 0, line, holes), _piece(data, line, end, holes), _piece(data, end, len(data), holes))


def _piece(data: bytes, start: int, end: int, holes: Iterable[tuple[Span, str]]) -> Piece:
    inside = [(span, name) for span, name in holes if start <= span[0] < end]
    edges = [span[0] for span, _ in inside] + [end]
    then = tuple((name, shared(data[span[1] : edges[at + 1]])) for at, (span, name) in enumerate(inside))
    return Piece(shared(data[start : edges[0]]), _same(then))


def _span(data: bytes, line: bytes, *marks: bytes) -> Span | None:
    """Where the value behind the first of `marks` stands in that line, without its quotes."""
    start = data.find(line)
    end = data.find(b"\r", start + 2)
    found = [at + len(mark) for mark in marks if start >= 0 and (at := data.find(mark, start, end)) >= 0]
    if not found:
        return None
    first = found[0] + (data[found[0] : found[0] + 1] == b'"')
    return first, next(at for at in range(first, end + 1) if data[at : at + 1] in _ENDS)


# Phones of one kind write the same around what is their own: kept once.
@lru_cache(maxsize=256)
def shared(piece: bytes) -> bytes:
    """The same bytes, and of equal ones mostly the same object."""
    return piece


@lru_cache(maxsize=256)
def _same(then: tuple[tuple[str, bytes], ...]) -> tuple[tuple[str, bytes], ...]:
    return then
