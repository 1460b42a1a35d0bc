"""One connection of a browser: a worker has it only while something can be done, so that who dribbles holds nobody up.

Handshake, head and body come in steps: what is there is taken, then the connection waits among the silent ones for
more. Nothing that answers a request reads the socket.
"""

from __future__ import annotations

import contextlib
import io
import re
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from cheroot import server, wsgi
from cheroot.makefile import StreamReader, StreamWriter
from cheroot.ssl import Adapter

SMALL_BODY = 64 << 10
"""Bytes."""
HEAD_TIME = 10.0
"""Seconds for a head from its first byte on, and for a small body; for each piece of an answer, too."""
BODY_TIME = 120.0
"""Seconds for a large body."""
HANDSHAKE_TIME = 5.0
"""Seconds from its first byte on."""
PIECE = 4096
"""Bytes of a head that are read at once."""
LARGE_PIECE = 64 << 10
"""Bytes of a body."""
END_OF_HEAD = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\nContent-Length:[ \t]*([0-9]+)[ \t]*(?=\r\n)", re.IGNORECASE)
EXPECTATION = re.compile(rb"\r\nExpect:[^\r\n]*", re.IGNORECASE)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""RFC 9110 section 10.1.1."""
NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Request(socket.SocketIO):
    """Reads the request that has come, and nothing behind it."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, "rb")
        self.came = io.BytesIO()

    def readinto(self, buffer: Any) -> int:
        """At the end of the request there is no more."""
        return self.came.readinto(buffer)


