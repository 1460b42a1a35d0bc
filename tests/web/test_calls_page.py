"""The page of calls: what it shows, and what its search finds."""

from __future__ import annotations

import html
import re

import pytest
from frontdesk_web.pages.calls import SHOWN

from frontdesk.control.text import length, outcome
from frontdesk.proxy.calls import Call
from frontdesk.sip.status import STOPPED
from tests.web.house import Browser, House, on_loop

CALLS = [("101", "102", 200), ("101", "103", 486), ("104", "101", 499), ("101", "2027", 486)]
"""From, to, result."""
STARTED = 1_800_050_400.0
"""22:00 in UTC on 15 January 2027, and 23:00 in Berlin; each next one an hour later."""


@pytest.fixture
def browser(house: House) -> Browser:
    """Somebody who looks at CALLS, in Berlin."""
    calls = [
        {"call_id": f"c{at}", "caller": caller, "callee": callee, "started": STARTED + 3600 * at,
         "answered": STARTED + 5, "ended": STARTED + 70, "result": result, "device": ""}
        for at, (caller, callee, result) in enumerate(CALLS)
    ]  # fmt: skip
    on_loop(lambda: house.desk.box.records.change(calls=calls))
    house.desk.do("config set", key="timezone", value="Europe/Berlin")
    return house.logged_in()


def found(browser: Browser, search: str) -> list[str]:
    """The numbers that were dialled, of the calls on the page."""
    page = browser.get("/calls", params={"q": search}).text
    return re.findall(r'data-label="To">(.*?)<', page)


def given_up(house: House, count: int) -> None:
    """So many calls later, from 105 to 106."""
    calls = [
        {"call_id": f"d{at}", "caller": "105", "callee": "106", "started": STARTED + 86_400 + at,
         "answered": None, "ended": STARTED + 86_400 + at, "result": 487, "device": ""}
        for at in range(count)
    ]  # fmt: skip
    on_loop(lambda: house.desk.box.records.change(calls=calls))


def test_call_that_the_box_has_not_seen_the_end_of_says_so(house: House) -> None:
    call = {"call_id": "c", "caller": "101", "callee": "102", "started": STARTED, "answered": STARTED,
            "ended": STARTED + 9, "result": STOPPED, "device": ""}  # fmt: skip
    on_loop(lambda: house.desk.box.records.change(calls=[call]))
    words = "answered; the box stopped during the call"
    assert f'<td>{words}</td><td class="number">0:09+</td>' in house.logged_in().get("/calls").text
    (row,) = house.desk.do("calls")
    assert (outcome(row), length(row)) == (words, "0:09+")


def test_phone_that_could_not_be_had_need_not_have_been_unregistered() -> None:
    """What a phone answers that is not to be disturbed, or that has rung until its user did not come, is 480 too (RFC
    3261 section 21.4.18; Twinkle does both)."""
    assert outcome({"state": "ended", "result": 480, "device": ""}) == "not available (480)"


@pytest.mark.parametrize(
    ("result", "words", "rung"),
    [(480, "not available (480)", "nobody answered (480)"), (408, "no reply (408)", "nobody answered (408)"),
     (487, "given up (487)", "given up while it rang (487)"), (486, "busy (486)", "busy or declined (486)"),
     (603, "declined (603)", "declined (603)"), (200, "answered", "answered")],
)  # fmt: skip
def test_call_that_was_missed_is_told_from_one_that_rang_nowhere(result: int, words: str, rung: str) -> None:
    row = {"state": "ended", "result": result, "device": "", "answered": "2026-11-30T06:00:00Z"}
    assert (outcome(row), outcome(row | {"device": "sip:102@192.0.2.12"})) == (words, rung)


def test_call_that_another_device_has_answered_was_not_missed() -> None:
    row = {"state": "ended", "result": 200, "device": "sip:102@192.0.2.12", "answered": None}
    assert (outcome(row), length(row)) == ("answered by another device", "")


def test_calls_say_how_they_ended(browser: Browser) -> None:
    page = browser.get("/calls").text
    assert "answered" in page and "busy (486)" in page and "not put through (499)" in page and "1:05" in page


