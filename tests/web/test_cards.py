"""A card shows the password that its phone needs now, or none."""

from __future__ import annotations

import re
from threading import Thread

import pytest
from frontdesk_web import visit

from tests.web.house import Browser, House, forms


def card(browser: Browser, query: str = "") -> str:
    """The password on the card of 101."""
    page = browser.get(f"/accounts/101/card{query}").text
    [shown] = re.findall(r"<dt>Password</dt><dd>(.*?)</dd>", page)
    return str(shown)


@pytest.fixture
def browser(house: House) -> Browser:
    """The administrator's."""
    return house.logged_in()


@pytest.fixture
def made(browser: Browser) -> str:
    """A password that was made for 101 on the page."""
    browser.send_form("/accounts/101", "/accounts/101/password")
    password = card(browser)
    assert re.fullmatch(r"\w{16}", password)
    return password


def test_card_of_a_password_that_was_typed_since_does_not_show_the_one_before(browser: Browser, made: str) -> None:
    browser.send_form("/accounts/101", "/accounts/101/password", password="typed by hand")
    assert card(browser) == "as it was given"
    assert made not in browser.get("/cards").text


@pytest.mark.parametrize("how", ["account passwd", "account remove"])
def test_card_shows_no_password_that_somebody_else_has_changed(
    house: House, browser: Browser, made: str, how: str
) -> None:
    house.desk.do(how, user="101")
    if how == "account remove":
        house.desk.do("account add", user="101")
    assert card(browser) == "as it was given"
    for page in ("/cards", "/accounts/101"):
        assert made not in browser.get(page).text
    assert "Show 1 card" not in browser.get("/accounts").text


def test_card_of_a_device_lasts_as_long_as_its_own_password(house: House, browser: Browser, made: str) -> None:
    browser.send_form("/accounts/101", "/accounts/101/device", device="mobile")
    house.desk.do("account passwd", user="101")
    assert re.fullmatch(r"\w{16}", card(browser, "?device=mobile")) and card(browser) == "as it was given"
    house.desk.do("device revoke", user="101", device="mobile")
    assert browser.get("/accounts/101/card?device=mobile").status_code == 404


def test_cards_that_another_tab_adds_meanwhile_are_no_fault(
    browser: Browser, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = forms(browser.get("/accounts"))["/accounts/range"] | {"range": "111"}

    def slow(*asked: object) -> bool:
        other = Thread(target=browser.post, args=("/accounts/range",), kwargs={"data": form})
        other.start()
        other.join()
        return True

    monkeypatch.setattr(visit, "is_password", slow)
    assert "Show 1 card" in browser.get("/accounts").text
    monkeypatch.undo()
    assert "Show 2 cards" in browser.get("/accounts").text
