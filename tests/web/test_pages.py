"""What each page shows and does, over a box in memory."""

from __future__ import annotations

import re
from html import unescape

import pytest
from frontdesk_web import sessions
from httpx import Response

from frontdesk.control import VerbError, passwords
from frontdesk.events import Event, Kind, Wording
from frontdesk.proxy.calls import Call
from tests.control.desk import phone
from tests.store.rows import NOW, REALM
from tests.web.house import Browser, House, forms

CONSOLE = re.compile(r"At the console:</span> (.*?)</code>")
COMMAND = re.compile(r"On the command line:</span> (.*?)</code>")


@pytest.fixture
def browser(house: House) -> Browser:
    """The administrator's."""
    return house.logged_in()


def followed(browser: Browser, answer: Response) -> str:
    """The page to which a form leads."""
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["Location"]).text


# -- front page --------------------------------------------------------------------------------------------------------


def test_front_page_tells_who_is_reached_how_and_what_is_wrong(house: House, browser: Browser) -> None:
    phone(house.desk)
    text, source = Wording("REGISTER refused: wrong password for '101'"), "192.168.1.23:5060/udp"
    for _ in range(14):
        house.desk.core.events.add(Event(1000.0, Kind.REFUSED, "101", text, (), source, "wrong-password"))
    page = browser.get("/").text
    assert "192.168.1.23 answers with a password that is not 101&#039;s, 14 times since" in page
    assert "Front desk" in page and "UDP" in page and "emergency numbers cannot be reached" in page
    house.desk.do("account add", user="pbx")
    house.desk.do("binding add", user="pbx", contact="sip:192.0.2.20", static=True)
    house.desk.do("config set", key="trunk", value="pbx")
    page = browser.get("/").text
    assert "goes out through pbx" in page and "cannot be reached" not in page


def test_front_page_is_small_with_everything_that_it_loads(house: House, browser: Browser) -> None:
    for number in range(200, 400):
        name = f"Somebody with a long name, number {number}"
        house.desk.do("account add", user=str(number), password="secret", name=name)
        phone(house.desk, str(number))
    page = browser.get("/")
    loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert len(page.content) + sum(len(browser.get(path).content) for path in set(loaded)) < 60_000


def test_fragment_is_sent_again_only_when_something_has_changed(house: House, browser: Browser) -> None:
    tag = browser.get("/live").headers["ETag"]
    assert browser.get("/live", headers={"If-None-Match": tag}).status_code == 304
    phone(house.desk)
    assert browser.get("/live", headers={"If-None-Match": tag}).status_code == 200


def test_what_a_phone_calls_itself_is_no_markup(house: House, browser: Browser) -> None:
    phone(house.desk, user_agent='<script>alert("1")</script>')
    for path in ("/", "/live", "/accounts/101"):
        assert "<script>alert" not in browser.get(path).text


def test_what_a_phone_says_in_no_utf_8_breaks_no_page(house: House, browser: Browser) -> None:
    latin = "Caf\udce9"
    phone(house.desk, user_agent=latin)
    refused = Event(1000.0, Kind.REFUSED, "101", Wording("no: {about}"), (latin,), "x", "wrong-password")
    house.desk.core.events.add(refused)
    for path in ("/", "/live", "/accounts/101", "/events"):
        answer = browser.get(path)
        assert answer.status_code == 200 and "Caf?" in answer.text


# -- accounts ----------------------------------------------------------------------------------------------------------


def test_account_is_added_with_a_password_on_a_card(house: House, browser: Browser) -> None:
    answer = browser.send_form("/accounts", "/accounts", user="102", name="Workshop")
    page = followed(browser, answer)
    assert CONSOLE.findall(page) == ["add account 102 name Workshop"]
    [password] = re.findall(r'<code class="secret">(\w{16})</code>', page)
    assert password in browser.get("/accounts/102/card").text
    assert "<svg" in browser.get("/accounts/102/card").text
    assert password not in house.logged_in().get("/accounts/102/card").text


