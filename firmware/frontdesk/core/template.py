"""A REGISTER as bytes with holes: what a device's next one can differ in (RFC 3261 section 10.2.4 as phones do it).

The holes are the Via's branch behind its magic cookie, the CSeq's number, the URI in the Contact, and the credentials'
nonce, nc, cnonce and response. The same REGISTER without its Authorization line is the device's question for a
challenge. Of the bytes around the holes a fingerprint is kept, since of 10,000 devices they would take 10 MB. The holes
are nearly always where they were in the device's last REGISTER: cutting there takes a quarter of the time of searching.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from ..sip.grammar import TOKEN_ALONE, TOKEN_BYTES, leaving
from ..sip.via import MAGIC_COOKIE

MAX_HOLE = 256
"""Bytes in one hole."""
PROOF = ("branch", "cseq", "contact", "nonce", "nc", "cnonce", "response")
"""The holes, in the order in which they are read."""
QUESTION = PROOF[:3]
"""Those that are left without an Authorization line."""

_AUTHORIZATION = b"\r\nAuthorization: Digest "
_MARKS = {
    "branch": (b"\r\nVia: ", (b";branch=" + MAGIC_COOKIE.encode(),)),
    "cseq": (b"\r\nCSeq: ", (b"\r\nCSeq: ",)),
    "contact": (b"\r\nContact: ", (b"\r\nContact: ",)),
}
"""The line, and what stands on it before the hole; the others stand on the Authorization line, behind their names."""
_CLOSING = {b'"': b'"', b"<": b">"}
_END = re.compile(rb"[,; \r]")
# What may stand in the holes, told by the bytes: a regular expression takes longer.
_URI = leaving(TOKEN_BYTES + b"@:;=&$?/()[]#")
_HEXADECIMAL = leaving(b"0123456789abcdefABCDEF")
_IN_QUOTES = leaving(TOKEN_BYTES + b"/=")
"""Tokens, and what base64 has besides."""
MAX_DIGITS = 9
"""Of a CSeq's number."""
NC_DIGITS = 8
_SHORT = (1 << 60) - 1
"""Bits of a fingerprint: a number of 64 takes 16 bytes more."""

Holes = tuple[bytes, ...]
"""What stands in the holes, in the order of PROOF."""
Span = tuple[int, int]
Cutter = Callable[[bytes], Holes]


@dataclass(slots=True, frozen=True)
class _Cut:
    """Where the holes of a message of that length are."""

    marks: _Marks
    length: int
    around: Cutter
    values: Cutter

    def fingerprint(self, data: bytes) -> int:
        """Of all that is around the holes."""
        return hash(self.around(data)) & _SHORT


@dataclass(slots=True, frozen=True)
class _Marks:
    """How the holes are found; phones of one kind share it."""

    holes: tuple[tuple[int, bytes, bytes], ...]
    """In the order of the message: the place in PROOF, what stands before it, the byte behind it."""

    def find(self, data: bytes) -> _Cut | None:
        """None where there is a hole without its marks."""
        at = 0
        spans: list[Span] = [(0, 0)] * len(self.holes)
        for number, mark, closing in self.holes:
            before = data.find(mark, at)
            start = before + len(mark)
            at = data.find(closing, start, start + MAX_HOLE)
            if before < 0 or at <= start:
                return None
            spans[number] = start, at
        return _cut(self, len(data), tuple(spans))


@dataclass(slots=True)
class Template:
    """A device's REGISTER, with its Authorization line and without."""

    proof: int
    """The fingerprint of all that is around the holes."""
    proof_cut: _Cut
    question: int
    question_cut: _Cut

    def read(self, data: bytes) -> Holes | None:
        """What stands in the holes, if all around them is the same; it is still to be judged by `is_usual`."""
        cut = self.proof_cut
        if len(data) == cut.length and hash(cut.around(data)) & _SHORT == self.proof:  # nearly always
            return cut.values(data)
        cut = self.question_cut
        if len(data) == cut.length and hash(cut.around(data)) & _SHORT == self.question:
            return cut.values(data)
        return self._find_anew(data)

    def _find_anew(self, data: bytes) -> Holes | None:
        """The same where a hole is longer or shorter than in the last one."""
        is_proof = has_proof(data)
        cut, around = (self.proof_cut, self.proof) if is_proof else (self.question_cut, self.question)
        found = cut.marks.find(data)
        if found is None or found.fingerprint(data) != around:
            return None
        if is_proof:
            self.proof_cut = found
        else:
            self.question_cut = found
        return found.values(data)


def is_usual(holes: Holes) -> bool:
    """Whether none of them, which are not empty, holds what could mean more than it says."""
    if holes[0].translate(TOKEN_ALONE) != holes[0] or holes[2].translate(_URI) != holes[2]:
        return False
    if not holes[1].isdigit() or len(holes[1]) > MAX_DIGITS:
        return False
    if len(holes) == len(QUESTION):
        return True
    _, _, _, nonce, nc, cnonce, response = holes
    quoted = b"".join((nonce, cnonce, response))
    return quoted.translate(_IN_QUOTES) == quoted and nc.translate(_HEXADECIMAL) == nc and len(nc) == NC_DIGITS


def has_proof(data: bytes) -> bool:
    """Whether the REGISTER has an Authorization line of the usual form."""
    return _AUTHORIZATION in data


def without_proof(data: bytes) -> bytes:
    """The REGISTER without that line."""
    at = data.find(_AUTHORIZATION)
    return data[:at] + data[data.find(b"\r", at + 2) :] if at >= 0 else data


# -- making one --------------------------------------------------------------------------------------------------------


def make_template(data: bytes) -> Template | None:
    """The template of a REGISTER with credentials; None where it is of another shape."""
    found = [(*hole, number) for number, name in enumerate(PROOF) if (hole := _hole(data, name)) is not None]
    if len(found) < len(PROOF):
        return None
    marks = [(number, mark, closing) for _, mark, closing, number in sorted(found)]
    asked = without_proof(data)
    proof = _marks(tuple(marks)).find(data)
    question = _marks(tuple(each for each in marks if each[0] < len(QUESTION))).find(asked)
    if proof is None or question is None:
        return None
    return Template(proof.fingerprint(data), proof, question.fingerprint(asked), question)


def _hole(data: bytes, name: str) -> tuple[int, bytes, bytes] | None:
    """Where a hole's mark stands, the mark and what closes it; None where there is none."""
    line, marks = _MARKS.get(name, (_AUTHORIZATION, (b" %b=" % name.encode(), b",%b=" % name.encode())))
    begin = data.find(line)
    end = data.find(b"\r", begin + 2)
    for mark in marks if begin >= 0 else ():
        at = data.find(mark, begin, end)
        if at >= 0:
            start = at + len(mark)
            opening = data[start : start + 1]
            if opening in _CLOSING:
                return at, mark + opening, _CLOSING[opening]
            if name == "contact":
                return None  # without brackets its parameters would be taken for the URI's (section 20.10)
            ends = _END.search(data, start)
            return at, mark, ends[0] if ends else b"\r"
    return None


@lru_cache(maxsize=64)
def _marks(holes: tuple[tuple[int, bytes, bytes], ...]) -> _Marks:
    return _Marks(holes)


@lru_cache(maxsize=256)
def _cut(marks: _Marks, length: int, spans: tuple[Span, ...]) -> _Cut:
    edges = [0, *(edge for span in sorted(spans) for edge in span), length]
    around = [slice(edges[at], edges[at + 1]) for at in range(0, len(edges), 2)]
    return _Cut(marks, length, itemgetter(*around), itemgetter(*(slice(*span) for span in spans)))
