"""The box's 200 to a REGISTER as bytes with holes, and the 401 that begins like it (RFC 3261 sections 8.2.6 and 10.3).

The holes are branch, CSeq's number, the Contacts' values, and the Date's value where there is one.
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
_REGISTER_CONTACT = _REGISTER + _CONTACT
_DATE = b"\r\nDate: "
NEXT_CONTACT = "\r\nContact: "
"""Between the values of two devices."""
_NO_BODY = b"Content-Length: 0\r\n\r\n"


@dataclass(slots=True)
class AnswerTemplate:
    """The bytes around the holes."""

    head: bytes
    """From behind the Status-Line to the CSeq's number, with %b for the branch behind its cookie."""
    after: bytes
    """From the last Contact's value to the Date's, or to the end."""
    end: bytes | None
    """From the Date's value on; None where there is none."""

    def challenge(self, holes: Holes, headers: bytes) -> bytes:
        """The 401 to a REGISTER with that in its holes: the same head, then the challenges."""
        return b"".join((_UNAUTHORIZED, self.head % holes[0], holes[1], _REGISTER, headers, _NO_BODY))


@dataclass(slots=True)
class Ok:
    """A 200: kept so, in a quarter of its bytes, for as long as it may have to be sent again."""

    template: AnswerTemplate
    digits: bytes
    """The CSeq's number."""
    contact: str
    parameters: str
    granted: int
    date: str | None
    before: str = ""
    """The values of the account's other devices, with what parts them."""
    behind: str = ""

    def __len__(self) -> int:
        return _SIZE

    def encode(self, branch: str) -> bytes:
        """The answer to the REGISTER with that branch."""
        return self.to(branch.removeprefix(MAGIC_COOKIE).encode())

    def to(self, branch: bytes) -> bytes:
        """The answer to the REGISTER with that behind the magic cookie of its branch."""
        template = self.template
        head = template.head % branch
        values = f"{self.before}<{self.contact}>{self.parameters};expires={self.granted}{self.behind}"
        encoded = values.encode("utf-8", "surrogateescape")
        pieces = (_OK, head, self.digits, _REGISTER_CONTACT, encoded, template.after)
        if self.date is None or template.end is None:
            return b"".join(pieces)
        return b"".join((*pieces, self.date.encode(), template.end))


_SIZE = 128


def make_answer_template(answer: bytes, holes: Holes, contacts: str) -> AnswerTemplate | None:
    """Cuts the answer that a REGISTER got the long way, `contacts` what it says of all devices; None where it is of
    another shape."""
    start, found, rest = answer.partition(_BRANCH + holes[0])
    middle, again, after = rest.partition(_CSEQ + holes[1] + _REGISTER)
    value = _CONTACT + contacts.encode("utf-8", "surrogateescape")
    if not (start.startswith(_OK) and found and again and after.startswith(value)):
        return None
    head = _plain(start[len(_OK) :] + _BRANCH) + b"%b" + _plain(middle + _CSEQ)
    before, date, end = after[len(value) :].partition(_DATE)
    return AnswerTemplate(head, _same(before + date), _same(end[end.index(b"\r") :]) if date else None)


def _plain(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")


# All devices have the same behind their Contact: kept once.
@lru_cache(maxsize=64)
def _same(piece: bytes) -> bytes:
    return piece