@pytest.mark.parametrize(
    ("action", "fields", "sentence"),
    [
        ("/accounts", {"user": "101"}, "There is an account &#039;101&#039; already."),
        ("/accounts", {"user": "a b"}, "cannot be a name or number"),
        ("/accounts/range", {"range": "105-101"}, "A range goes up"),
        ("/accounts/range", {"range": ""}, "Which numbers?"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_what_was_typed_stays(
    house: House, browser: Browser, action: str, fields: dict[str, str], sentence: str
) -> None:
    before = house.desk.do("account list")
    page = browser.send_form("/accounts", action, **fields, **({"name": "Keep me"} if action == "/accounts" else {}))
    assert page.status_code == 400 and sentence in page.text
    assert forms(page)[action] | fields == forms(page)[action]
    assert house.desk.do("account list") == before


def test_range_leads_to_its_cards(house: House, browser: Browser) -> None:
    page = followed(browser, browser.send_form("/accounts", "/accounts/range", range="201-203"))
    assert [user for user in ("201", "202", "203") if f"<h2>{user}</h2>" in page] == ["201", "202", "203"]
    assert page.count("<svg") == 3


def test_passwords_that_nobody_has_seen_are_never_dropped(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_CARDS", 3)
    followed(browser, browser.send_form("/accounts", "/accounts/range", range="201-203"))
    before = house.desk.do("account list")
    for at, action, fields in (
        ("/accounts", "/accounts/range", {"range": "204-205"}),
        ("/accounts", "/accounts", {"user": "206"}),
        ("/accounts/101", "/accounts/101/password", {}),
        ("/accounts/101", "/accounts/101/device", {"device": "mobile"}),
    ):
        refused = browser.send_form(at, action, **fields)
        assert refused.status_code == 400 and "3 cards have room, not" in refused.text
    assert house.desk.do("account list") == before
    assert browser.send_form("/accounts", "/accounts", user="206", password="typed").status_code == 303
    page = browser.get(re.findall(r'href="(/cards)"', browser.get("/accounts").text)[0]).text
    assert page.count("<svg") == 3


def test_printed_cards_make_room_for_others_but_not_those_that_a_page_did_not_show(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_CARDS", 3)
    followed(browser, browser.send_form("/accounts", "/accounts/range", range="201-202"))
    shown = forms(browser.get("/cards"))["/cards/forget"]
    browser.send_form("/accounts/201", "/accounts/201/password")
    refused = browser.post("/cards/forget", data=shown)
    assert refused.status_code == 400 and refused.text.count("<svg") == 2
    followed(browser, browser.post("/cards/forget", data=forms(refused)["/cards/forget"]))
    page = followed(browser, browser.send_form("/accounts", "/accounts/range", range="301-303"))
    assert page.count("<svg") == 3


def test_code_of_a_card_is_whole_however_much_is_in_it(house: House, browser: Browser) -> None:
    user = "a" * 60
    browser.send_form("/accounts", "/accounts", user=user)
    assert re.search(r"<svg[^>]* viewBox=", browser.get(f"/accounts/{user}/card").text)


def send_accounts(browser: Browser, file: str | bytes) -> Response:
    """The form that adds accounts from a file, as a spreadsheet saves it."""
    content = file if isinstance(file, bytes) else file.encode("utf-8-sig")
    return browser.post("/accounts/csv", data=forms(browser.get("/accounts"))["/accounts/csv"],
                        files={"file": ("a.csv", content)})  # fmt: skip


def test_search_goes_on_from_page_to_page_whatever_was_searched_for(house: House, browser: Browser) -> None:
    rows = "".join(f"{number},secret,Smith & Sons+\n" for number in range(300, 360))
    house.desk.do("account import", text=f"username,password,name\n{rows}")
    page = browser.get("/accounts", params={"q": "& sons+"}).text
    for said, word in (("51 to 60 of 60", "Further"), ("1 to 50 of 60", "Back")):
        [link] = re.findall(rf'href="([^"]+)">{word}</a>', page)
        page = browser.get(unescape(link)).text
        assert said in page
    past = browser.get("/accounts?start=100").text
    assert "no account yet" not in past and re.search(r'href="/accounts\?q=&amp;start=50">Back<', past)


def test_file_of_accounts_goes_in_and_out(house: House, browser: Browser) -> None:
    sent = send_accounts(browser, "username,password,name\n301,secret,=Reception\n")
    assert "Added 1 account, changed 0." in followed(browser, sent)
    assert "301,,'=Reception,yes," in browser.get("/accounts.csv").text
    for bad in (b"nonsense", b"\xff\xfe", b""):
        assert send_accounts(browser, bad).status_code == 400


def test_file_of_accounts_can_be_added_back_as_it_was_saved(house: House, browser: Browser) -> None:
    desk = house.desk
    desk.do("account import", text="username,password,name,enabled,aliases\n301,secret123,=Door,no,777 door\n")
    before = desk.do("account list")
    saved = browser.get("/accounts.csv").text
    assert "Added 0 accounts, changed 0." in followed(browser, send_accounts(browser, saved))
    for row in before:
        desk.do("account remove", user=row["user"])
    sent = send_accounts(browser, saved)
    assert sent.headers["location"] == "/cards" and followed(browser, sent).count("<svg") == len(before)
    assert [row | {"bindings": 0, "devices": []} for row in before] == desk.do("account list")


def test_file_without_passwords_makes_cards_for_those_that_have_none(house: House, browser: Browser) -> None:
    secrets = house.desk.box.account("101").secrets
    page = followed(browser, send_accounts(browser, "username,name\n101,Reception\n301,Workshop\n302,Door\n"))
    assert "Added 2 accounts, changed 1." in page
    assert COMMAND.findall(page) == ["frontdesk account import FILE.csv --make-passwords"]
    assert re.findall(r'<section class="card"><h2>(\w+)</h2>\n<p>([\w ]*?) *</p>', page) == [
        ("301", "Workshop"), ("302", "Door"),
    ]  # fmt: skip
    for user, password in re.findall(r"<dd>(\w+)</dd>\s*<dt>Password</dt><dd>(\w{16})</dd>", page):
        assert house.desk.box.account(user).secrets == (passwords.secret("", user, REALM, password),)
    assert house.desk.box.account("101").name == "Reception" and house.desk.box.account("101").secrets == secrets


def test_file_that_makes_more_cards_than_have_room_changes_nothing(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MOST_CARDS", 1)
    before = house.desk.do("account list")
    refused = send_accounts(browser, "username\n301\n302\n")
    assert refused.status_code == 400 and "1 cards have room, not 2 beside 0" in refused.text
    assert house.desk.do("account list") == before


# -- peers -------------------------------------------------------------------------------------------------------------


def test_peer_is_added_and_removed(house: House, browser: Browser) -> None:
    page = followed(browser, browser.send_form("/peers", "/peers", address="192.0.2.5", name="PBX"))
    assert CONSOLE.findall(page) == ["add peer 192.0.2.5 name PBX"]
    followed(browser, browser.send_form("/peers", "/peers/remove"))
    assert house.desk.do("peer list") == []
    assert "is no IP address" in browser.send_form("/peers", "/peers", address="pbx").text


# -- system ------------------------------------------------------------------------------------------------------------


def test_backup_comes_back(house: House, browser: Browser) -> None:
    words = {"passphrase": "four words of mine", "again": "four words of mine"}
    saved = browser.send_form("/system", "/system/backup", **words)
    assert saved.headers["Content-Disposition"].endswith('.backup"') and "secret" not in saved.text
    house.desk.do("account remove", user="101")
    csrf = forms(browser.get("/system"))["/system/restore"]["csrf"]
    file = {"file": ("a.backup", saved.content)}
    wrong = browser.post("/system/restore", data={"csrf": csrf, "passphrase": "another"}, files=file)
    assert wrong.status_code == 400 and house.desk.do("account list") == []
    sent = browser.post("/system/restore", data={"csrf": csrf, "passphrase": words["passphrase"]}, files=file)
    assert "The box is what the backup says: accounts: 1, calls: 0." in sent.text and "/login" in forms(sent)
    assert [each["user"] for each in house.desk.do("account list")] == ["101"]
    assert browser.get("/").headers["Location"].startswith("/login") and "/logout" not in forms(sent)


def test_token_is_shown_once_and_opens_the_api(house: House, browser: Browser) -> None:
    page = followed(browser, browser.send_form("/system", "/system/token", name="grafana", role="viewer"))
    [token] = re.findall(r'<code class="secret">([\w-]{43})</code>', page)
    assert token not in browser.get("/system").text
    answer = house.browser().get("/api/1/status", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["accounts"] == 1
    followed(browser, browser.send_form("/system", "/system/untoken"))
    assert house.browser().get("/api/1/status", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_what_the_console_has_no_phrase_for_shows_the_command_that_does_it(house: House, browser: Browser) -> None:
    page = followed(browser, browser.send_form("/system", "/system/token", name="grafana", role="admin"))
    assert COMMAND.findall(page) == ["frontdesk token add grafana --role admin"]
    page = followed(browser, browser.send_form("/system", "/system/untoken"))
    assert COMMAND.findall(page) == ["frontdesk token revoke grafana"]
    fields = {"password": "only a look", "again": "only a look"}
    page = followed(browser, browser.send_form("/system", "/system/viewer", **fields))
    assert COMMAND.findall(page) == ["frontdesk passwd viewer"]


def test_factory_reset_wants_the_name_of_the_box(house: House, browser: Browser) -> None:
    shown = forms(browser.get("/system"))["/system/factory-reset"]
    assert shown.pop("keep") == "yes"  # and it is unticked
    refused = browser.post("/system/factory-reset", data=shown | {"word": "yes"})
    assert refused.status_code == 400 and "<details open>" in refused.text
    assert "keep" not in forms(refused)["/system/factory-reset"]
    assert browser.send_form("/system", "/system/factory-reset", word="frontdesk").headers["Location"] == "/welcome"
    assert house.desk.do("account list") == [] and not house.desk.box.admin.is_set


def test_reboot_of_an_ordinary_computer_is_one_sentence(browser: Browser) -> None:
    assert "managed by this computer" in browser.send_form("/system", "/system/reboot").text


def test_no_page_or_address_ever_has_a_secret(house: House, browser: Browser) -> None:
    kept = house.desk.do("export", secrets=True)
    hashes = set(re.findall(r"[0-9a-f]{32,}", kept))
    assert hashes
    for path in ("/", "/accounts", "/accounts/101", "/settings", "/system", "/log", "/events", "/accounts.csv"):
        text = browser.get(path).text
        assert not any(each in text for each in hashes)


# -- the rest ----------------------------------------------------------------------------------------------------------


def test_range_shows_console_lines_that_do_the_same(house: House, browser: Browser) -> None:
    page = followed(browser, browser.send_form("/accounts", "/accounts/range", range="201-204"))
    assert CONSOLE.findall(page) == [f"add account {user}" for user in range(201, 205)]


def test_pages_tell_what_there_is_while_the_disk_fails(house: House, browser: Browser) -> None:
    house.desk.core.proxy.calls.begin(Call(("a", "1"), "101", "101", "102", "192.0.2.9:5060/udp", NOW))
    house.desk.full = True
    assert "<td>101</td>" in browser.get("/").text
    browser.headers["Accept-Language"] = "de"
    page = browser.get("/accounts/101")
    assert page.status_code == 200 and "Die Daten lassen sich nicht lesen: database or disk is full" in page.text
    assert "ruft 102 an" in page.text


def test_verb_that_fails_in_the_middle_is_told(house: House, browser: Browser) -> None:
    house.desk.full = True
    page = browser.send_form("/accounts", "/accounts", user="102")
    assert page.status_code == 400 and "Nothing was changed" in page.text
    with pytest.raises(VerbError):
        house.desk.do("account add", user="103")
