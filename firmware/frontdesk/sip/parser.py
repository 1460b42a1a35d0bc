"""Bytes to messages: datagrams and streams (RFC 3261 sections 7, 18.3 and 25).

Nothing but ParseError is ever raised, whatever the bytes.
"""

from __future__ import annotations

import re

from .errors import ParseError
from .headers import header_key
from .message import Field, Message, Request, Response

MAX_MESSAGE = 65_536
"""Bytes of a message with its body; a UDP datagram carries no more."""
MAX_HEADER_LINES = 256
MAX_VIAS = 40

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")


def parse_message(data: bytes) -> Message:
    """One message from a datagram or from a framed piece of a stream. Raises ParseError."""
    if len(data) > MAX_MESSAGE:
        raise ParseError("the message is larger than 64 KiB", 513)
    head, _, body = data.partition(b"\r\n\r\n")
    if head.count(b"\n") != head.count(b"\r\n"):
        head, body = _lone_line_feeds(data)
    lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    if len(lines) > MAX_HEADER_LINES:
        raise ParseError("more than 256 header lines", 400)
    fields = parse_fields(lines)
    return _start(lines[0], fields, _body(fields, body))


def _lone_line_feeds(data: bytes) -> tuple[bytes, bytes]:
    # Some senders end lines with a bare LF; their blank line may be one too.
    end = _END_OF_HEAD.search(data)
    head, body = (data[: end.start()], data[end.end() :]) if end else (data, b"")
    return head.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), body


def parse_fields(lines: list[str]) -> list[Field]:
    """The header lines after the start line; a line that begins with white space goes on with the one before (7.3.1)."""
    fields: list[Field] = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if line[:1] in (" ", "\t") and fields:
            key, before, raw = fields[-1]
            fields[-1] = (key, f"{before} {line.strip()}".strip(), f"{raw}\r\n{line}")
        elif colon and name:
            fields.append((header_key(name), value.strip(), line))
        elif line:
            raise ParseError(f"a header line has no colon: {line[:40]!r}")
    return fields


def _start(line: str, fields: list[Field], body: bytes) -> Message:
    first, _, rest = line.partition(" ")
    if first.upper() == "SIP/2.0":
        status, _, reason = rest.partition(" ")
        if len(status) != 3 or not status.isdecimal() or not status.isascii():
            raise ParseError(f"not a Status-Line: {line[:60]!r}")
        return Response(int(status), reason, fields, body)
    uri, _, version = rest.rpartition(" ")
    if version.upper() != "SIP/2.0" or not uri:
        raise ParseError(f"not a Request-Line: {line[:60]!r}")
    return Request(first, uri, fields, body)


def _body(fields: list[Field], body: bytes) -> bytes:
    length = next((value for key, value, _ in fields if key == "content-length"), None)
    if length is None:
        return body
    if not length.isdecimal() or not length.isascii():
        raise ParseError(f"Content-Length is no number: {length[:20]!r}")
    if int(length) > len(body):
        raise ParseError("the body is shorter than Content-Length says")
    return body[: int(length)]
