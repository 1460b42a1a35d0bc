"""What happened, as the page tells it: in the browser's language, and elsewhere in that of the program."""

from __future__ import annotations

import re

import pytest

from frontdesk.events import NO_PHONE, Event, Incoming, Kind, Wording
from frontdesk.proxy.calls import Call
from frontdesk.registrar.answer import told
from tests.control.desk import phone
from tests.store.rows import NOW
from tests.support.registering import HERE, register_request
from tests.web.house import Browser, House


@pytest.fixture
def german(house: House) -> Browser:
    """The administrator's, in Germany."""
    browser = house.logged_in()
    browser.headers["Accept-Language"] = "de"
    return browser


def test_refused_phone_is_told_of_in_the_browsers_language(house: House, german: Browser) -> None:
    house.desk.core.receive(register_request("sip:101@192.0.2.101"), HERE, NOW)
    page = german.get("/events").text
    assert "REGISTER abgewiesen, unbekannte Domäne: &#039;desk.test&#039;" in page and "refused" not in page
    assert re.search(r">\d\d\.\d\d\. \d\d:\d\d:\d\d</span>", page)
    english = "REGISTER refused: unknown domain for "
    assert f"{english}&#039;desk.test&#039;" in house.logged_in().get("/events").text
    assert [row["text"] for row in house.desk.do("events")] == [f"{english}'desk.test'"]


def test_phone_that_comes_and_is_gone_is_told_of_in_the_browsers_language(house: House, german: Browser) -> None:
    nameless = phone(house.desk, user_agent="", expires_at=NOW + 60)
    house.desk.core.events.add(told("add", nameless, "101", NOW))
    house.desk.core.handle_timers(NOW + 61)
    page = german.get("/accounts/101").text
    assert page.index(f"abgelaufen: {nameless.contact}") < page.index(f"angemeldet: {nameless.contact} (ohne Namen)")


def test_calls_of_an_account_are_told_in_the_browsers_language(house: House, german: Browser) -> None:
    house.desk.core.proxy.calls.begin(Call(("a", "1"), "101", "101", "102", "192.0.2.9:5060/udp", NOW))
    busy = Incoming(NOW + 1, "101", "103", "101", HERE, rang_at=NOW + 2, ended_at=NOW + 7, result=486)
    unreached = Incoming(NOW + 2, "101", "102", "reception", HERE, result=480, why=NO_PHONE)
    unknown = Incoming(NOW + 3, "101", "104", "101", HERE, result=513)
    for call in (busy, unreached, unknown):
        house.desk.core.events.add_incoming(call)
    page = german.get("/accounts/101").text
    for said in (
        "</span> ruft 102 an <", "103 rief an: es klingelte 5 s, niemand nahm ab <",
        "102 rief reception an: kein Telefon war angemeldet <", "104 rief an: nicht verbunden: 513 Message Too Large <",
    ):  # fmt: skip
        assert said in page


@pytest.mark.parametrize("path", ["/events", "/accounts/101"])
def test_what_happened_again_is_told_with_how_often(house: House, german: Browser, path: str) -> None:
    for second in range(2):
        house.desk.core.events.add(Event(NOW + second, Kind.REFUSED, "101", Wording("no"), (), HERE, "wrong-password"))
    assert "(2 Mal)" in german.get(path).text


@pytest.mark.parametrize("path", ["/events", "/accounts/101"])
def test_what_a_phone_says_of_itself_is_no_markup(house: House, path: str) -> None:
    house.desk.core.events.add(told("add", phone(house.desk, user_agent="<b>Snom</b>"), "101", NOW))
    page = house.logged_in().get(path).text
    assert "(&lt;b&gt;Snom&lt;/b&gt;)" in page and "<b>Snom" not in page
