"""Style sheet, scripts and icon: kept for long, and never shown with a page of another release."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from frontdesk_web import static

from tests.web.house import Browser, House


@pytest.fixture
def browser(house: House) -> Browser:
    """The administrator's."""
    return house.logged_in()


def test_what_a_browser_keeps_for_long_has_another_address_once_it_is_another(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A page of the next release is not shown with the style and the scripts of the last."""
    kept = re.findall(r'(?:src|href)="(/static/[^"]+)"', browser.get("/").text)
    names = {path.removeprefix("/static/").partition("?")[0] for path in kept}
    assert names == {"style.css", "icon.svg", "poll.js"}
    for path in kept:
        answer = browser.get(path)
        assert answer.status_code == 200 and "max-age=31536000" in answer.headers["Cache-Control"]
    (tmp_path / "style.css").write_text("another")
    monkeypatch.setattr(static, "FILES", tmp_path)
    monkeypatch.setattr(static, "_checksum", static._checksum.__wrapped__)
    assert static.address("style.css") not in kept


@pytest.mark.parametrize("path", ["/static/style.css?00000000", "/static/style.css"])
def test_what_is_asked_for_at_another_address_is_kept_by_no_browser(browser: Browser, path: str) -> None:
    """Else a page of the last release, when it is back, would be shown with the style of this one for a year."""
    assert browser.get(path).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("asked", ["bytes=0-1", "bytes=9999999-", "lines=1-2"])
def test_it_is_sent_whole_whatever_part_of_it_is_asked_for(browser: Browser, asked: str) -> None:
    answer = browser.get("/static/style.css", headers={"Range": asked})
    assert answer.status_code == 200 and answer.content == (static.FILES / "style.css").read_bytes()
    assert answer.headers["Accept-Ranges"] == "none"


def test_browser_that_has_another_one_gets_it_however_young_its_own_is(browser: Browser) -> None:
    """An older release may be back."""
    has = browser.get("/static/style.css").headers["ETag"]
    assert re.fullmatch('"[0-9a-f]{8}"', has)  # in quotes (RFC 9110 section 8.8.3)
    since = {"If-Modified-Since": "Fri, 31 Dec 2100 00:00:00 GMT"}
    assert browser.get("/static/style.css", headers=since | {"If-None-Match": has}).status_code == 304
    assert browser.get("/static/style.css", headers=since | {"If-None-Match": '"another"'}).status_code == 200
