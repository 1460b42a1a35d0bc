"""One connection of a browser: a worker has it only while something can be done, so that who dribbles holds nobody up.

Handshake and head come in steps: what is there is taken, then the connection waits among the silent ones for more.
"""

from __future__ import annotations

import contextlib
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
"""Seconds for a head from its first byte on, and for a small body."""
BODY_TIME = 120.0
"""Seconds for a large body."""
HANDSHAKE_TIME = 5.0
"""Seconds from its first byte on."""
PIECE = 4096
"""Bytes of a head that are read at once."""
END_OF_HEAD = b"\r\n\r\n"
NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Limited(socket.SocketIO):
    """Reads what has come already, then until a deadline."""

    def __init__(self, sock: socket.socket, connection: Connection) -> None:
        super().__init__(sock, "rb")
        self._limited, self._connection = sock, connection

    def readinto(self, buffer: Any) -> int | None:
        if came := self._connection.take(len(buffer)):
            buffer[: len(came)] = came
            return len(came)
        left = self._connection.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._limited.settimeout(left)
        return super().readinto(buffer)


class Connection(server.HTTPConnection):  # type: ignore[misc]
    """With deadlines for handshake, head and body, and a handshake in the worker."""

    def __init__(self, listening: Any, sock: Any, makefile: Any) -> None:
        self.deadline = 0.0
        """Of what a worker reads."""
        self._greeted = not isinstance(sock, ssl.SSLSocket)
        self._came = b""
        """Of a request, and not read yet."""
        self._until = 0.0
        """When the handshake or head that has begun has to be whole; 0: none has."""
        super().__init__(listening, sock, self._make)

    def _make(self, sock: Any, mode: str, size: int) -> Any:
        if "w" in mode:
            return StreamWriter(sock, mode, size)
        reader = StreamReader(sock, mode, size)
        reader._raw = Limited(sock, self)
        return reader

    def take(self, most: int) -> bytes:
        """What has come already."""
        came, self._came = self._came[:most], self._came[most:]
        return came

    def communicate(self) -> bool:
        """One request, once its head is there; whether the connection stays."""
        try:
            if not self.rfile.has_data() and not self._has_head():
                return time.monotonic() < self._until
            self.socket.settimeout(HEAD_TIME)
        except (OSError, ValueError):
            return False
        self._until, self.deadline = 0.0, time.monotonic() + HEAD_TIME
        return bool(super().communicate()) and not self._came

    def _has_head(self) -> bool:
        """Takes what is there of handshake and head, without waiting. Raises OSError, ValueError."""
        self.socket.setblocking(False)
        return self._greet() and self._hear()

    def _greet(self) -> bool:
        """The TLS handshake."""
        if not self._greeted:
            self._until = self._until or time.monotonic() + HANDSHAKE_TIME
            try:
                self.socket.do_handshake()
            except NOT_YET:
                return False
            self._greeted, self._until = True, 0.0
        return True

    def _hear(self) -> bool:
        self._until = self._until or time.monotonic() + HEAD_TIME
        while END_OF_HEAD not in self._came and len(self._came) <= self.server.max_request_header_size:
            try:
                piece = self.socket.recv(PIECE)
            except NOT_YET:
                return False
            if not piece:
                raise ConnectionError("it has hung up")
            self._came += piece
        return True

    def close(self) -> None:
        """Gone, and with it what could not be sent: kept, it would be tried again when Python clears up."""
        self.server.forget(self)
        super().close()
        with contextlib.suppress(OSError, ValueError):
            self.wfile.close()


class Gateway(wsgi.Gateway_10):  # type: ignore[misc]
    """What the application is told, and how long its body may take."""

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        address = environ.get("REMOTE_ADDR", "")
        environ["REMOTE_ADDR"] = address.removeprefix("::ffff:").partition("%")[0]
        environ["frontdesk.sibling"] = self.req.server.sibling
        for name in ("HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR"):
            environ.pop(name, None)  # There is no proxy before the box that could be believed.
        length = environ.get("CONTENT_LENGTH") or "0"
        large = length.isdecimal() and int(length) > SMALL_BODY
        self.req.conn.deadline = time.monotonic() + (BODY_TIME if large else HEAD_TIME)
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
