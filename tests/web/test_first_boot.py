"""From a box that was never set up to its cards, in three steps."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from threading import Thread

import pytest

from frontdesk.console.grammar import Grammar
from frontdesk.console.phrases import phrases
from frontdesk.control import Box, first_boot
from frontdesk.control.first_boot import Answers, Done
from frontdesk.control.first_boot_code import TRIES
from tests.store.rows import NOW, clock
from tests.web.house import Browser, House, forms

PASSWORD = "correct horse"
BOX = {"password": PASSWORD, "again": PASSWORD, "hostname": "lobby", "timezone": "Europe/Berlin"}


def opened(house: House) -> Browser:
    """Who has typed the code."""
    browser = house.browser()
    code = house.desk.box.admin.code or ""
    assert browser.send_form("/welcome", "/welcome", code=f" {code[:4]}-{code[4:].lower()} ").status_code == 303
    return browser


def test_three_steps_lead_to_cards(new: House) -> None:
    browser = opened(new)
    assert browser.send_form("/welcome/box", "/welcome/box", **BOX).headers["Location"] == "/welcome/network"
    answer = browser.send_form("/welcome/network", "/welcome/network", domain="office.example")
    assert answer.headers["Location"] == "/welcome/phones"
    assert not new.desk.box.admin.is_set and new.desk.do("account list") == []
    answer = browser.send_form("/welcome/phones", "/welcome/phones", accounts="101-103")
    page = browser.get("/ready").text
    assert answer.headers["Location"] == "/ready" and "Pick up a phone" in page
    lines = [html.unescape(line) for line in re.findall(r"At the console:</span> (.*?)</code>", page)]
    assert lines == [
        "set password", "set hostname lobby", "set timezone Europe/Berlin", "commit", "set domain office.example",
        "add account 101", "add account 102", "add account 103",
    ]  # fmt: skip
    assert all(Grammar(phrases()).parse(line) for line in lines)
    page = browser.get("/cards").text
    assert len(re.findall(r"<dd>\w{16}</dd>", page)) == 3 and "office.example" in page
    settings = new.desk.box.settings
    assert (settings.hostname, settings.timezone) == ("lobby", "Europe/Berlin")
    assert new.desk.do("domain get") == "office.example"
    assert browser.get("/").status_code == 200 and new.logged_in().get("/").status_code == 200


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "log in at lobby.local"),
        ({"way": "fixed", "address": "192.0.2.10/24"}, "log in at 192.0.2.10"),
    ],
)
def test_last_step_says_where_the_page_will_be(new: House, form: dict[str, str], said: str) -> None:
    browser = opened(new)
    browser.send_form("/welcome/box", "/welcome/box", **BOX)
    browser.send_form("/welcome/network", "/welcome/network", **form)
    assert said in browser.get("/welcome/phones").text
    browser.send_form("/welcome/box", "/welcome/box", **BOX | {"hostname": "frontdesk"})
    browser.send_form("/welcome/network", "/welcome/network", way="dhcp", address="")
    assert "log in at" not in browser.get("/welcome/phones").text


def test_end_without_accounts_speaks_of_no_cards_that_there_are(new: House) -> None:
    browser = opened(new)
    browser.send_form("/welcome/box", "/welcome/box", **BOX)
    browser.send_form("/welcome/network", "/welcome/network")
    browser.send_form("/welcome/phones", "/welcome/phones", accounts="none")
    page = browser.get("/ready").text
    assert "Each phone needs an account" in page and "Add accounts" in page and "settings of a card" not in page


def test_last_button_pressed_twice_is_done_once(new: House, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = opened(new)
    browser.send_form("/welcome/box", "/welcome/box", **BOX)
    browser.send_form("/welcome/network", "/welcome/network")
    form = forms(browser.get("/welcome/phones"))["/welcome/phones"] | {"accounts": "101-103"}
    answers: list[str] = []

    def press() -> None:
        answers.append(browser.post("/welcome/phones", data=form).headers["Location"])

    again, apply = Thread(target=press), first_boot.apply

    async def slowly(box: Box, given: Answers) -> AsyncIterator[Done]:
        again.start()
        async for done in apply(box, given):
            yield done

    monkeypatch.setattr(first_boot, "apply", slowly)
    press()
    again.join(10)
    page = browser.get("/ready").text
    assert answers == ["/ready", "/ready"] and page.count("Added 3 accounts") == 1 and "No accounts" not in page


def test_cards_of_a_browser_that_was_cut_off_are_there_at_the_new_address(new: House) -> None:
    browser = opened(new)
    browser.send_form("/welcome/box", "/welcome/box", **BOX)
    browser.send_form("/welcome/network", "/welcome/network", way="fixed", address="192.0.2.10/24")
    assert "log in at 192.0.2.10" in browser.get("/welcome/phones").text
    browser.send_form("/welcome/phones", "/welcome/phones", accounts="101-120")  # the answer never comes
    other = new.logged_in()
    assert "Added 20 accounts." in other.get("/").text
    assert len(re.findall(r"<dd>\w{16}</dd>", other.get("/cards").text)) == 20
    assert "No password was made" in new.logged_in().get("/cards").text


@pytest.mark.parametrize(("seen", "are_there"), [(["/ready"], True), (["/ready", "/cards", "/ready"], False)])
def test_cards_are_there_at_another_name_until_they_are_seen(new: House, seen: list[str], are_there: bool) -> None:
    browser = opened(new)
    browser.send_form("/welcome/box", "/welcome/box", **BOX)
    browser.send_form("/welcome/phones", "/welcome/phones", accounts="101")
    for page in seen:
        browser.get(page)
    assert bool(re.search(r"<dd>\w{16}</dd>", new.logged_in().get("/cards").text)) is are_there
    assert re.search(r"<dd>\w{16}</dd>", browser.get("/cards").text), "and nobody is logged out"


def test_way_back_asks_for_nothing_once_more_and_the_cards_stay(new: House) -> None:
    browser = opened(new)
    assert browser.get("/welcome").headers["Location"] == "/welcome/box", "what was answered so far stays too"
    browser.send_form("/welcome/box", "/welcome/box", **BOX)
    last = forms(browser.get("/welcome/phones"))["/welcome/phones"] | {"accounts": "101-103"}
    for _ in range(2):
        assert browser.post("/welcome/phones", data=last).headers["Location"] == "/ready"
    assert "Show 3 cards" in browser.get("/ready").text
    for step in ("box", "network", "phones"):
        assert browser.get(f"/welcome/{step}").headers["Location"] == "/ready"
    for page, on in (("/welcome", "/login"), ("/login", "/"), ("/login?next=%2Faccounts", "/accounts")):
        assert browser.get(page).headers["Location"] == on
    browser.post("/login", data={"password": PASSWORD})
    assert len(re.findall(r"<dd>\w{16}</dd>", browser.get("/cards").text)) == 3


@pytest.mark.parametrize(
    ("step", "fields", "sentence"),
    [
        ("box", BOX | {"password": "short", "again": "short"}, "8 to 128 characters"),
        ("box", BOX | {"again": "another"}, "not the same"),
        ("box", BOX | {"hostname": "a b"}, "letters, digits and dashes"),
        ("box", BOX | {"timezone": "?"}, "no time zone"),
        ("network", {"way": "fixed", "address": ""}, "A fixed address is needed"),
        ("network", {"way": "dhcp", "address": "192.0.2.10/24"}, "but DHCP is chosen"),
        ("network", {"way": "fixed", "address": "192.0.2.10"}, "with the length of its prefix"),
        ("network", {"way": "fixed", "address": "192.0.2.10/24", "gateway": "198.51.100.1"}, "is not in the network"),
        ("network", {"domain": "a b"}, "no name such as"),
        ("network", {"domain": "office.test:5060"}, "no name such as"),
    ],
)
def test_answer_that_cannot_be_is_one_sentence_and_what_was_typed_stays(
    new: House, step: str, fields: dict[str, str], sentence: str
) -> None:
    browser = opened(new)
    answer = browser.send_form(f"/welcome/{step}", f"/welcome/{step}", **fields)
    assert answer.headers["Location"] == f"/welcome/{step}", "a page that a browser can go back to"
    page = browser.get(f"/welcome/{step}")
    assert page.status_code == 200 and sentence in page.text
    shown = forms(page)[f"/welcome/{step}"]
    kept = {name: value for name, value in fields.items() if name not in ("password", "again")}
    assert shown | kept == shown
    assert sentence not in browser.get(f"/welcome/{step}").text


def test_each_field_of_the_network_is_itself_and_dhcp_needs_none_of_them(new: House) -> None:
    browser = opened(new)
    browser.send_form("/welcome/box", "/welcome/box", **BOX)
    fixed = {"way": "fixed", "address": "192.0.2.10/24", "gateway": "192.0.2.1", "dns": "192.0.2.53"}
    for typed, taken in (
        (fixed, ["192.0.2.10/24", "192.0.2.1", "192.0.2.53"]),
        (fixed | {"gateway": ""}, ["192.0.2.10/24", "none", "192.0.2.53"]),
        (fixed | {"dns": "192.0.2.53, 192.0.2.54", "gateway": ""}, ["192.0.2.10/24", "none", "192.0.2.53, 192.0.2.54"]),
        (fixed | {"dns": ""}, ["192.0.2.10/24", "192.0.2.1", "none"]),
        (fixed | {"way": "dhcp"}, ["dhcp", "none", "none"]),
    ):
        browser.send_form("/welcome/network", "/welcome/network", **typed)
        form = forms(browser.get("/welcome/network"))["/welcome/network"]
        assert [form[key] or "none" for key in ("gateway", "dns")] == taken[1:]
    for key in ("gateway", "dns"):
        new.desk.do("config set", key=f"net.{key}", value="192.0.2.7")
    browser.send_form("/welcome/phones", "/welcome/phones", accounts="none")
    assert [new.desk.do("config get", key=f"net.{key}") for key in ("address", "gateway", "dns")] == taken


def test_domain_that_was_typed_can_be_taken_back(new: House) -> None:
    browser, before = opened(new), new.desk.do("domain get")
    browser.send_form("/welcome/box", "/welcome/box", **BOX)
    for domain in ("office.example", ""):
        browser.send_form("/welcome/network", "/welcome/network", domain=domain)
    browser.send_form("/welcome/phones", "/welcome/phones", accounts="none")
    assert new.desk.do("domain get") == before


def test_last_step_alone_does_nothing_without_a_password(new: House) -> None:
    assert opened(new).send_form("/welcome/phones", "/welcome/phones").headers["Location"] == "/welcome/box"
    assert not new.desk.box.admin.is_set


@pytest.mark.parametrize("language", ["en", "de"])
def test_step_that_failed_is_shown_as_failed_and_what_depends_on_it_is_left(new: House, language: str) -> None:
    browser = opened(new)
    browser.headers["Accept-Language"] = language
    browser.send_form("/welcome/box", "/welcome/box", **BOX)
    browser.send_form("/welcome/network", "/welcome/network", domain="office.example")
    form = forms(browser.get("/welcome/phones"))["/welcome/phones"]
    new.desk.do("account add", user="7")
    assert browser.post("/welcome/phones", data=form | {"accounts": "101"}).headers["Location"] == "/ready"
    page = browser.get("/ready").text
    said, title = {
        "en": ("The domain is as it was, so no accounts were added: There are accounts", "Not everything was done"),
        "de": ("Die Domäne ist, wie sie war, darum wurden keine Konten angelegt:", "Nicht alles wurde erledigt"),
    }[language]
    assert re.search(rf'<div class="notice bad" role="alert"><p>{said}', page) and f"<h1>{title}</h1>" in page
    assert new.desk.box.admin.is_set and new.desk.box.settings.hostname == "lobby"
    assert [each["user"] for each in new.desk.do("account list")] == ["7"]


def test_without_a_password_nothing_is_done_and_it_is_asked_for_again(new: House) -> None:
    browser = opened(new)
    word = "not to be\u2028typed"
    answer = browser.send_form("/welcome/box", "/welcome/box", **BOX | {"password": word, "again": word})
    assert answer.headers["Location"] == "/welcome/box" and "that can be typed" in browser.get("/welcome/box").text
    answer = browser.send_form("/welcome/phones", "/welcome/phones", accounts="101")
    assert answer.headers["Location"] == "/welcome/box"
    assert new.desk.box.settings.hostname == "frontdesk" and new.desk.do("account list") == []


def test_code_is_dead_once_there_is_a_password(new: House) -> None:
    browser, code = opened(new), new.desk.box.admin.code or ""
    new.desk.do("passwd admin", password=PASSWORD)
    assert browser.get("/welcome/box").headers["Location"] == "/login"
    assert new.browser().get("/welcome").headers["Location"] == "/login"
    assert new.browser().post("/welcome", data={"code": code}).status_code in (303, 400)
    assert new.browser().get("/").headers["Location"] == "/login"


def test_wrong_codes_close_the_door_until_somebody_at_the_box_is_shown_a_new_one(new: House) -> None:
    browser, code = new.browser(), new.desk.box.admin.code or ""
    for _ in range(TRIES):
        assert "That is not the code." in browser.send_form("/welcome", "/welcome", code="WRONG").text
    assert "console and by `frontdesk status`" in browser.send_form("/welcome", "/welcome", code=code).text
    new.desk.box.admin.first_boot.renew()
    assert "That is not the code." in browser.send_form("/welcome", "/welcome", code=code).text
    opened(new)


def test_box_without_a_clock_is_given_the_browsers(new: House) -> None:
    told: list[float] = []

    class Machine:
        async def set_clock(self, wall: float) -> None:
            told.append(wall)

    new.desk.box.clock = clock(NOW, 100.0)
    new.desk.box.system = Machine()  # type: ignore[assignment]
    browser = opened(new)
    browser.send_form("/welcome/box", "/welcome/box", **BOX, clock="2027-01-02T03:04")
    assert told == [1798859040.0]
    for wrong in ("1999-01-01T00:00", ""):
        browser.send_form("/welcome/box", "/welcome/box", **BOX, clock=wrong)
    assert len(told) == 1
    browser.send_form("/welcome/box", "/welcome/box", **BOX, clock="soon")
    assert "no time" in browser.get("/welcome/box").text


def test_two_at_first_boot_do_not_undo_each_other(new: House) -> None:
    one, other = opened(new), opened(new)
    for browser in (one, other):
        browser.send_form("/welcome/box", "/welcome/box", **BOX)
    other_form = forms(other.get("/welcome/phones"))["/welcome/phones"]
    one.send_form("/welcome/phones", "/welcome/phones", accounts="101")
    assert other.post("/welcome/phones", data=other_form | {"accounts": "102"}).status_code == 403
    assert [each["user"] for each in new.desk.do("account list")] == ["101"]


def test_code_is_told_to_nobody_who_asks_by_network(new: House) -> None:
    token = new.desk.do("token add", name="reader")["token"]
    answer = new.browser().get("/api/1/status", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200 and (new.desk.box.admin.code or "none") not in answer.text
    assert "first_boot_code" not in answer.json() and "first_boot_code" in new.desk.do("status")
