"""The page over a real box in memory, asked by httpx: no sockets, no threads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import copy_context
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from frontdesk_web import application
from httpx import Client, Response, WSGITransport

from frontdesk.console.phrases import spoken
from tests.control.desk import Desk, finish

PASSWORD = "correct horse"
NAME = "frontdesk.local"
BROWSER = "192.0.2.50"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Site:
    """One with https, as it is installed."""

    https_port: int = 443
    host: str = "frontdesk"
    address: str = "192.0.2.1"
    authority: bytes = b"-----BEGIN CERTIFICATE-----\n"
    fingerprint: str = "AB:CD"

    def knows(self, host: str) -> bool:
        """Its names and the loopback's."""
        return host in (NAME, "frontdesk", f"{self.host}.local", "localhost", "127.0.0.1", "::1", "192.0.2.1")


def on_loop(work: Callable[[], Awaitable[Any]]) -> Any:
    """Nothing waits in a box of tests."""
    return copy_context().run(lambda: finish(work()))  # type: ignore[arg-type]


class _Forms(HTMLParser):
    """The forms of a page: where each goes, and what is in its fields."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._at: dict[str, str] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Fields, as a browser would send them."""
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._at = self.found.setdefault(said["action"], {})
        elif tag == "input" and "name" in said and (said.get("type") not in ("radio", "checkbox") or "checked" in said):
            self._at[said["name"]] = said.get("value", "")
        elif tag == "select":
            self._select = said["name"]
        elif tag == "option" and ("selected" in said or self._select not in self._at):
            self._at[self._select] = said["value"]


def forms(page: Response) -> dict[str, dict[str, str]]:
    """By where they go."""
    return forms_in(page.text)


def forms_in(text: str) -> dict[str, dict[str, str]]:
    """Those of a piece of a page."""
    parser = _Forms()
    parser.feed(text)
    return parser.found


class Browser(Client):
    """Somebody at a browser."""

    def __init__(self, house: House, scheme: str, source: str, sibling: bool) -> None:
        def page(environ: dict[str, Any], start: Any) -> Any:
            return house.page(environ | {"frontdesk.sibling": sibling}, start)

        self.host = NAME
        super().__init__(transport=WSGITransport(page, remote_addr=source), base_url=f"{scheme}://{NAME}")

    def send_form(self, at: str, action: str, /, **fields: str) -> Response:
        """Fills in the form of that page and sends it."""
        return self.post(action, data=forms(self.get(at))[action] | fields)


class House:
    """A box with a page."""

    def __init__(self, path: Path, spoken: Any = spoken) -> None:
        self.desk = Desk(path)
        self.site = Site()
        self.page = application(self.desk.box, on_loop, self.site, spoken)

    def browser(self, scheme: str = "https", source: str = BROWSER, *, sibling: bool = False) -> Browser:
        """Somebody who has just come."""
        return Browser(self, scheme, source, sibling)

    def logged_in(self, role: str = "admin", password: str = PASSWORD, **options: Any) -> Browser:
        """Somebody who knows a password."""
        browser = self.browser(**options)
        assert browser.send_form("/login", "/login", password=password, role=role).status_code == 303
        return browser
