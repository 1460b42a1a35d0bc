"""One connection of a browser: handshake and request have a deadline, so that who dribbles holds nobody up."""

from __future__ import annotations

import contextlib
import select
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
"""Seconds for a head, and for a small body."""
BODY_TIME = 120.0
"""Seconds for a large body."""
HANDSHAKE_TIME = 5.0


class Limited(socket.SocketIO):
    """Reads until a deadline."""

    def __init__(self, sock: socket.socket, deadline: Callable[[], float]) -> None:
        super().__init__(sock, "rb")
        self._limited, self._deadline = sock, deadline

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline() - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._limited.settimeout(left)
        return super().readinto(buffer)


class Connection(server.HTTPConnection):  # type: ignore[misc]
    """With a deadline for what is read, and a handshake in the worker."""

    def __init__(self, listening: Any, sock: Any, makefile: Any) -> None:
        self.deadline = 0.0
        self._greeted = not isinstance(sock, ssl.SSLSocket)
        super().__init__(listening, sock, self._make)

    def _make(self, sock: Any, mode: str, size: int) -> Any:
        if "w" in mode:
            return StreamWriter(sock, mode, size)
        reader = StreamReader(sock, mode, size)
        reader._raw = Limited(sock, lambda: self.deadline)
        return reader

    def communicate(self) -> bool:
        """One request."""
        self.deadline = time.monotonic() + HEAD_TIME
        if not self._greeted and not self._greet():
            return False
        return bool(super().communicate())

    def _greet(self) -> bool:
        """The TLS handshake; a client that dribbles has no more time for it than one that is silent."""
        end = time.monotonic() + HANDSHAKE_TIME
        self.socket.setblocking(False)
        while (left := end - time.monotonic()) > 0:
            try:
                self.socket.do_handshake()
            except ssl.SSLWantReadError:
                select.select([self.socket], [], [], left)
            except ssl.SSLWantWriteError:
                select.select([], [self.socket], [], left)
            except (OSError, ValueError):
                return False
            else:
                self._greeted = True
                self.socket.settimeout(HEAD_TIME)
                return True
        return False

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
