"""Requests and responses: raw lines kept as they came, a typed view made when it is asked for (RFC 3261 section 7).

A field is a tuple (key, value, line): the long name in lower case, the value unfolded and stripped, and the line as it
came. Forwarding changes single fields and leaves every other line byte for byte. Text is UTF-8 with surrogateescape, so
that any byte survives.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .address import Address
from .errors import ParseError
from .grammar import LWS, is_token, one_line, parse_number, phrase, split_unquoted, write_parameters
from .headers import canonical_name
from .status import reason_phrase
from .uri import Uri
from .via import MAGIC_COOKIE, Via, stamp_via

if TYPE_CHECKING:
    from .wire import Flow

Field = tuple[str, str, str]

ECHOED = ("via", "from", "to", "call-id", "cseq")
"""What an answer repeats of its request (section 8.2.6.2)."""


class Recipe(Protocol):
    """How an answer is made again that may have to be sent again."""

    contacts: bytes
    """What of it may be its own alone, and long."""

    def encode(self, branch: str, number: bytes, date: bytes | None) -> bytes:
        """The answer to the request with that branch; `number`: its CSeq's, `date`: the Date's value."""


Ingredients = tuple[Recipe, bytes, bytes | None]
"""What is kept of an answer in place of its bytes: its recipe, the CSeq's number, the Date's value."""


class CSeq(NamedTuple):
    """A sequence number and its method (section 20.16)."""

    number: int
    method: str


class Message:
    """What requests and responses share."""

    __slots__ = ("_addresses", "_cseq", "_first", "_indexed", "_via", "body", "fields")

    _via: Via | None
    _cseq: CSeq | None
    _addresses: dict[str, Address]
    _first: dict[str, str]
    _indexed: int

    def __init__(self, fields: list[Field], body: bytes = b"") -> None:
        self.fields = fields
        self.body = body
        self.forget_views()

    # -- reading ---------------------------------------------------------------------------------------------------

    def first(self, key: str) -> str | None:
        """The value of the first line of that header (key: long name in lower case), or None."""
        return self.index().get(key)

    def index(self) -> dict[str, str]:
        """The value of the first line of each header: made once, as nearly all of it is asked for."""
        if self._indexed != len(self.fields):
            self._first = {key: value for key, value, _ in reversed(self.fields)}
            self._indexed = len(self.fields)
        return self._first

    def required(self, key: str) -> str:
        """As `first`; raises ParseError where the header is missing."""
        value = (self._first if self._indexed == len(self.fields) else self.index()).get(key)
        if value is None:
            raise ParseError(f"{canonical_name(key)} is missing")
        return value

    def lines(self, key: str) -> list[str]:
        """The values of all lines of that header, comma lists not split."""
        if key not in self.index():
            return []
        return [value for name, value, _ in self.fields if name == key]

    def lacks(self, keys: frozenset[str]) -> bool:
        """Whether it has no line of any of these headers."""
        return keys.isdisjoint(self.index())

    def values(self, key: str) -> list[str]:
        """All values of a header that is a comma list, in order, empty ones left out (section 7.3.1)."""
        found: list[str] = []
        for line in self.lines(key):
            found += [part for part in split_unquoted(line, ",") if part] if "," in line else [line] if line else []
        return found

    @property
    def via(self) -> Via:
        """The topmost Via. Raises ParseError."""
        if self._via is None:
            values = self.required("via")
            self._via = Via.parse(split_unquoted(values, ",")[0] if "," in values else values)
        return self._via

    @property
    def cseq(self) -> CSeq:
        """Raises ParseError."""
        if self._cseq is None:
            digits, _, method = self.required("cseq").partition(" ")
            if not method.isalnum():
                digits, _, method = self.required("cseq").replace("\t", " ").partition(" ")
                method = method.strip(" ")
            number = parse_number(digits)
            if number is None or not is_token(method):
                raise ParseError(f"not a CSeq: {self.required('cseq')[:40]!r}")
            self._cseq = CSeq(number, method)
        return self._cseq

    @property
    def call_id(self) -> str:
        """Raises ParseError where it is missing."""
        return self.required("call-id")

    @property
    def from_(self) -> Address:
        """Raises ParseError."""
        return self._address("from")

    @property
    def to(self) -> Address:
        """Raises ParseError."""
        return self._address("to")

    def _address(self, key: str) -> Address:
        address = self._addresses.get(key)
        if address is None:
            address = self._addresses[key] = Address.parse(self.required(key))
        return address

    # -- changing --------------------------------------------------------------------------------------------------

    def replace(self, key: str, values: Iterable[str]) -> None:
        """Lets these lines, one a value, stand for all of that header, where its first one stood (else at the end)."""
        self._changed(key)
        at = next((at for at, field in enumerate(self.fields) if field[0] == key), len(self.fields))
        self.fields = [field for field in self.fields if field[0] != key]
        self.fields[at:at] = [make_field(key, value) for value in values]

    def remove_first(self, key: str) -> None:
        """Takes away the first value of a comma-list header; the other lines stay as they came."""
        self._changed(key)
        for at, field in enumerate(self.fields):
            if field[0] == key:
                rest = split_unquoted(field[1], ",")[1:] if "," in field[1] else []
                self.fields[at : at + 1] = [make_field(key, ", ".join(rest))] if rest else []
                return

    def write_via(self) -> None:
        """Writes the top Via's parameters back after they were changed; its protocol, sent-by and other Vias stay."""
        if self._via is None:
            return
        at = 0
        while self.fields[at][0] != "via":
            at += 1
        value = self.fields[at][1]
        first, comma, rest = value.partition(",") if '"' not in value else _first_value(value)
        head = first.partition(";")[0].rstrip(LWS)
        value = f"{head}{write_parameters(self._via.parameters)}{comma}{rest}"
        self.fields[at] = ("via", value, f"Via: {value}")
        self._first["via"] = value

    def _changed(self, key: str) -> None:
        self._indexed = -1
        if key == "via":
            self._via = None
        elif key == "cseq":
            self._cseq = None
        else:
            self._addresses.pop(key, None)

    def forget_views(self) -> None:
        """Only the lines stay; views are made if they are asked for."""
        self._indexed = -1
        self._first = {}
        self._addresses = {}
        self._via = self._cseq = None

    # -- writing ---------------------------------------------------------------------------------------------------

    @property
    def start_line(self) -> str:
        """Request-Line or Status-Line, without CRLF."""
        raise NotImplementedError

    def encode(self) -> bytes:
        """The message as bytes, its lines as they are: Content-Length is for whoever makes the message."""
        text = "\r\n".join([self.start_line, *[line for _, _, line in self.fields], "", ""])
        return text.encode("utf-8", "surrogateescape") + self.body


