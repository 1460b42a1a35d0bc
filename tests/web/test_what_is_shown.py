"""What pages say of a call, of where phones register, and of what was typed and refused."""

from __future__ import annotations

import re

import bottle
import pytest
from frontdesk_web.pages.front import CALLS
from frontdesk_web.visit import VIEWS

from frontdesk.proxy.calls import Call, CallState
from frontdesk.sip.wire import Flow
from tests.control.desk import phone
from tests.store.rows import clock
from tests.web.house import NAME, House


@pytest.mark.parametrize(
    ("listeners", "opened_at", "server"),
    [
        (["udp:0.0.0.0:5060", "udp:[::]:5060"], "127.0.0.1", "192.0.2.1"),
        (["udp:0.0.0.0:5060", "udp:[::]:5060"], "[::1]", "192.0.2.1"),
        (["udp:0.0.0.0:5060"], NAME, "192.0.2.1"),
        (["udp:0.0.0.0:5062"], "192.0.2.1", "192.0.2.1:5062"),
        (["udp:127.0.0.1:5060"], "192.0.2.1", "127.0.0.1"),
        (["udp:192.0.2.9:5060", "udp:192.0.2.1:5060"], "192.0.2.1", "192.0.2.1"),
        (["udp:192.0.2.9:5060", "udp:192.0.2.1:5060"], NAME, "192.0.2.9"),
    ],
)
def test_card_says_where_phones_are_heard(house: House, listeners: list[str], opened_at: str, server: str) -> None:
    house.desk.box.listeners = listeners
    page = house.logged_in().get("/accounts/101/card", headers={"Host": opened_at}).text
    assert re.findall(r"<dt>Server</dt><dd>(.*?)</dd>", page) == [server]


@pytest.mark.parametrize(
    ("listeners", "transports"),
    [
        (["udp:0.0.0.0:5060", "tcp:0.0.0.0:5060", "udp:[::]:5060"], "UDP, TCP"),
        (["tls:0.0.0.0:5061", "udp:0.0.0.0:5060"], "UDP, TLS (5061)"),
        (["ws:[::]:8088", "wss:[::]:8089", "udp:[::]:5060"], "UDP, WSS (8089), WS (8088)"),
        (["udp:192.0.2.1:5070", "tcp:192.0.2.1:5070", "tls:192.0.2.1:5071"], "UDP, TCP, TLS (5071)"),
        (["tls:192.0.2.1:5061"], "TLS (5061)"),
    ],
)
def test_card_says_what_a_phone_can_be_set_to(house: House, listeners: list[str], transports: str) -> None:
    house.desk.box.listeners = listeners
    page = house.logged_in().get("/accounts/101/card").text
    assert f"<dt>Transport</dt><dd>{transports}</dd>" in page


def test_overview_says_where_phones_register_as_a_card_does(house: House) -> None:
    house.desk.box.listeners = ["udp:0.0.0.0:5060", "tcp:0.0.0.0:5060", "udp:[::]:5060"]
    assert "<dt>Phones register at</dt><dd>192.0.2.1 (UDP, TCP)</dd>" in house.logged_in().get("/live").text


@pytest.mark.parametrize("page", ["/live", "/accounts"])
def test_account_has_its_light_while_a_call_would_find_a_way_to_it(house: House, page: str) -> None:
    there = phone(house.desk, flow=Flow("tcp", ("192.0.2.1", 5060), ("192.0.2.9", 40000), 7))
    light = '<td><span class="dot on"></span><a href="/accounts/101">'
    assert light in house.logged_in().get(page).text
    there.connected = False
    assert light not in house.logged_in().get(page).text


@pytest.mark.parametrize(
    ("state", "shown"),
    [(CallState.CALLING, "calling"), (CallState.RINGING, "ringing"), (CallState.ANSWERED, "talking")],
)
def test_call_rings_only_when_its_phone_says_so(house: House, state: CallState, shown: str) -> None:
    call = Call(("a", "b"), "101", "101", "102", "", house.desk.now, state=state)
    house.desk.core.proxy.calls.begin(call)
    assert f"<td>{shown}</td>" in house.logged_in().get("/live").text


@pytest.mark.parametrize("more", [0, 1, 2])
def test_calls_that_have_no_room_in_the_overview_are_counted(house: House, more: int) -> None:
    for number in range(CALLS + more):
        house.desk.core.proxy.calls.begin(Call((f"c{number}", "tag"), "101", "101", "102", "", house.desk.now))
    page = house.logged_in().get("/live").text
    assert page.count("<td>calling</td>") == CALLS
    assert re.findall(r"and (\d+) more", page) == [str(more)] * bool(more)


def test_call_that_all_phones_have_left_is_in_the_overview_no_longer(house: House) -> None:
    call = Call(("a", "b"), "101", "101", "102", "", house.desk.now, phone=7)
    house.desk.core.proxy.calls.begin(call)
    assert "<td>calling</td>" in house.logged_in().get("/live").text
    call.left[7] = house.desk.now
    assert "102</td>" not in house.logged_in().get("/live").text


def test_overview_says_which_way_emergency_numbers_go_where_there_is_one(house: House) -> None:
    sentence = "What is dialled and nobody here has goes out through pbx"
    house.desk.do("account add", user="pbx")
    house.desk.do("config set", key="trunk", value="pbx")
    assert sentence not in house.logged_in().get("/live").text
    house.desk.do("binding add", user="pbx", contact="sip:192.0.2.20", static=True)
    assert sentence in house.logged_in().get("/live").text


def test_overview_says_who_has_a_place_for_emergency_calls(house: House) -> None:
    """A gateway of their own is a way, though there is no trunk."""
    house.desk.do("account add", user="112")
    house.desk.do("alias add", user="112", alias="sos")
    assert "emergency numbers cannot be reached" in house.logged_in().get("/live").text
    house.desk.do("binding add", user="112", contact="sip:112@192.0.2.40", static=True)
    page = house.logged_in().get("/live").text
    assert "Emergency calls go to 112" in page and "emergency numbers" not in page


@pytest.mark.parametrize(
    ("action", "field", "typed"), [("bind", "contact", "door@"), ("alias", "alias", "a b"), ("device", "device", "a/b")]
)
def test_what_was_refused_at_an_account_can_be_mended(house: House, action: str, field: str, typed: str) -> None:
    answer = house.logged_in().send_form("/accounts/101", f"/accounts/101/{action}", **{field: typed})
    assert answer.status_code == 400 and f'name="{field}"' in answer.text
    assert re.search(rf'<input id="{field}"[^>]* value="{re.escape(typed)}"', answer.text)
    assert field != "contact" or "<details open>" in answer.text


def test_system_says_whether_the_clock_is_set(house: House) -> None:
    zone, browser = house.desk.box.settings.timezone, house.logged_in()
    assert f"({zone})</dd>" in browser.get("/system").text
    house.desk.box.clock = clock(wall=50.0)
    page = browser.get("/system").text
    assert "(not set)</dd>" in page and f"({zone})" not in page


def test_each_page_is_made_from_the_template_that_the_last_one_has_left(house: House) -> None:
    """What Bottle keeps of a page it keeps for good: nobody may fill the memory by asking."""
    bottle.TEMPLATES.clear()
    browser = house.logged_in()
    answers = [browser.get(path).status_code for path in ("/", "/live", "/accounts/101", "/nowhere")]
    assert answers == [200, 200, 200, 404]
    assert browser.get("/", headers={"Host": "elsewhere.test"}).status_code == 421
    assert {lookup for lookup, _ in bottle.TEMPLATES} == {id(VIEWS)}
