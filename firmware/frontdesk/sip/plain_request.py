"""Requests of the usual form stay lines of bytes: most lines are passed on, and read by nobody (RFC 3261 section 16.6).

Usual: over UDP, with rport; each line is `Name: value`; top Via, From and To are written as nearly all phones do. The
names in their order are a form that a phone has for years, so a form is judged once, and so is what comes again and
again within its lines. Any other request is parsed at once. Both ways give the same request: a test holds that.
"""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter

from .address import Address
from .checks import MAX_IDENTIFIER, METHODS, SINGLE
from .errors import ParseError
from .forms import MAX_HEAD, MAX_LINES, Forms, whole_lines
from .grammar import LWS, TOKEN_ALONE, is_token, write_parameters
from .headers import canonical_name, header_key
from .message import ECHOED, NO_BODY, CSeq, Field, Request, Response, tagged
from .parser import parse_fields
from .unread_response import UnreadResponse
from .uri import Uri
from .via import MAGIC_COOKIE, Via, stamp_via
from .wire import Flow

MAX_CACHED = 192
"""Bytes of the longest piece that is remembered: what strangers send can fill no memory."""
MAX_CSEQ = 32
"""Bytes of the longest CSeq line of a method that has an RFC, and more."""

_NEEDED = (*ECHOED, "max-forwards", "content-length")
_ONCE = SINGLE | {"via"}
_METHODS = {method.encode(): method for method in METHODS}
_VIA = "SIP/2.0/UDP "
_MANY = frozenset(',"<\t')
_BRANCH = f";branch={MAGIC_COOKIE}".encode()
_HOLE = "hole"
_TAG = b">;tag="
_NO_BODY = f"{NO_BODY[2]}\r\n\r\n".encode()

Place = tuple[int, int]
"""The number of a line, and where its value begins."""
Start = tuple[str, str, Uri]
"""Method, Request-URI as it stands there, and parsed."""


class Form:
    """The names of a request's header lines with their colons, in their order, and where what stands there."""

    __slots__ = (
        "call_id", "cseq", "echoed", "from_", "hops", "length", "pick_echoed", "places", "to", "to_echoed", "via",
    )  # fmt: skip

    def __init__(self, places: dict[str, list[Place]]) -> None:
        self.places = places
        self.echoed = sorted((*places[key][0], key) for key in ECHOED)
        self.pick_echoed = itemgetter(*[number for number, _, _ in self.echoed])
        self.to_echoed = next(at for at, (_, _, key) in enumerate(self.echoed) if key == "to")
        self.via, self.from_, self.to, self.call_id, self.cseq, self.hops, self.length = (
            places[key][0][0] for key in _NEEDED
        )


def _form(names: tuple[bytes, ...]) -> Form | None:
    """Of the names with their colons; None where it is no usual one."""
    places: dict[str, list[Place]] = {}
    for number, name in enumerate(names):
        text = name[:-1].decode("latin-1")
        key = header_key(text)
        if name[-1:] != b":" or not is_token(text) or (key in _NEEDED and text != canonical_name(key)):
            return None
        places.setdefault(key, []).append((number, len(name) + 1))
    if not all(key in places for key in _NEEDED) or any(len(places[key]) > 1 for key in _ONCE if key in places):
        return None
    return Form(places)


_FORMS = Forms(_form)


