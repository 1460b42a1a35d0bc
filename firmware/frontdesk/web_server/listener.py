"""One listener with its workers: a connection is a worker's only while it has something to say."""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from cheroot import wsgi

from .connection import HEAD_TIME, Connection, Gateway, Tls
from .spool import Spool

WORKERS = 6
LONGEST_HEAD = 16 << 10
"""Bytes of a request's head."""
LONGEST_BODY = 4 << 20
"""Bytes that are kept; the application allows most requests far less, and says so."""
ALL_BODIES = 2 * LONGEST_BODY
"""Bytes of bodies that are still coming, over all connections; whole ones are with a worker, or wait for one."""
IDLE = 30.0
"""Seconds between two looks for connections that are silent: each look is a wake-up."""
MOST = 256
"""Connections."""
MOST_EACH = 64
"""Of them, from one address."""

_log = logging.getLogger("frontdesk")

Application = Callable[..., Any]


class Ping:
    """A connection that is none: whoever works it off is alive."""

    remote_addr = remote_port = None

    def __init__(self) -> None:
        self.answer: Future[None] = Future()

    def communicate(self) -> bool:
        """A worker has got round to it."""
        if not self.answer.done():
            self.answer.set_result(None)
        return False

    def close(self) -> None:
        """There is nothing to close."""


class Server(wsgi.Server):  # type: ignore[misc]
    """One listener with its workers."""

    ConnectionClass = Connection
    expiration_interval = IDLE
    max_request_header_size = LONGEST_HEAD
    longest_body = LONGEST_BODY
    keep_alive_conn_limit = None
    """`_admit` holds the limit."""
    version = software = "Frontdesk"

    def __init__(
        self, listening: socket.socket, application: Application, context: Any, spool: Spool,
        has_https: Callable[[], bool],
    ) -> None:  # fmt: skip
        """`context`: it is for https; `has_https`: whether the page has a listener for that."""
        self._has_https = has_https
        self.spool = spool
        self._listening = listening
        self._prepared = threading.Event()
        self.heir: Server | None = None
        """Who listens on the same socket from now on: whoever is accepted here all the same is theirs."""
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        super().__init__(
            listening.getsockname()[:2], application, numthreads=WORKERS, max=WORKERS, request_queue_size=MOST,
            timeout=int(HEAD_TIME), shutdown_timeout=1,
        )  # fmt: skip
        self.gateway = Gateway
        self.ssl_adapter = Tls(context) if context else None

    def has_sibling(self) -> bool:
        """Whether it is for http, and stands beside one for https."""
        return self.ssl_adapter is None and self._has_https()

    def bind(self, family: int, kind: int, proto: int = 0) -> None:
        """It is bound already."""
        self.socket = self._listening

    def process_conn(self, connection: Any) -> None:
        """A new connection waits until it says something; what says something is a worker's."""
        if isinstance(connection, Ping):
            super().process_conn(connection)
        elif connection.sent_away:
            connection.close()
        elif connection.last_used is not None:
            super().process_conn(connection)
        elif self.heir:
            self.heir.inherit(connection)
        elif self._admit(connection):
            self._connections.put(connection)
        else:
            connection.close()

    def inherit(self, connection: Any) -> None:
        """A new connection that who was here before has accepted."""
        self._prepared.wait()
        connection.server = self
        self.process_conn(connection)

    def _admit(self, newest: Any) -> bool:
        """At the limit of its address, or of all, whoever has been silent for the longest there goes."""
        source = newest.remote_addr
        with self._lock:
            self._counts[source] += 1
            newest.counted = source
            own = self._counts[source] > MOST_EACH
            if not own and self._counts.total() <= MOST:
                return True
        waiting = (each for _, each in self._connections._selector.connections if isinstance(each, Connection))
        silent = [each for each in waiting if not each.sent_away and (not own or each.remote_addr == source)]
        if silent:
            min(silent, key=lambda each: each.last_used).send_away()
        return bool(silent)

    def forget(self, connection: Any) -> None:
        """A connection has gone."""
        source = connection.__dict__.pop("counted", None)
        with self._lock:
            if source is not None:
                self._counts[source] -= 1
                if not self._counts[source]:
                    del self._counts[source]

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """What clients do wrong is no news; what we do wrong is."""
        if traceback and level >= logging.ERROR:
            _log.error("the page: %s", msg, exc_info=True)

    def start(self) -> None:
        """Serves until `end`."""
        try:
            self.prepare()
            self.socket.setblocking(False)  # Somebody else may have accepted who was waiting.
        finally:
            self._prepared.set()
        self.serve()

    def ping(self) -> Future[None]:
        """Done as soon as a worker has time."""
        ping = Ping()
        self.requests.put(ping)
        return ping.answer

    def end(self) -> None:
        """Stops, and waits for nobody who is stuck."""
        self._prepared.wait()
        self._connections._stop_requested = True
        awake, ended = socket.socketpair()
        ended.close()
        with awake:  # There is something to be read, so it looks now and not only when it is time.
            self._connections._selector.register(awake.fileno(), selectors.EVENT_READ, data=Ping())
            self.stop()