@pytest.mark.parametrize(
    ("search", "wanted"),
    [
        ("", ["2027", "101", "103", "102"]),
        ("103", ["103"]),
        ("104", ["101"]),
        ("2027", ["2027"]),
        ("486", ["2027", "103"]),
        ("200", []),
        ("Answered", ["102"]),
        (" 2027-01-15 ", ["102"]),
        ("2027-01-16", ["2027", "101", "103"]),
        ("23:00", ["102"]),
    ],
)
def test_search_finds_what_the_page_shows(browser: Browser, search: str, wanted: list[str]) -> None:
    assert found(browser, search) == wanted


def test_search_reads_all_calls_that_are_kept(house: House, browser: Browser) -> None:
    most = house.desk.box.settings.call_records
    house.desk.do("config set", key="call-records", value=str(2 * most))
    given_up(house, most)
    assert found(browser, "103") == ["103"]


def test_older_calls_are_a_link_away_page_by_page(house: House, browser: Browser) -> None:
    calls = [
        {"call_id": f"d{at}", "caller": "105", "callee": f"{1000 + at}", "started": STARTED + 86_400 + at,
         "answered": None, "ended": STARTED + 86_400 + at, "result": 487, "device": ""}
        for at in range(2 * SHOWN)
    ]  # fmt: skip
    on_loop(lambda: house.desk.box.records.change(calls=calls))
    for search, last in (("", ["2027", "101", "103", "102"]), ("105", [])):
        seen, page = [], browser.get("/calls", params={"q": search}).text
        assert "Back" not in page
        while link := re.search(r'href="([^"]*)">Further<', page):
            seen += re.findall(r'data-label="To">(.*?)<', page)
            page = browser.get(html.unescape(link[1])).text
        seen += re.findall(r'data-label="To">(.*?)<', page)
        assert seen == [call["callee"] for call in reversed(calls)] + last
        assert "No call" not in page, "the last page has some"
        back = re.search(r'href="([^"]*)">Back<', page)
        assert back and "Further" in browser.get(html.unescape(back[1])).text
    past = browser.get("/calls", params={"start": 9 * SHOWN}).text
    assert "No call is like that." in past and "Back" in past


def test_search_finds_a_call_that_is_up_once_though_it_reads_in_parts(house: House, browser: Browser) -> None:
    given_up(house, 2 * SHOWN)
    house.desk.core.proxy.calls.begin(Call(("up", "tag"), "101", "101", "107", "", house.desk.now))
    assert found(browser, "107") == ["107"]


def test_account_has_the_calls_that_it_made_and_got(house: House, browser: Browser) -> None:
    house.desk.do("account add", user="102")
    house.desk.do("alias add", user="102", alias="2027")
    page = browser.get("/accounts/102").text
    assert re.findall(r'data-label="To">(.*?)<', page) == ["2027", "102"] and "1:05" in page and "/calls?q=102" in page


def test_all_calls_of_an_account_are_found_whatever_its_name_is(house: House, browser: Browser) -> None:
    house.desk.do("account add", user="a+b")
    call = {"call_id": "p", "caller": "101", "callee": "a+b", "started": STARTED, "answered": None,
            "ended": STARTED + 1, "result": 486, "device": ""}  # fmt: skip
    on_loop(lambda: house.desk.box.records.change(calls=[call]))
    [link] = re.findall(r'href="(/calls\?q=.*?)"', browser.get("/accounts/a+b").text)
    assert re.findall(r'data-label="To">(.*?)<', browser.get(link).text) == ["a+b"]


def test_search_that_finds_nothing_says_so(browser: Browser) -> None:
    assert "No call is like that." in browser.get("/calls?q=xyz").text


def test_number_that_is_no_utf_8_is_shown_and_comes_back_from_a_backup(house: House, browser: Browser) -> None:
    call = {"call_id": "l", "caller": "101", "callee": "Caf\udce9", "started": STARTED + 90_000, "answered": None,
            "ended": STARTED + 90_001, "result": 404, "device": ""}  # fmt: skip
    on_loop(lambda: house.desk.box.records.change(calls=[call]))
    assert found(browser, "404") == ["Caf?"]
    assert house.desk.do("calls", limit=1)[0]["callee"] == "Caf\udce9"
