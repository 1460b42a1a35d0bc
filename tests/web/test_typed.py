"""What was typed into a form outlives its session, and no password does."""

from __future__ import annotations

import re

import pytest
from frontdesk_web.sessions import IDLE
from frontdesk_web.typed import SECRETS
from frontdesk_web.visit import VIEWS
from httpx import Response

from tests.store.rows import NOW, clock
from tests.web.house import PASSWORD, Browser, House, forms
from tests.web.test_gate import state

SECRET = "not to be seen"
FORMS: list[tuple[str, str, dict[str, str]]] = [
    ("/accounts", "/accounts", {"user": "102", "name": 'The <b>"new" one', "password": SECRET}),
    ("/accounts", "/accounts/range", {"range": "201-203"}),
    ("/accounts/101", "/accounts/101/bind", {"contact": "sip:door@192.0.2.7", "q": "0.5"}),
    ("/peers", "/peers", {"address": "192.0.2.5", "name": "PBX"}),
    ("/settings", "/settings", {"flush": "5m", "max-bindings": "7", "web.allow-plain": "on"}),
    ("/system", "/system/token", {"name": "grafana", "role": "admin"}),
    ("/system", "/system/password", {"old": SECRET, "password": SECRET, "again": SECRET}),
]


def public(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value != SECRET}


def sent_late(house: House, browser: Browser, at: str, action: str, fields: dict[str, str]) -> Response:
    """A form that is sent when its session has ended."""
    form = forms(browser.get(at))[action] | fields
    house.desk.box.clock = clock(NOW + 2 * IDLE)
    return browser.post(action, data=form)


def log_in(browser: Browser, page: Response, **fields: str) -> Response:
    return browser.post("/login", data=forms(page)["/login"] | fields)


def test_every_field_of_a_password_is_a_secret_one() -> None:
    from pathlib import Path

    views = "".join(view.read_text() for view in Path(*VIEWS).glob("*.tpl"))
    names = re.findall(r'<input[^>]* name="(\w+)" type="password"', views)
    assert len(names) == views.count('type="password"') and set(names) | {"csrf"} == SECRETS


@pytest.mark.parametrize(("at", "action", "fields"), FORMS)
def test_form_that_comes_too_late_is_filled_in_after_the_password(
    house: House, at: str, action: str, fields: dict[str, str]
) -> None:
    browser, before = house.logged_in(), state(house)
    late = sent_late(house, browser, at, action, fields)
    assert late.status_code == 403 and "Your session has ended, so nothing was done." in late.text
    wrong = log_in(browser, late, password="wrong")
    assert "That is not the password." in wrong.text
    answer = log_in(browser, wrong, password=PASSWORD)
    assert answer.headers["Location"] == at
    page = browser.get(at)
    form = forms(page)[action]
    assert form | public(fields) == form and ("look it over" in page.text) is bool(public(fields))
    assert SECRET not in late.text + wrong.text + page.text
    assert state(house) == before
    assert "look it over" not in browser.get(at).text, "it is told once"
    if public(fields):
        assert browser.post(action, data=form).status_code == 303
        assert state(house) != before or at == "/settings"


def test_what_was_typed_before_a_new_start_is_there_on_its_own_page_alone(house: House) -> None:
    browser = house.logged_in()
    form = forms(browser.get("/peers"))["/peers"] | {"address": "192.0.2.5", "name": "PBX"}
    browser.cookies.clear()  # The box knows none of them any more.
    log_in(browser, browser.post("/peers", data=form, headers={"Accept-Language": "de"}), password=PASSWORD)
    assert "PBX" not in browser.get("/accounts").text
    assert forms(browser.get("/peers"))["/peers"]["name"] == "PBX"


def test_step_of_first_boot_is_filled_in_after_the_code(new: House) -> None:
    browser = new.browser()
    browser.send_form("/welcome", "/welcome", code=new.desk.box.admin.code or "")
    form = forms(browser.get("/welcome/network"))["/welcome/network"] | {"domain": "office.example"}
    browser.cookies.clear()
    late = browser.post("/welcome/network", data=form)
    assert late.status_code == 403 and "Your session has ended" in late.text
    code = forms(late)["/welcome"] | {"code": new.desk.box.admin.code or ""}
    assert browser.post("/welcome", data=code).headers["Location"] == "/welcome/box"
    browser.send_form("/welcome/box", "/welcome/box", password="short", hostname="lobby")
    assert forms(browser.get("/welcome/box"))["/welcome/box"]["hostname"] == "lobby"
    assert forms(browser.get("/welcome/network"))["/welcome/network"]["domain"] == "office.example"


def test_old_form_is_filled_in_once_more(house: House) -> None:
    browser = house.logged_in()
    form = forms(browser.get("/accounts"))["/accounts"] | {"user": "102", "password": SECRET}
    log_in(browser, browser.post("/login", data={"password": "wrong"}), password=PASSWORD)
    answer = browser.post("/accounts", data=form)
    assert answer.status_code == 403 and "of an earlier session" in answer.text and SECRET not in answer.text
    assert house.desk.do("account list")[1:] == []
    assert browser.post("/accounts", data=forms(answer)["/accounts"]).status_code == 303


def test_button_fills_no_form(house: House) -> None:
    browser, contact = house.logged_in(), "sip:door@192.0.2.7"
    browser.send_form("/accounts/101", "/accounts/101/bind", contact=contact)
    late = sent_late(house, browser, "/accounts/101", "/accounts/101/drop", {})
    assert contact not in late.text
    log_in(browser, late, password=PASSWORD)
    for page in (browser.get("/accounts/101"), browser.post("/accounts/101/drop", data={"contact": contact})):
        assert forms(page)["/accounts/101/bind"]["contact"] == ""


def test_other_sites_form_goes_through_no_page(house: House) -> None:
    for action in ("/accounts", "/login"):
        fields = {"user": "666", "typed.user": "666", "password": PASSWORD}
        answer = house.browser().post(action, data=fields, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403 and "666" not in answer.text


def test_who_only_looks_is_given_no_form_of_the_administrators(house: House) -> None:
    browser = house.logged_in()
    late = sent_late(house, browser, "/peers", "/peers", {"address": "192.0.2.5"})
    log_in(browser, late, password="only looking", role="viewer")
    assert "look it over" not in browser.get("/peers").text


def test_log_out_that_comes_too_late_asks_for_the_password(house: House) -> None:
    assert sent_late(house, house.logged_in(), "/", "/logout", {}).headers["Location"] == "/login"
