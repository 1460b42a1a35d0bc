"""Pages as they are read aloud: what hangs together for the eye hangs together for the ear."""

from __future__ import annotations

import re

import pytest

from tests.store.rows import clock
from tests.web.house import Browser, House

FIELD = re.compile(r"<div[^>]*><label.*?</div>", re.S)
HINT = re.compile(r'<p class="hint"[^>]*>')


def check_hints(page: str) -> None:
    """Each hint of a field is said with one."""
    hints = [hint for field in FIELD.findall(page) for hint in HINT.findall(field)]
    said = " ".join(re.findall(r'aria-describedby="([^"]*)"', page)).split()
    named = [re.findall(r'id="([^"]*)"', hint) for hint in hints]
    assert hints and all(len(name) == 1 and name[0] in said for name in named), hints


@pytest.mark.parametrize("page", ["/accounts", "/system", "/settings"])
def test_hint_is_said_with_its_field(house: House, page: str) -> None:
    check_hints(house.logged_in().get(page).text)


def test_hint_of_first_boot_is_said_with_its_field(new: House) -> None:
    new.desk.box.clock = clock(wall=50.0)
    browser = new.browser()
    check_hints(browser.get("/welcome").text)
    browser.post("/welcome", data={"code": new.desk.box.admin.code or ""})
    for step in ("box", "network", "phones"):
        check_hints(browser.get(f"/welcome/{step}").text)


def titled(browser: Browser, at: str, action: str, /, **fields: str) -> tuple[str, str]:
    """The title of the page that refuses a form, and the page."""
    page = browser.send_form(at, action, **fields).text
    return re.findall(r"<title>(.*?)</title>", page)[0], page


def test_what_is_wrong_is_said_first_and_with_the_field_where_one_goes_on(house: House) -> None:
    title, page = titled(house.browser(), "/login", "/login", password="wrong")
    assert title.startswith("That is not the password. ")
    assert re.search(r'<input id="password"[^>]* aria-describedby="error"', page) and '<p id="error"' in page
    title, page = titled(house.logged_in(), "/accounts", "/accounts/range", range="viele")
    assert title.startswith("&#039;viele&#039; is no range such as 101-120")
    assert 'aria-describedby="error"' not in house.browser().get("/login").text


@pytest.mark.parametrize(
    ("path", "name"),
    [("/", "Overview"), ("/accounts/101", "Accounts"), ("/cards", "Accounts"), ("/log", "System")],
)
def test_links_to_all_pages_say_where_one_is(house: House, path: str, name: str) -> None:
    assert re.findall(r'aria-current="page">(.*?)<', house.logged_in().get(path).text) == [name]
