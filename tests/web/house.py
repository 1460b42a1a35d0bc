"""The page over a real box in memory, asked by WebTest: no sockets, no threads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontdesk_web import application
from webtest import TestApp

from tests.control.desk import Desk, finish

PASSWORD = "correct horse"
NAME = "frontdesk.local"
BROWSER = "192.0.2.50"


@dataclass
class Site:
    """One with https, as it is installed."""

    https_port: int = 443
    name: str = NAME
    authority: bytes = b"-----BEGIN CERTIFICATE-----\n"
    fingerprint: str = "AB:CD"

    def knows(self, host: str) -> bool:
        """Its name and the loopback's."""
        return host in (NAME, "localhost", "127.0.0.1", "::1", "192.0.2.1")


def on_loop(work: Callable[[], Awaitable[Any]]) -> Any:
    """Nothing waits in a box of tests."""
    return finish(work())  # type: ignore[arg-type]


class House:
    """A box with a page."""

    def __init__(self, path: Path, spoken: Any = lambda words, arguments: "") -> None:
        self.desk = Desk(path)
        self.site = Site()
        self.page = application(self.desk.box, on_loop, self.site, spoken)

    def browser(self, scheme: str = "https", source: str = BROWSER, **environ: Any) -> TestApp:
        """Somebody who has just come."""
        environ = {"REMOTE_ADDR": source, "wsgi.url_scheme": scheme, "HTTP_HOST": NAME} | environ
        return TestApp(self.page, extra_environ=environ)

    def logged_in(self, role: str = "admin", password: str = PASSWORD, **environ: Any) -> TestApp:
        """Somebody who knows a password."""
        browser = self.browser(**environ)
        form = browser.get("/login").forms[0]
        form["password"], form["role"] = password, role
        assert form.submit().status_int == 303
        return browser
