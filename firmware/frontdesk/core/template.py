"""A REGISTER as bytes with holes: what a device's next one can differ in (RFC 3261 section 10.2.4 as phones do it).

The holes are the Via's branch, the CSeq's number, and the credentials' nonce, nc, cnonce and response. The same
REGISTER without
its Authorization line is the device's question for a challenge. What fits is read without parsing.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from functools import lru_cache

from ..sip.via import MAGIC_COOKIE

MAX_HOLE = 256
"""Bytes in one hole."""
PROOF = ("nonce", "nc", "cnonce", "response")
"""The holes of the Authorization line, which come in any order."""

_TOKEN = (string.ascii_letters + string.digits + "-.!%*_+`'~").encode()
_DIGITS = string.digits.encode()
_ALLOWED = {
    "nonce": _TOKEN + b"/=",
    "nc": string.hexdigits.encode(),
    "cnonce": _TOKEN + b"/=",
    "response": string.hexdigits.lower().encode(),
}
"""Bytes that a hole may hold: none that ends or escapes anything."""
_VIA = b"\r\nVia: SIP/2.0/"
_BRANCH = b";branch="
_CSEQ = b"\r\nCSeq: "
_AUTHORIZATION = b"\r\nAuthorization: Digest "
_COOKIE = MAGIC_COOKIE.encode()
_MAX_DIGITS = 9
_NC_DIGITS = 8
_ENDS = (b'"', b",", b";", b" ", b"\r")


@dataclass(slots=True)
class Register:
    """What stood in the holes; `proof` (in the order of PROOF) is None where there was no Authorization line."""

    branch: str
    cseq: int
    digits: str
    """The CSeq's number as it was written."""
    proof: tuple[str, str, str, str] | None


@dataclass(slots=True)
class Template:
    """The bytes around the holes."""

    start: bytes
    """Up to the branch."""
    middle: bytes
    """From there to the CSeq's number."""
    after: bytes
    """From there to the Authorization line."""
    line: tuple[bytes, ...]
    """The pieces of that line: before, between and behind its four holes."""
    rest: bytes
    order: tuple[str, ...]

    def read(self, data: bytes) -> Register | None:
        """The holes, if all around them is the same and they hold nothing that could mean more than they say."""
        if not data.startswith(self.start):
            return None
        at = len(self.start)
        end = data.find(self.middle, at, at + MAX_HOLE + len(self.middle))
        branch = data[at:end]
        at = end + len(self.middle)
        stop = data.find(self.after, at, at + _MAX_DIGITS + len(self.after))
        digits = data[at:stop]
        if end < 0 or stop <= at or not _is_usual(branch, digits):
            return None
        at = stop + len(self.after)
        proof = None
        if not data.startswith(self.rest, at) or at + len(self.rest) != len(data):
            proof = self._read_line(data, at)
            if proof is None:
                return None
        return Register(branch.decode(), int(digits), digits.decode(), proof)

    def _read_line(self, data: bytes, at: int) -> tuple[str, str, str, str] | None:
        line = self.line
        if not data.startswith(line[0], at):
            return None
        at += len(line[0])
        found: dict[str, str] = {}
        for name, piece in zip(self.order, line[1:], strict=True):
            end = data.find(piece, at, at + MAX_HOLE + len(piece))
            hole = data[at:end]
            if end <= at or hole.translate(None, _ALLOWED[name]):
                return None
            found[name] = hole.decode()
            at = end + len(piece)
        if data[at:] != self.rest or len(found["nc"]) != _NC_DIGITS:
            return None
        return found["nonce"], found["nc"], found["cnonce"], found["response"]


def _is_usual(branch: bytes, digits: bytes) -> bool:
    return (
        len(branch) > len(_COOKIE)
        and branch.startswith(_COOKIE)
        and not branch.translate(None, _TOKEN)
        and not digits.translate(None, _DIGITS)
    )


# -- making one --------------------------------------------------------------------------------------------------------


