"""A browser's WebSocket as a line: what Chromium makes of it, and not what a test does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

OPEN = """([url, subprotocol]) => new Promise((done) => {
    window.heard = [];
    window.line = new WebSocket(url, subprotocol);
    line.binaryType = "arraybuffer";
    line.onmessage = ({data}) => heard.push(typeof data === "string" ? data : "binary: " + data.byteLength);
    line.onopen = () => done(true);
    line.onclose = ({code}) => { window.code = code; done(false); };
})"""
"""Whether it was opened."""


@contextmanager
def chromium_running() -> Iterator[Browser]:
    program = shutil.which("chromium")
    assert program, "chromium is missing: the tests need it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class WebLine:
    """One WebSocket of a page, for a WireClient."""

    def __init__(self, page: Page, url: str, subprotocol: str = "sip"):
        self._page, self._url = page, url
        self.is_open: bool = page.evaluate(OPEN, [url, subprotocol])

    @property
    def transport(self) -> str:
        return self._url.partition(":")[0].upper()

    def getsockname(self) -> tuple[str, int]:
        """A browser does not know where it is (RFC 7118 appendix B.1)."""
        return "df7jal23ls0d.invalid", 5060

    def settimeout(self, seconds: float | None) -> None:
        self._page.set_default_timeout((seconds or 0) * 1000)

    def sendall(self, raw: bytes) -> None:
        self._page.evaluate("(text) => line.send(text)", raw.decode())

    def send_binary(self, raw: bytes) -> None:
        self._page.evaluate("(bytes) => line.send(new Uint8Array(bytes))", list(raw))

    def recv(self, _: int) -> bytes:
        """One message, as it came. Raises TimeoutError."""
        try:
            self._page.wait_for_function("heard.length")
        except TooLate as error:
            raise TimeoutError("the browser hears nothing") from error
        return str(self._page.evaluate("heard.shift()")).encode()

    def closed(self) -> int:
        """The code with which it is closed, once it is."""
        self._page.wait_for_function("line.readyState === 3")
        return int(self._page.evaluate("code"))

    def close(self) -> None:
        self._page.evaluate("line.close()")