class PlainRequest(Request):
    """Its lines, of which those are read that are asked for. What each was read for is at hand: properties would take a
    fiftieth of a call. Its top Via is stamped already, and it is never changed but for its other lines."""

    __slots__ = (
        "_fields", "_form", "_lines", "call_id", "cseq", "from_", "hops", "to", "transaction_name", "uri",
    )  # fmt: skip

    uri: Uri
    cseq: CSeq
    from_: Address
    to: Address
    call_id: str
    hops: int
    transaction_name: str
    asks_for_rport = has_one_via = True

    def __init__(
        self, start: Start, form: Form, lines: list[bytes], name: str, cseq: CSeq, from_: Address, to: Address,
        call_id: str, hops: int, body: bytes,
    ) -> None:  # fmt: skip
        """`name`: see `transaction_name`."""
        self.forget_views()
        self.body = body
        self.method, self.uri_text, self.uri = start
        self.cseq = cseq
        self.from_ = from_
        self.to = to
        self.call_id = call_id
        self.hops = hops
        self.transaction_name = name
        self._form = form
        self._lines: list[bytes] | None = lines

    @property
    def fields(self) -> list[Field]:
        """Asked for, so they are parsed."""
        if self._lines is not None:
            lines = [line.decode("utf-8", "surrogateescape") for line in self._lines]
            self._fields, self._lines = parse_fields(["", *lines]), None
        return self._fields

    @fields.setter
    def fields(self, fields: list[Field]) -> None:
        self._fields = fields

    @property
    def raw(self) -> tuple[Form, list[bytes]] | None:
        """Its form and its lines, as long as nothing has been parsed."""
        return None if self._lines is None else (self._form, self._lines)

    # -- reading -----------------------------------------------------------------------------------------------------

    def first(self, key: str) -> str | None:
        if self._lines is None:
            return super().first(key)
        value = self._first.get(key)
        if value is None and (places := self._form.places.get(key)):
            value = self._first[key] = self._value(*places[0])  # kept: who asks again, or keeps it, gets the same text
        return value

    def required(self, key: str) -> str:
        value = self.first(key) if self._lines is not None else None
        return super().required(key) if value is None else value

    def lines(self, key: str) -> list[str]:
        if self._lines is None:
            return super().lines(key)
        places = self._form.places.get(key)
        return [self._value(number, start) for number, start in places] if places else []

    def lacks(self, keys: frozenset[str]) -> bool:
        return super().lacks(keys) if self._lines is None else keys.isdisjoint(self._form.places)

    def _value(self, number: int, start: int) -> str:
        assert self._lines is not None
        return self._lines[number][start:].decode("utf-8", "surrogateescape").strip(LWS)

    # -- what goes on ------------------------------------------------------------------------------------------------

    def stamp(self, flow: Flow) -> None:
        pass

    def echoed(self, to_tag: str | None) -> list[Field]:
        if self._lines is None:
            return super().echoed(to_tag)
        fields: list[Field] = []
        for number, start, key in self._form.echoed:
            line = self._lines[number].decode("utf-8", "surrogateescape")
            fields.append((key, line[start:].strip(LWS), line))
        return fields if to_tag is None or self.to.tag is not None else [tagged(field, to_tag) for field in fields]

    def answered(self, status: int, reason: str, more: list[Field], to_tag: str | None) -> Response:
        if self._lines is None:
            return super().answered(status, reason, more, to_tag)
        head = "\r\n".join([*[line for _, _, line in more], "", ""]).encode("utf-8", "surrogateescape")
        start = f"SIP/2.0 {status} {reason}".encode("utf-8", "surrogateescape")
        return UnreadResponse(status, reason, self.answer(start, head, to_tag))

    def trying(self) -> Response:
        if self._lines is None or "timestamp" in self._form.places:
            return super().trying()
        return UnreadResponse(100, "Trying", self.answer(b"SIP/2.0 100 Trying", _NO_BODY, None))

    def said(self, key: str) -> bytes:
        if self._lines is None:
            return super().said(key)
        number, start = self._form.places[key][0]
        return self._lines[number][start:].strip(b" \t")

    def answer(self, start: bytes, more: bytes, to_tag: str | None) -> bytes:
        """The same, encoded: between a Status-Line and `more` lines, with what ends them, stand those it repeats."""
        assert self._lines is not None
        lines = [*self._form.pick_echoed(self._lines)]
        if to_tag is not None and self.to.tag is None:
            lines[self._form.to_echoed] += b";tag=" + to_tag.encode()
        return b"\r\n".join((start, *lines, more))


# -- making one --------------------------------------------------------------------------------------------------------


def plain_request(data: bytes, flow: Flow) -> PlainRequest | None:
    """The request, where it is of the usual form; its top Via is stamped."""
    head, blank, body = data.partition(b"\r\n\r\n")
    if not head or not blank or len(head) > MAX_HEAD or flow.transport != "udp":
        return None
    lines = whole_lines(head)
    if not 1 < len(lines) <= MAX_LINES:
        return None
    first, form = _start_line(lines.pop(0)), _FORMS.of(lines)
    if form is None or first is None:
        return None
    cseq, via = usual_cseq(lines[form.cseq]), _stamped(lines[form.via], flow)
    from_, to = usual_address(lines[form.from_]), usual_address(lines[form.to])
    if cseq is None or cseq.method != first[0] or via is None or from_ is None or to is None:
        return None
    call_id, hops = lines[form.call_id][9:].decode("utf-8", "surrogateescape").strip(LWS), lines[form.hops][14:]
    if not call_id or len(call_id) > MAX_IDENTIFIER or not _is_number(hops):
        return None
    if lines[form.length][16:] != b"%d" % len(body):
        return None
    name, lines[form.via] = via
    return PlainRequest(first, form, lines, name, cseq, from_, to, call_id, int(hops), body)


