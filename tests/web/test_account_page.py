"""The page of one account, over a box in memory."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.house import Browser, House, forms
from tests.web.test_pages import CONSOLE, followed


@pytest.fixture
def browser(house: House) -> Browser:
    """The administrator's."""
    return house.logged_in()


DOOR = "sip:door@192.0.2.7"
STEPS: list[tuple[str, dict[str, str], str, Any]] = [
    ("name", {"name": 'The "new" one'}, 'set account 101 "name=The \\"new\\" one"', lambda told: told["name"]),
    ("disable", {}, "set account 101 disable", lambda told: not told["enabled"]),
    ("enable", {}, "set account 101 enable", lambda told: told["enabled"]),
    ("alias", {"alias": "reception"}, "add alias 101 reception", lambda told: told["aliases"] == ["reception"]),
    ("unalias", {"alias": "reception"}, "delete alias reception", lambda told: told["aliases"] == []),
    ("device", {"device": "mobile"}, "add device 101 mobile", lambda told: told["passwords"] == ["", "mobile"]),
    ("revoke", {"device": "mobile"}, "delete device 101 mobile", lambda told: told["passwords"] == [""]),
    ("bind", {"contact": DOOR}, f"add binding 101 {DOOR}", lambda told: told["devices"]),
    ("drop", {"contact": DOOR}, f"delete binding 101 {DOOR}", lambda told: not told["devices"]),
    ("password", {}, "set account 101 password", lambda told: told["passwords"] == [""]),
]


def test_each_form_of_an_account_does_its_verb_and_shows_the_console_line(house: House, browser: Browser) -> None:
    for word, fields, line, holds in STEPS:
        csrf = forms(browser.get("/accounts/101"))["/logout"]["csrf"]
        page = followed(browser, browser.post(f"/accounts/101/{word}", data={"csrf": csrf, **fields}))
        shown = [text.replace("&quot;", '"') for text in CONSOLE.findall(page)]
        assert shown == [line] and '<div class="notice" role="status">' in page and "alert" not in page, word
        [told] = house.desk.do("who", search="101", limit=1)["accounts"]
        assert holds(told), word


def test_whoever_removes_an_account_is_told_what_goes_with_it(house: House, browser: Browser) -> None:
    house.desk.do("alias add", user="101", alias="reception")
    house.desk.do("binding add", user="101", contact=DOOR, static=True)
    german = f"Dort wird niemand mehr erreicht: {DOOR}."
    for language, said in (("en", "Its aliases go too: reception."), ("de", german)):
        page = browser.get("/accounts/101", headers={"Accept-Language": language}).text
        assert said in page[page.index('action="/accounts/101/remove"') :]


def test_removed_account_is_gone_and_an_unknown_one_is_no_page(house: House, browser: Browser) -> None:
    followed(browser, browser.send_form("/accounts/101", "/accounts/101/remove"))
    assert house.desk.do("account list") == []
    assert browser.get("/accounts/101").status_code == browser.get("/accounts/101/card").status_code == 404


def test_account_with_odd_letters_in_its_name_has_a_page(house: House, browser: Browser) -> None:
    house.desk.do("account add", user="a+b~c", password="secret")
    assert browser.get("/accounts/a+b~c").status_code == 200
    assert browser.get("/accounts/a%2Bb~c").status_code == 200


def test_password_that_can_be_guessed_is_told_of(house: House, browser: Browser) -> None:
    browser.headers["Accept-Language"] = "de"
    page = followed(browser, browser.send_form("/accounts", "/accounts", user="102", password="102"))
    assert '<div class="notice bad" role="alert"><p>Das Passwort von 102 ist sofort zu erraten' in page
    file = {"file": ("a.csv", b"username,password\n201,201\n202,correct horse\n203,203\n")}
    form = forms(browser.get("/accounts"))["/accounts/csv"]
    page = followed(browser, browser.post("/accounts/csv", data=form, files=file))
    assert "2 Passwörter sind sofort zu erraten" in page and "besser für 201, 203." in page


def test_preference_is_written_as_the_browsers_language_has_it(house: House, browser: Browser) -> None:
    house.desk.do("binding add", user="101", contact=DOOR, static=True, q="0.5")
    for language, said in (("en", "preference 0.5<"), ("de", "Vorrang 0,5<")):
        assert said in browser.get("/accounts/101", headers={"Accept-Language": language}).text


def test_account_that_is_removed_meanwhile_leads_to_those_that_are_there(house: House, browser: Browser) -> None:
    csrf = forms(browser.get("/accounts/101"))["/logout"]["csrf"]
    house.desk.do("account remove", user="101")
    for word in ("name", "remove"):
        answer = browser.post(f"/accounts/101/{word}", data={"csrf": csrf, "name": "New"})
        assert answer.status_code == 404 and '<a href="/accounts">All accounts</a>' in answer.text
