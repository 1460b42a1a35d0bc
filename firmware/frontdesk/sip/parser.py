"""Bytes to messages (RFC 3261 sections 7 and 25), as strict as safety needs and as lenient as phones need.

Nothing but ParseError is ever raised, whatever the bytes. What is not looked at is not parsed: values stay text until
asked for. Lenient on purpose: lines that end in a bare LF, no blank line at the end, any case in names and in SIP/2.0,
white space before the colon, more spaces in the Request-Line than one, and bytes that are no UTF-8.
"""

from __future__ import annotations

import re
from math import inf

from .errors import ParseError
from .grammar import LWS, is_token, parse_number
from .headers import KEYS, header_key
from .message import Field, Message, Request, Response

MAX_MESSAGE = 65_536
"""Bytes of a message with its body; a UDP datagram carries no more."""
MAX_HEADER_LINES = 256
MAX_VIAS = 40

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


def parse_message(data: bytes) -> Message:
    """One message from a datagram or from a framed piece of a stream.

    Raises ParseError, with a `request` where the sender is owed an answer.
    """
    try:
        if len(data) > MAX_MESSAGE:
            raise ParseError("the message is larger than 64 KiB", 513)
        return _parse(data, MAX_HEADER_LINES)
    except ParseError as error:
        error.request = best_effort(data)
        raise


def reread(data: bytes) -> Message:
    """What the box has read or made itself: it may have grown on its way beyond what strangers may send."""
    return _parse(data, inf)


def _parse(data: bytes, most_lines: float) -> Message:
    if data[:1] in (b"\r", b"\n"):  # empty lines before a message are ignored (section 7.5)
        data = data.lstrip(b"\r\n")
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1:
        lines, body = _lone_line_ends(data)
    if len(lines) - 1 > most_lines:
        raise ParseError(f"more than {most_lines} header lines", 513)
    fields = parse_fields(lines, odd_lines=lines[0][:4].upper() == "SIP/")
    return _start(lines[0], fields, _body(fields, body))


def _lone_line_ends(data: bytes) -> tuple[list[str], bytes]:
    # Some senders end lines with a bare LF, their blank line too. Others may end a line at a bare CR: refused.
    end = _END_OF_HEAD.search(data)
    head, body = (data[: end.start()], data[end.end() :]) if end else (data, b"")
    head = head.replace(b"\r\n", b"\n")
    if b"\r" in head:
        raise ParseError("a carriage return stands alone in the header")
    return head.decode("utf-8", "surrogateescape").split("\n"), body


def parse_fields(lines: list[str], *, odd_lines: bool = False) -> list[Field]:
    """The header lines after the start line; one that begins with white space goes on with the one before (7.3.1).

    `odd_lines`: what is no header line stays as it is, under no name. So it is in responses (section 16.3 step 1).
    """
    fields: list[Field] = []
    known = KEYS.get
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon and (key := known(name)):  # nearly always: saves 2 us for each message
            fields.append((key, value.strip(LWS), line))
        elif line[:1] in (" ", "\t"):
            _unfold(fields, line)
        elif colon and (key := header_key(name)):
            fields.append((key, value.strip(LWS), line))
        elif line and odd_lines:
            fields.append(("", line, line))
        elif line:
            raise ParseError(f"not a header line: {line[:40]!r}")
    return fields


def _unfold(fields: list[Field], line: str) -> None:
    if not fields:
        raise ParseError("the first header line begins with white space")
    key, before, raw = fields[-1]
    fields[-1] = (key, f"{before} {line.strip(LWS)}".strip(LWS), f"{raw}\r\n{line}")


def _start(line: str, fields: list[Field], body: bytes) -> Message:
    if line[:4].upper() == "SIP/":
        return _response(line, fields, body)
    pieces = line.split(" ")
    if len(pieces) != 3:
        pieces = [piece for piece in pieces if piece]  # RFC 4475 sections 3.1.2.9 and 3.1.2.10: forwarded without them
    if len(pieces) != 3 or not is_token(pieces[0]) or "\t" in pieces[1]:
        raise ParseError(f"not a Request-Line: {line[:60]!r}")
    method, uri, version = pieces
    if version != "SIP/2.0" and version.upper() != "SIP/2.0":
        raise ParseError(f"the version is not SIP/2.0: {version[:20]!r}", 505 if _is_version(version) else 400)
    return Request(method, uri, fields, body)


def _is_version(text: str) -> bool:
    name, _, numbers = text.partition("/")
    major, dot, minor = numbers.partition(".")
    return name.upper() == "SIP" and bool(dot) and major.isdecimal() and minor.isdecimal()


def _response(line: str, fields: list[Field], body: bytes) -> Response:
    version, _, rest = line.partition(" ")
    status, _, reason = rest.partition(" ")
    if version.upper() != "SIP/2.0" or len(status) != 3 or not status.isdecimal() or not status.isascii():
        raise ParseError(f"not a Status-Line: {line[:60]!r}")
    if not 100 <= int(status) <= 699:
        raise ParseError(f"no such status: {status}")
    return Response(int(status), reason, fields, body)


def _body(fields: list[Field], body: bytes) -> bytes:
    """What Content-Length says belongs to the message; what is behind it is discarded (18.3)."""
    for key, value, _ in reversed(fields):  # it mostly stands last
        if key == "content-length":
            return _cut(body, value)
    return body


def _cut(body: bytes, length: str) -> bytes:
    wanted = parse_number(length)
    if wanted is None:
        raise ParseError(f"Content-Length is no number: {length[:20]!r}")
    if wanted > len(body):
        raise ParseError("the body is shorter than Content-Length says")
    return body[:wanted]


def best_effort(data: bytes) -> Request | None:
    """What of a broken request is enough to answer it, or None: for an ACK, a response, and without a good top Via."""
    head = _END_OF_HEAD.split(data[:MAX_MESSAGE].lstrip(b"\r\n"), 1)[0]
    first, *lines = head.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", " ").split("\n")
    method, _, rest = first.strip(LWS).partition(" ")
    if not is_token(method):
        return None
    return answerable(
        Request(method, rest.strip(LWS).rpartition(" ")[0] or rest, _good_fields(lines[:MAX_HEADER_LINES]))
    )


def _good_fields(lines: list[str]) -> list[Field]:
    fields: list[Field] = []
    for line in lines:
        name, _, value = line.partition(":")
        if line[:1] in (" ", "\t") and fields:
            _unfold(fields, line)
        elif value and (key := header_key(name)):
            fields.append((key, value.strip(LWS), line))
    return fields


def answerable(message: Message) -> Request | None:
    """The message, where its sender is owed an answer: it is a request, no ACK, and its top Via can be read."""
    if not isinstance(message, Request) or message.method == "ACK":
        return None
    try:
        message.via  # noqa: B018
    except ParseError:
        return None
    return message