def _is_number(digits: bytes) -> bool:
    return digits.isdigit() and len(digits) < 10


def _start_line(line: bytes) -> Start | None:
    return _known_start_line(line) if len(line) <= MAX_CACHED else None


@lru_cache(512)
def _known_start_line(line: bytes) -> Start | None:
    method, _, rest = line.partition(b" ")
    uri, _, version = rest.partition(b" ")
    if method not in _METHODS or version != b"SIP/2.0" or b"\t" in uri:
        return None
    text = uri.decode("utf-8", "surrogateescape")
    try:
        parsed = Uri.parse(text)
    except ParseError:
        return None
    return None if parsed.headers else (_METHODS[method], text, parsed)


def usual_cseq(line: bytes) -> CSeq | None:
    """A number and a method, a space between them."""
    return _known_cseq(line) if len(line) <= MAX_CSEQ else None


@lru_cache(256)  # what answers a request has the same
def _known_cseq(line: bytes) -> CSeq | None:
    number, _, method = line[6:].partition(b" ")
    return CSeq(int(number), method.decode()) if _is_number(number) and method.isalpha() else None


def usual_address(line: bytes) -> Address | None:
    """From or To: a URI in angle brackets, and nothing behind it but a tag."""
    return (_tagged_address if len(line) <= MAX_CACHED else _tagged_address.__wrapped__)(line)


@lru_cache(256)  # what one side of a call sends has the same each time
def _tagged_address(line: bytes) -> Address | None:
    before, mark, tag = line.partition(_TAG)
    known = _known_address(before if mark else line[:-1]) if len(before) <= MAX_CACHED else None
    if known is None or not mark:
        return known if line.endswith(b">") else None
    if not tag or tag.translate(TOKEN_ALONE) != tag or len(tag) > MAX_IDENTIFIER:
        return None
    return Address(known.uri, known.display, {"tag": tag.decode()})


@lru_cache(512)
def _known_address(line: bytes) -> Address | None:
    """Of a line without its last angle bracket."""
    value = line.decode("utf-8", "surrogateescape").partition(": ")[2]
    try:
        address = Address._parse(value + ">")  # remembered here, so not there as well
    except ParseError:
        return None
    return address if value[:1] not in LWS and not address.parameters else None


def _stamped(line: bytes, flow: Flow) -> tuple[str, bytes] | None:
    """The transaction's name, and the Via line as it is when it is stamped."""
    before, _, rest = line.partition(_BRANCH)
    unique, semicolon, after = rest.partition(b";")
    if not unique or unique.translate(TOKEN_ALONE) != unique or len(line) > MAX_CACHED:
        return None
    known = _known_via(before, semicolon + after, flow)
    if known is None:
        return None
    name, head, tail = known
    return name + unique.decode(), head + unique + tail


@lru_cache(512)
def _known_via(before: bytes, after: bytes, flow: Flow) -> tuple[str, bytes, bytes] | None:
    """The transaction's name up to what is unique in the branch, and the stamped line around that."""
    value = (before[5:] + _BRANCH + _HOLE.encode() + after).decode("latin-1")
    if not value.startswith(_VIA) or value.count(" ") > 1 or not value.isascii() or _MANY.intersection(value):
        return None
    try:
        via = Via.parse(value)
    except ParseError:
        return None
    if "rport" not in via.parameters or via.branch != MAGIC_COOKIE + _HOLE:
        return None
    stamp_via(via, flow)
    line = f"Via: {value.partition(';')[0]}{write_parameters(via.parameters)}"
    head, _, tail = line.partition(f";branch={MAGIC_COOKIE}{_HOLE}")
    return f"{via.host}:{via.port} {MAGIC_COOKIE}", head.encode() + _BRANCH, tail.encode()
