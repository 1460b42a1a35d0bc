"""The page of settings, over a box in memory: staged, compared, tried and kept."""

from __future__ import annotations

import re

import pytest

from tests.web.house import Browser, House, forms
from tests.web.test_pages import followed


@pytest.fixture
def browser(house: House) -> Browser:
    """The administrator's."""
    return house.logged_in()


def test_settings_are_staged_compared_and_used(house: House, browser: Browser) -> None:
    page = followed(browser, browser.send_form("/settings", "/settings", flush="5m"))
    assert "set flush 5m" in page and "<del>10m</del>" in page and "<ins>5m</ins>" in page
    assert house.desk.box.settings.flush == 600
    followed(browser, browser.send_form("/settings", "/settings/commit", way="now"))
    assert house.desk.box.settings.flush == 300


@pytest.mark.parametrize(("taken", "host", "there"), [
    ("frontdesk", "frontdesk.local", "desk.local"), ("frontdesk-2", "frontdesk-2.local", "desk.local"),
    ("frontdesk-2", "frontdesk", "desk"), ("frontdesk", "192.0.2.1", ""),
])  # fmt: skip
def test_compared_settings_say_where_the_page_will_be(
    house: House, browser: Browser, taken: str, host: str, there: str
) -> None:
    house.site.host = taken
    browser.send_form("/settings", "/settings", flush="5m")
    assert "log in at" not in browser.get("/settings").text
    browser.send_form("/settings", "/settings", hostname="desk")
    page = browser.get("/settings", headers={"Host": host}).text
    assert re.findall(r"log in at (.*?)\.<", page) == ([there] if there else [])


def test_form_that_was_shown_before_stages_only_what_was_changed_in_it(house: House, browser: Browser) -> None:
    shown = forms(browser.get("/settings"))["/settings"]
    browser.send_form("/settings", "/settings", **{"default-expires": "20m"})
    browser.send_form("/settings", "/settings/commit", way="now")
    refused = browser.post("/settings", data=shown | {"max-bindings": "many"})
    assert refused.status_code == 400
    followed(browser, browser.post("/settings", data=forms(refused)["/settings"] | {"max-bindings": "7"}))
    assert [each["key"] for each in house.desk.do("config diff")] == ["max-bindings"]
    assert browser.post("/settings", data=shown).status_code == 400


def test_settings_on_trial_go_back_unless_they_are_kept(house: House, browser: Browser) -> None:
    followed(browser, browser.send_form("/settings", "/settings", flush="5m"))
    for kept in (False, True):
        page = followed(browser, browser.send_form("/settings", "/settings/commit", way="trial"))
        assert "On trial" in page and house.desk.box.settings.flush == 300
        assert "flush: <del>10m</del> <ins>5m</ins>" in page and "go back by themselves in 5m 0s unless" in page
        if kept:
            followed(browser, browser.send_form("/settings", "/settings/commit"))
        house.desk.ring()
        assert house.desk.box.settings.flush == (300 if kept else 600)


@pytest.mark.parametrize("way", ["now", "trial"])
def test_only_what_a_page_has_shown_is_taken_into_use(house: House, browser: Browser, way: str) -> None:
    followed(browser, browser.send_form("/settings", "/settings", flush="5m"))
    shown = forms(browser.get("/settings"))["/settings/commit"]
    followed(browser, house.logged_in().send_form("/settings", "/settings", **{"max-bindings": "7"}))
    refused = browser.post("/settings/commit", data=shown | {"way": way})
    assert refused.status_code == 400 and "Others have staged changes" in refused.text
    assert house.desk.box.settings.flush == 600 and "max-bindings: " in refused.text
    followed(browser, browser.post("/settings/commit", data=forms(refused)["/settings/commit"] | {"way": way}))
    assert house.desk.box.settings.max_bindings == 7


def test_no_page_that_was_left_open_keeps_what_is_on_trial(house: House, browser: Browser) -> None:
    followed(browser, browser.send_form("/settings", "/settings", flush="5m"))
    shown = forms(browser.get("/settings"))["/settings/commit"]
    for _ in range(2):  # a double click
        assert browser.post("/settings/commit", data=shown | {"way": "trial"}).status_code == 303
    refused = browser.post("/settings/commit", data=shown | {"way": "now"})
    assert refused.status_code == 400 and "tries settings out, for 5m 0s yet" in refused.text
    house.desk.ring()
    assert house.desk.box.settings.flush == 600
    house.desk.do("config rollback")
    house.desk.do("config stage", key="flush", value="7m")
    refused = browser.post("/settings/commit", data=shown | {"way": "keep"})
    assert refused.status_code == 400 and "Nothing is on trial any more" in refused.text


def test_setting_that_cannot_be_is_one_sentence_beside_what_was_typed(house: House, browser: Browser) -> None:
    page = browser.send_form("/settings", "/settings", flush="soon", hostname="lobby")
    assert page.status_code == 400 and "flush is a duration" in page.text
    assert forms(page)["/settings"]["flush"] == "soon"
