"""The setup page put together: its application, its listeners, its certificates and its names."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from .certificates import Certificates
from .control import Box, VerbError
from .listeners import read_web_listener
from .model import Settings
from .site import LOOPBACK, Site
from .transport.interfaces import WILDCARDS, AddressWatch, stands_for

if TYPE_CHECKING:  # Loaded where there is a page.
    from .mdns import Claim, LocalName
    from .web_server import WebServer

PATIENCE = 60.0
"""Seconds that a page waits for the box: a backup's key and a slow disk take their time."""
T = TypeVar("T")

_log = logging.getLogger("frontdesk")


class Page:
    """There as long as settings and command line want it."""

    def __init__(
        self,
        box: Box,
        told: Sequence[str],
        site: Site,
        certificates: Certificates,
        named: Callable[[str], None],
    ) -> None:
        """`told`: listeners of the command line; `named`: called with the host name that the network has given the box.
        Made on the loop."""
        self._box = box
        self._named = named
        self._told = told
        self._loop = asyncio.get_running_loop()
        self.site = site
        self.site.forget = self._forget
        self._certificates = certificates
        self._server: WebServer | None = None
        self._watch: AddressWatch | None = None
        self._name: LocalName | None = None

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
        if self._watch is None:
            self._watch = AddressWatch(self._loop, self.announce)
        self.announce()

    def announce(self) -> None:
        """Tells others in its network the name of the box, where no other program of the machine does."""
        from .mdns import AVAHI, LocalName

        claim = None if AVAHI.exists() else self._claim()
        try:
            if claim is None:
                self._hush()
                return
            if self._name is None:
                self._name = LocalName(self._told_name)
            self._name.hold(claim)
        except OSError as error:
            _log.warning("the name of the box is told to nobody: %s", error)

    def _told_name(self, host: str) -> None:
        """The network has given the box that name; called in a thread of mDNS's."""
        self._loop.call_soon_threadsafe(self._take, host)

    def _take(self, host: str) -> None:
        if self._name is not None and host != self.site.taken:
            self.site.taken = host
            self._named(host)

    def _forget(self) -> None:
        """After a factory reset the box is another one for browsers, too."""
        self._certificates.forget()
        if self.site.https_port:
            self._certificates.context()

    def close(self) -> None:
        """Stops it."""
        if self._watch is not None:
            self._watch.close()
        self._hush()
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

    def _claim(self) -> Claim | None:
        """None: nobody else can reach the page."""
        from .mdns import Claim

        listeners = self._server.listeners if self._server else []
        for each in sorted(listeners, key=lambda each: each.scheme != "https"):
            addresses = frozenset(stands_for(each.host) or [each.host]) - {*LOOPBACK, *WILDCARDS}
            if addresses:
                return Claim(self.site.hostname, each.scheme, each.port, addresses)
        return None

    def _hush(self) -> None:
        if self._name is not None:
            self._name.close()
            self._name = None
            self.site.taken = ""

    def _served(self) -> WebServer:
        if self._server is None:
            from frontdesk_web import application

            from .console.phrases import spoken
            from .web_server import WebServer

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