def make_template(data: bytes) -> Template | None:
    """The template of a REGISTER of the usual shape (Via, CSeq, Authorization in this order); None of another."""
    branch = _span(data, _VIA, _BRANCH)
    cseq = _span(data, _CSEQ, _CSEQ)
    line = data.find(_AUTHORIZATION)
    if branch is None or cseq is None or not branch[1] < cseq[0] < line:
        return None
    line += 2  # behind the line end, so that no piece is empty
    end = data.find(b"\r\n", line) + 2
    spans = {name: _span(data, _AUTHORIZATION, *_marks(name)) for name in PROOF}
    known = {name: span for name, span in spans.items() if span is not None}
    if len(known) != len(PROOF):
        return None
    order = tuple(sorted(known, key=lambda name: known[name]))
    cuts = [line, *(edge for name in order for edge in known[name]), end]
    pieces = tuple(data[cuts[at] : cuts[at + 1]] for at in range(0, len(cuts), 2))
    return Template(
        data[: branch[0]], data[branch[1] : cseq[0]], data[cseq[1] : line], pieces, _shared(data[end:]), _same(order)
    )


def _marks(name: str) -> tuple[bytes, ...]:
    mark = name.encode() + b"="
    return (b" " + mark, b"," + mark)


def _span(data: bytes, line: bytes, *marks: bytes) -> tuple[int, int] | None:
    """Where the value behind the first of `marks` stands in that line, without its quotes."""
    start = data.find(line)
    end = data.find(b"\r", start + 2)
    found = [at + len(mark) for mark in marks if start >= 0 and (at := data.find(mark, start, end)) >= 0]
    if not found:
        return None
    first = found[0] + (data[found[0] : found[0] + 1] == b'"')
    return first, next(at for at in range(first, end + 1) if data[at : at + 1] in _ENDS)


# Phones of one kind write the same lines behind their credentials: kept once.
@lru_cache(maxsize=256)
def _shared(rest: bytes) -> bytes:
    return rest


@lru_cache(maxsize=64)
def _same(order: tuple[str, ...]) -> tuple[str, ...]:
    return order




@dataclass(slots=True)
class AnswerTemplate:
    """The box's 200 as bytes with holes: branch, CSeq's number, and the Date's value where there is one."""

    start: bytes
    """From behind the Status-Line to the branch."""
    middle: bytes
    after: bytes
    """From the CSeq's number to the Date's value, or to the end."""
    end: bytes | None
    """From the Date's value on; None where there is none."""

    def ok(self, register: Register, date: str | None) -> bytes:
        """The 200 to it."""
        parts = [_OK, self.start, register.branch.encode(), self.middle, register.digits.encode(), self.after]
        if date is not None and self.end is not None:
            parts += (date.encode(), self.end)
        return b"".join(parts)

    def challenge(self, register: Register, headers: bytes) -> bytes:
        """The 401 to it: the same head, then the challenges."""
        parts = [_UNAUTHORIZED, self.start, register.branch.encode(), self.middle, register.digits.encode()]
        return b"".join([*parts, _REGISTER, headers, _NO_BODY])


_OK = b"SIP/2.0 200 OK"
_UNAUTHORIZED = b"SIP/2.0 401 Unauthorized"
_REGISTER = b" REGISTER\r\n"
_NO_BODY = b"Content-Length: 0\r\n\r\n"
_DATE = b"\r\nDate: "


def make_answer_template(answer: bytes, register: Register) -> AnswerTemplate | None:
    """Cuts the answer that `register` got the long way; None where it is of another shape."""
    head, found, rest = answer.partition(_BRANCH + register.branch.encode())
    middle, again, after = rest.partition(_CSEQ + register.digits.encode())
    if not (head.startswith(_OK) and found and again and after.startswith(_REGISTER)):
        return None
    start = head[len(_OK) :] + _BRANCH
    before, date, end = after.partition(_DATE)
    if not date:
        return AnswerTemplate(start, middle + _CSEQ, after, None)
    return AnswerTemplate(start, middle + _CSEQ, before + date, end[end.index(b"\r") :])
