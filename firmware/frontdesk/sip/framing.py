"""A stream cut into messages by Content-Length (RFC 3261 7.5 and 18.3), and keep-alives (RFC 5626 section 4.4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from .errors import ParseError
from .parser import MAX_MESSAGE, best_effort

_BLANK_LINE = re.compile(rb"\n\r?\n")
_CONTENT_LENGTH = re.compile(
    rb"\n(?:content-length|l)[ \t]*:[ \t]*(?:\r?\n[ \t]+)?(\d{1,9})[ \t]*(?=\r?\n)", re.IGNORECASE
)


class Reply(bytes):
    """What goes back as it is, for the connection's own sake."""


PING = b"\r\n\r\n"
PONG = Reply(b"\r\n")


class Framing(Protocol):
    """How messages stand in the bytes of one connection."""

    is_over: bool
    """Whether the other end has taken its leave, or can't be understood: to be closed once the replies have gone."""

    @property
    def pending(self) -> int:
        """Not 0: something has begun and is not complete; keep-alives do not count."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Takes what was read and gives the complete messages and the replies that are due, in order.

        Raises ParseError after the last good one when no message can be found any more: the connection is to be closed,
        after an answer to `error.request` where there is one.
        """

    def frame(self, message: bytes) -> bytes:
        """A message as it is sent."""

    def goodbye(self) -> bytes:
        """What is sent last where the box ends the connection."""


class Stream:
    """TCP's and TLS's: cut by Content-Length; the way that the bytes come in pieces changes nothing."""

    is_over = False

    def __init__(self, limit: int = MAX_MESSAGE) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0  # the buffer holds no blank line before this: a slow sender costs no second look
        self._wanted = 0  # bytes of the message whose head is complete; 0 while it is not
        self._half_ping = False
        self._broken: ParseError | None = None

    @property
    def pending(self) -> int:
        """Bytes of a message that has begun and is not complete; keep-alives do not count."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Messages, and a pong for each ping."""
        self._buffer += data
        return self._frames()

    def frame(self, message: bytes) -> bytes:
        """Its Content-Length says where it ends."""
        return message

    def goodbye(self) -> bytes:
        """There is none."""
        return b""

    def _frames(self) -> Iterator[bytes]:
        while self._broken is None:
            try:
                frame = self._next()
            except ParseError as error:
                self._broken = error
                self._buffer.clear()
                break
            if frame is None:
                return
            yield frame
        raise ParseError(self._broken.reason, self._broken.status, self._broken.request)

    def _next(self) -> bytes | None:
        if not self._wanted:
            if self._skip_line_ends():
                return PONG
            self._wanted = self._length()
        if not self._wanted or len(self._buffer) < self._wanted:
            return None
        message = bytes(self._buffer[: self._wanted])
        del self._buffer[: self._wanted]
        self._wanted = self._searched = 0
        self._half_ping = False
        return message

    def _skip_line_ends(self) -> bool:
        # Empty lines before a message are ignored (7.5), but two in a row are a ping; a bare LF counts for none.
        while self._buffer[:1] == b"\n" or self._buffer[:2] == b"\r\n":
            whole = self._buffer[:1] == b"\r"
            del self._buffer[: 1 + whole]
            if whole and self._half_ping:
                self._half_ping = False
                return True
            self._half_ping = whole
        return False

    def _length(self) -> int:
        """How long the message at the buffer's start is, or 0 while its head is not complete."""
        end = _BLANK_LINE.search(self._buffer, max(0, self._searched - 2))
        if end is None:
            self._searched = len(self._buffer)
            if self._searched > self._limit:
                raise ParseError("the message is larger than 64 KiB", 513, best_effort(bytes(self._buffer)))
            return 0
        head = bytes(self._buffer[: end.end()])
        lengths = {int(value) for value in _CONTENT_LENGTH.findall(head)}
        if len(lengths) != 1:
            raise ParseError("Content-Length is missing, no number, or given twice", 400, best_effort(head))
        wanted = len(head) + lengths.pop()
        if wanted > self._limit:
            raise ParseError("the message is larger than 64 KiB", 513, best_effort(head))
        return wanted