class Request(Message):
    """A request; `uri` is the Request-URI as it was written."""

    __slots__ = ("_uri", "method", "uri_text")

    def __init__(self, method: str, uri: str, fields: list[Field], body: bytes = b"") -> None:
        super().__init__(fields, body)
        self.method = method
        self.uri_text = uri
        self._uri: Uri | None = None

    @property
    def uri(self) -> Uri:
        """The Request-URI. Raises ParseError."""
        if self._uri is None:
            self._uri = Uri.parse(self.uri_text)
        return self._uri

    @property
    def hops(self) -> int | None:
        """How often it may still be forwarded, if its Max-Forwards says so. Raises ParseError."""
        text = self.first("max-forwards")
        if text is None:
            return None
        number = parse_number(text)
        if number is None:
            raise ParseError("Max-Forwards is no number")
        return number

    def retarget(self, uri: str) -> None:
        """Puts another Request-URI (RFC 3261 section 16.6 step 2)."""
        self.uri_text = one_line(uri)
        self._uri = None

    @property
    def transaction_name(self) -> str | None:
        """The top Via's sent-by and branch, which name the transaction (17.2.3). Raises ParseError.

        None where the branch is not unique: it needs the magic cookie, and something after it (RFC 4475 section 3.2.1).
        """
        via = self.via
        branch = via.branch
        if branch is None or not branch.startswith(MAGIC_COOKIE) or branch == MAGIC_COOKIE:
            return None
        return f"{via.host}:{via.port} {branch}"

    @property
    def asks_for_rport(self) -> bool:
        """Whether its answers are to go back to the port that it came from (RFC 3581). Raises ParseError."""
        return "rport" in self.via.parameters

    def stamp(self, flow: Flow) -> None:
        """Writes into the top Via where the request really came from (18.2.1; RFC 3581 section 4), and only there.

        What the sender claims in received and rport is overwritten: answers go there. Raises ParseError for a bad Via.
        """
        if stamp_via(self.via, flow):
            self.write_via()

    def echoed(self, to_tag: str | None) -> list[Field]:
        """What an answer repeats (8.2.6.2): Via, From, To (with `to_tag` where it has none), Call-ID and CSeq."""
        fields = [field for field in self.fields if field[0] in ECHOED]
        try:
            if to_tag is None or self.to.tag is not None:
                return fields
        except ParseError:  # a 400 to a broken To gives it back as it came
            return fields
        return [tagged(field, to_tag) for field in fields]

    def trying(self) -> Response:
        """100 Trying with its Timestamp (section 8.2.6.1)."""
        timestamp = self.first("timestamp")
        return Response.to_request(self, 100, headers=[("Timestamp", timestamp)] if timestamp else ())

    def said(self, key: str) -> bytes:
        """The first value of a header that every request should have, encoded; empty where it is missing."""
        return (self.first(key) or "").encode("utf-8", "surrogateescape")

    def answered(self, status: int, reason: str, more: list[Field], to_tag: str | None) -> Response:
        """The answer that repeats what it has to, and has these fields besides."""
        return Response(status, reason, self.echoed(to_tag) + more)

    @property
    def has_one_via(self) -> bool:
        """Whether it comes straight from its sender."""
        lines = self.lines("via")
        return len(lines) == 1 and "," not in lines[0]

    @property
    def start_line(self) -> str:
        return f"{self.method} {self.uri_text} SIP/2.0"


