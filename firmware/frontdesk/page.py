"""The setup page put together: its application, its listeners, its certificates and its names."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .config import read_web_listener
from .control import Box, VerbError
from .model import Settings
from .site import Site

if TYPE_CHECKING:  # Where there is no page, nothing of it is loaded.
    from .web_server import WebServer

PATIENCE = 60.0
"""Seconds that a page waits for the box: a backup's key and a slow disk take their time."""
T = TypeVar("T")


class Page:
    """There as long as settings and command line want it."""

    def __init__(self, box: Box, told: Sequence[str], data: Path, settings: Callable[[], Settings]) -> None:
        """`told`: listeners of the command line; `settings`: those in use. Made on the loop."""
        self._box = box
        self._told = told
        self._data = data
        self._loop = asyncio.get_running_loop()
        self.site = Site(settings, lambda: box.directory.realm, box.clock.now)
        self._server: WebServer | None = None

    def listen(self, settings: Settings) -> None:
        """Is where they say. Raises OSError with the listener as its filename, and is as before."""
        wanted = [read_web_listener(each) for each in (settings.web_listen or self._told)] if settings.web else []
        if not wanted and self._server is None:
            return
        from .web_server import WebListener

        server = self._served()
        server.listen([WebListener(*each) for each in wanted])
        ports = {each.scheme: each.port for each in server.listeners}
        self.site.https_port, self.site.http_port = ports.get("https", 0), ports.get("http", 0)
        self.site.certificates = self._certificates if "https" in ports else None
        if "https" in ports:
            self._certificates.context()  # So that the fingerprint is there before anybody asks.

    def close(self) -> None:
        """Stops it."""
        if self._server is not None:
            self._server.close()

    def ping(self) -> Future[Any]:
        """Done when the page's threads have time."""
        if self._server is not None:
            return self._server.ping()
        answer: Future[Any] = Future()
        answer.set_result(None)
        return answer

    def restart(self) -> None:
        """Its threads anew."""
        if self._server is not None:
            self._server.restart()

    @property
    def lines(self) -> list[str]:
        """Where it is, for whoever starts the box."""
        return [str(each) for each in self._server.listeners] if self._server else []

    def _served(self) -> WebServer:
        if self._server is None:
            from frontdesk_web import application

            from .certificates import Certificates
            from .console.phrases import spoken
            from .web_server import WebServer

            self._certificates = Certificates(self._data / "tls", self.site.names, self._box.clock.wall)
            page = application(self._box, self._on_loop, self.site, spoken)
            self._server = WebServer(page, self._certificates.context)
        return self._server

    def _on_loop(self, work: Callable[[], Awaitable[T]]) -> T:
        async def done() -> T:
            return await work()

        future = asyncio.run_coroutine_threadsafe(done(), self._loop)
        try:
            return future.result(PATIENCE)
        except TimeoutError:
            raise VerbError("The box is busy: nobody knows yet whether this was done. Load the page again.") from None
