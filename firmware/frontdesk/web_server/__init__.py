"""The page's listeners: cheroot in threads of the process, so that who is slow there keeps no call waiting."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from ..accepting import PatientSocket
from .listener import ALL_BODIES, MOST, Application, Server
from .spool import Spool


@dataclass(slots=True, frozen=True)
class WebListener:
    """Where the page is."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class WebServer:
    """All listeners of the page. `listen` replaces them: new ones are bound before old ones go."""

    def __init__(self, application: Application, context: Callable[[], ssl.SSLContext]) -> None:
        """`context`: asked anew for each connection over TLS."""
        self._application = application
        self._context = context
        self._spool = Spool(ALL_BODIES)
        self._servers: dict[WebListener, Server] = {}
        self._sockets: dict[WebListener, socket.socket] = {}
        self._has_https = False

    @property
    def listeners(self) -> list[WebListener]:
        """With the ports that they have."""
        return [WebListener(each.scheme, each.host, sock.getsockname()[1]) for each, sock in self._sockets.items()]

    def listen(self, listeners: Sequence[WebListener]) -> None:
        """Is where they say, and nowhere else. Raises OSError with the listener as its filename, and is as before."""
        bound: dict[WebListener, socket.socket] = {}
        try:
            for each in listeners:
                if each not in self._sockets and each not in bound:
                    bound[each] = _bound(each)
        except OSError:
            for sock in bound.values():
                sock.close()
            raise
        for gone in [each for each in self._sockets if each not in listeners]:
            del self._sockets[gone]
            _end(self._servers.pop(gone))
        self._sockets |= bound
        self._has_https = any(each.scheme == "https" for each in self._sockets)
        for each in bound:
            self._start(each)

    def close(self) -> None:
        """Stops all."""
        self.listen([])

    def ping(self) -> Future[Any]:
        """Done when a worker of each listener has had time."""
        answer: Future[None] = Future()
        left = [each.ping() for each in self._servers.values()]

        def look(_: Any) -> None:
            if all(each.done() for each in left) and not answer.done():
                answer.set_result(None)

        for each in left:
            each.add_done_callback(look)
        look(None)
        return answer

    def restart(self) -> None:
        """All anew, on the same sockets; what is stuck is left to itself."""
        for each, sock in list(self._sockets.items()):
            before, self._sockets[each] = self._servers[each], sock.dup()
            before.heir = self._start(each)
            _end(before)

    def _start(self, listener: WebListener) -> Server:
        context = self._context if listener.scheme == "https" else None
        made = Server(self._sockets[listener], self._application, context, self._spool, lambda: self._has_https)
        self._servers[listener] = made
        threading.Thread(target=made.start, name=f"web {listener}", daemon=True).start()
        return made


def _end(server: Server) -> None:
    threading.Thread(target=server.end, name="web end", daemon=True).start()


def _bound(listener: WebListener) -> socket.socket:
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    sock = PatientSocket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((listener.host, listener.port))
        sock.listen(MOST)
    except OSError as error:
        sock.close()
        raise OSError(error.errno, error.strerror, str(listener)) from None
    return sock