class Connection(server.HTTPConnection):  # type: ignore[misc]
    """With deadlines for handshake, head and body, and a handshake in the worker."""

    def __init__(self, listening: Any, sock: Any, makefile: Any) -> None:
        self._is_ready = not isinstance(sock, ssl.SSLSocket)
        self._request = Request(sock)
        self._head = b""
        self._length: int | None = None
        """Of the body that is waited for; None: the head is not whole."""
        self._unkept = 0
        """Bytes that are still to come of a body that is too long: it is heard, for a browser that is cut off shows no
        answer, and thrown away. The application refuses it by its length."""
        self._until = 0.0
        """When what has begun has to be whole; 0: nothing has."""
        self.sent_away = False
        """Whether its place is somebody else's."""
        super().__init__(listening, sock, self._make)
        # Cheroot puts a cache before each, which holds the connection that holds it: 8 kB of each that is closed would
        # stay until the collector looks (`process.settle_memory`).
        for name in ("get_peer_creds", "resolve_peer_creds"):
            self.__dict__.pop(name, None)

    def _make(self, sock: Any, mode: str, size: int) -> Any:
        if "w" in mode:
            return StreamWriter(sock, mode, size)
        reader = StreamReader(sock, mode, size)
        reader._raw = self._request
        return reader

    def communicate(self) -> bool:
        """One request, once it is there; whether the connection stays."""
        try:
            if not self._has_request():
                return time.monotonic() < self._until
            self.socket.settimeout(HEAD_TIME)
        except (OSError, ValueError):
            return False
        self._until, self._length = 0.0, None
        return bool(super().communicate()) and not self._has_more()

    def _has_request(self) -> bool:
        """Takes what is there of handshake, head and body, without waiting. Raises OSError, ValueError."""
        self.socket.setblocking(False)
        return self._shake_hands() and self._hear_head() and self._hear_body()

    def _has_more(self) -> bool:
        """Whether there is something behind the request: nobody would look at it before yet more came."""
        behind = self._request.came.read(1) or self._head or (self._is_ready and self._pending())
        return bool(behind or self.rfile.has_data())

    def _pending(self) -> int:
        return self.socket.pending() if isinstance(self.socket, ssl.SSLSocket) else 0

    def _shake_hands(self) -> bool:
        """The TLS handshake."""
        if not self._is_ready:
            self._until = self._until or time.monotonic() + HANDSHAKE_TIME
            try:
                self.socket.do_handshake()
            except NOT_YET:
                return False
            self._is_ready, self._until = True, 0.0
        return True

    def _hear_head(self) -> bool:
        if self._length is not None:
            return True
        self._until = self._until or time.monotonic() + HEAD_TIME
        while END_OF_HEAD not in self._head and len(self._head) <= self.server.max_request_header_size:
            if not (piece := self._hear(PIECE)):
                return False
            self._head += piece
        head, end, begun = self._head.partition(END_OF_HEAD)
        self._await_body(head + end, begun)
        return True

    def _await_body(self, head: bytes, begun: bytes) -> None:
        """Of what came at once with the head, it may have the beginning or all."""
        length = announced(head)
        begun, self._head = begun[:length], begun[length:]
        self._request.came = io.BytesIO(head)
        self._length, self._unkept = length, 0
        if not length:
            return
        self._until = time.monotonic() + (BODY_TIME if length > SMALL_BODY else HEAD_TIME)
        if length > self.server.longest_body:
            self._length, self._unkept = 0, length - len(begun)
        else:
            self.server.spool.begin(self, length)
            self.server.spool.add(self, begun)
        if EXPECTATION.search(head):
            self._request.came = io.BytesIO(EXPECTATION.sub(b"", head))  # Else it would be told twice.
            with contextlib.suppress(*NOT_YET):
                self.socket.send(CONTINUE)

    def _hear_body(self) -> bool:
        if self._unkept:  # A piece each time: however much comes, it holds no worker.
            self._unkept -= len(self._hear(min(LARGE_PIECE, self._unkept)))
            return not self._unkept
        if not self._length:
            return True
        spool = self.server.spool
        held = spool.add(self, b"")
        while held < self._length:
            if not (piece := self._hear(min(LARGE_PIECE, self._length - held))):
                return False
            held = spool.add(self, piece)
        self._request.came = io.BytesIO(self._request.came.getvalue() + spool.take(self))
        return True

    def _hear(self, most: int) -> bytes:
        """What is there; nothing, where there is nothing yet. Raises OSError."""
        try:
            piece: bytes = self.socket.recv(most)
        except NOT_YET:
            return b""
        if not piece:
            raise ConnectionError("it has hung up")
        return piece

    def send_away(self) -> None:
        """Its place is free at once; whoever looks at those who are silent finds it ended, and closes it."""
        self.sent_away = True
        self.server.forget(self)
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Gone, and with it what could not be sent: kept, it would be tried again when Python clears up."""
        self.server.forget(self)
        self.server.spool.take(self)
        super().close()
        with contextlib.suppress(OSError, ValueError):
            self.wfile.close()


def announced(head: bytes) -> int:
    """Bytes of the body. Raises ValueError where the head says two things (RFC 9112 section 6.3)."""
    lengths = {int(length) for length in LENGTH.findall(head)}
    if len(lengths) > 1:
        raise ValueError("a request has two lengths")
    return max(lengths, default=0)


class Gateway(wsgi.Gateway_10):  # type: ignore[misc]
    """What the application is told."""

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        address = environ.get("REMOTE_ADDR", "")
        environ["REMOTE_ADDR"] = address.removeprefix("::ffff:").partition("%")[0]
        environ["frontdesk.sibling"] = self.req.server.has_sibling()
        for name in ("HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR"):
            environ.pop(name, None)  # There is no proxy before the box that could be believed.
        return environ


class Tls(Adapter):  # type: ignore[misc]
    """Wraps a socket and leaves the handshake to whoever reads first."""

    def __init__(self, context: Callable[[], ssl.SSLContext]) -> None:
        self._context = context

    def bind(self, sock: socket.socket) -> socket.socket:
        """As it is."""
        return sock

    def wrap(self, sock: socket.socket) -> tuple[socket.socket, dict[str, str]]:
        """With the certificate that is good now."""
        wrapped = self._context().wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, self.get_environ()

    def get_environ(self) -> dict[str, str]:
        """What every request over TLS has."""
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: Any, mode: str = "r", bufsize: int = -1) -> Any:
        """Not used: the connection makes its own."""