class Response(Message):
    """A response: `status` and `reason` phrase."""

    __slots__ = ("reason", "status")

    def __init__(self, status: int, reason: str, fields: list[Field], body: bytes = b"") -> None:
        super().__init__(fields, body)
        self.status = status
        self.reason = reason

    @staticmethod
    def to_request(
        request: Request,
        status: int,
        reason: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        to_tag: str | None = None,
    ) -> Response:
        """The answer by 8.2.6.2: Via, From, To (with `to_tag` where it has none), Call-ID, CSeq, then `headers`."""
        more = [*(make_field(name, value) for name, value in headers), NO_BODY]
        return request.answered(status, phrase(reason) if reason else reason_phrase(status), more, to_tag)

    @property
    def ingredients(self) -> Ingredients | None:
        """What is to be kept of it in place of its bytes, if it was made by a recipe."""
        return None

    @property
    def branch(self) -> str:
        """The top Via's branch, "" where it has none. Raises ParseError."""
        return self.via.branch or ""

    def pop_via(self) -> bool:
        """Takes the top Via off (section 16.7 step 3); whether another one is left. Where it goes on over a connection
        it needs its length, which UDP does without (section 20.14)."""
        self.remove_first("via")
        if "content-length" not in self.index():
            self.fields = [*self.fields, make_field("content-length", str(len(self.body)))]
        return "via" in self.index()

    @property
    def start_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason}"


def _first_value(value: str) -> tuple[str, str, str]:
    first = split_unquoted(value, ",")[0]
    rest = value[len(first) :].lstrip(LWS)
    return first, rest[:1], rest[1:]


def tagged(field: Field, to_tag: str) -> Field:
    """The field, To with that tag."""
    return make_field("to", f"{field[1]};tag={to_tag}") if field[0] == "to" else field


def make_field(name: str, value: str) -> Field:
    """A field from a long name in any case and its value, which cannot begin a line of its own."""
    key, value = name.lower(), one_line(value)
    return key, value, f"{canonical_name(key)}: {value}"


NO_BODY = make_field("content-length", "0")
