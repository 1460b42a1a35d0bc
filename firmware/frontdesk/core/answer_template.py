"""The box's 200 to a REGISTER as bytes with holes, and the 401 that begins like it (RFC 3261 sections 8.2.6 and 10.3).

The holes are branch, CSeq's number, and the Date's value where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ..sip.via import MAGIC_COOKIE
from .template import Holes

_OK = b"SIP/2.0 200 OK"
_UNAUTHORIZED = b"SIP/2.0 401 Unauthorized"
_BRANCH = b";branch=" + MAGIC_COOKIE.encode()
_CSEQ = b"\r\nCSeq: "
_REGISTER = b" REGISTER\r\n"
_CONTACT = b"Contact: "
_DATE = b"\r\nDate: "
NEXT_CONTACT = "\r\nContact: "
"""Between the values of two devices."""
_NO_BODY = b"Content-Length: 0\r\n\r\n"


@dataclass(slots=True)
class AnswerTemplate:
    """The bytes around the holes: a value, shared by the 200s that are kept to be sent again."""

    before: bytes
    """From behind the Status-Line to the branch's cookie."""
    middle: bytes
    """From behind the branch to the CSeq's number."""
    contacts: bytes
    """From behind that to the end of the last Contact's value."""
    after: bytes
    """To the Date's value, or to the end."""
    end: bytes | None
    """From behind the Date's value on; None where there is none."""

    def challenge(self, holes: Holes, headers: bytes) -> bytes:
        """The 401 to a REGISTER with that in its holes: the same head, then the challenges."""
        pieces = (_UNAUTHORIZED, self.before, holes[0], self.middle, holes[1], _REGISTER, headers, _NO_BODY)
        return b"".join(pieces)

    def ok(self, branch: bytes, number: bytes, date: bytes | None) -> bytes:
        """The 200 to a REGISTER with that behind the cookie of its branch, and that number in its CSeq."""
        if date is None or self.end is None:
            return b"".join((_OK, self.before, branch, self.middle, number, self.contacts, self.after))
        return b"".join((_OK, self.before, branch, self.middle, number, self.contacts, self.after, date, self.end))

    def encode(self, branch: str, number: bytes, date: bytes | None) -> bytes:
        """The 200 once more (see `Recipe`)."""
        return self.ok(branch.removeprefix(MAGIC_COOKIE).encode(), number, date)

    def saying(self, values: str) -> AnswerTemplate:
        """The same with these values of Contacts."""
        return AnswerTemplate(self.before, self.middle, _contacts(values), self.after, self.end)


def make_answer_template(answer: bytes, holes: Holes, values: str) -> AnswerTemplate | None:
    """Cuts the answer that a REGISTER got the long way, `values` what it says of all devices; None where it is of
    another shape."""
    start, found, rest = answer.partition(_BRANCH + holes[0])
    middle, again, after = rest.partition(_CSEQ + holes[1] + _REGISTER)
    after, contacts = _REGISTER + after, _contacts(values)
    if not (start.startswith(_OK) and found and again and after.startswith(contacts)):
        return None
    before, date, end = after[len(contacts) :].partition(_DATE)
    head = same(start[len(_OK) :] + _BRANCH), middle + _CSEQ
    return AnswerTemplate(*head, contacts, same(before + date), same(end[end.index(b"\r") :]) if date else None)


def _contacts(values: str) -> bytes:
    return _REGISTER + _CONTACT + values.encode("utf-8", "surrogateescape")


@lru_cache(maxsize=256)
def same(piece: bytes) -> bytes:
    """The first of its like, kept once: all devices have the same behind their Contact, and those of one host the same
    Via."""
    return piece
