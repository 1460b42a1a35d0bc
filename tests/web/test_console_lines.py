"""Each form that changes something shows the line that does the same at the console, or at a shell: all forms of all
pages, found by going through them, and the lines read by the console's and the shell's own parsers."""

from __future__ import annotations

import html
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from frontdesk_web.application import ROUTES
from frontdesk_web.route import Need
from httpx import Response

from frontdesk.cli.parser import build_parser
from frontdesk.console.grammar import Grammar
from frontdesk.console.phrases import asked, phrases
from frontdesk.control import TABLE, Role, run
from tests.web.house import PASSWORD, Browser, House, forms_in

BEFOREHAND = re.compile(r'<p class="small soft said (\w*)">At the console: <code>(.*?)</code>')
AFTERWARDS = re.compile(r"(?:At the console|On the command line):</span> (.*?)</code>")
FORM = re.compile(r'<form[^>]*method="post" action="([^"]+)"[^>]*>.*?</form>', re.S)
BUTTON = re.compile(r'<button[^>]* formaction="([^"]+)"')
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
VALUES = {
    "user": "102", "password": "new secret", "again": "new secret", "old": PASSWORD, "name": "The \"new\" one",
    "alias": "reception", "device": "mobile", "contact": "sip:door@192.0.2.7", "address": "192.0.2.5", "role": "admin",
    "range": "201-204", "passphrase": "four words of mine", "word": "frontdesk", "hostname": "lobby", "way": "trial",
    "domain": "new.example",
}  # fmt: skip
"""What is typed into the fields of that name."""
OTHERWISE = {
    "/system/token": {"name": "grafana"},
    "/system/password": {"password": PASSWORD, "again": PASSWORD},
    "/system/backup": {"again": VALUES["passphrase"]},
}
GONE = ("/settings/commit", "/settings/rollback")
"""Either ends what both are for."""
SAME = {"/accounts/range": "account add", "/system/restore": "import"}
"""What is done there all at once is done at the console account by account, or pasted."""
NOT_DONE = {
    "/logout": "changes nothing", "/system/reboot": "an ordinary computer refuses it", "/cards/forget": "has no verb",
}  # fmt: skip

Done = tuple[str, frozenset[tuple[str, object]]]
"""A verb, and its arguments but those that are asked for."""


class Links(HTMLParser):
    """Where a page leads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """All links of the page itself."""
        address = dict(attrs).get("href") or ""
        if tag == "a" and address.startswith("/") and not address.endswith((".csv", ".crt")):
            self.found.append(address)


def pages(browser: Browser) -> Iterator[tuple[str, Response]]:
    """Every page that can be reached from the front page."""
    seen, left = set(), ["/"]
    while left:
        at = left.pop()
        if at not in seen:
            seen.add(at)
            page = browser.get(at)
            links = Links()
            links.feed(page.text)
            left += links.found
            yield at, page


@dataclass
class Filled:
    """A box with one of each, so that each form is there."""

    house: House
    browser: Browser
    done: list[Done]


@pytest.fixture
def filled(house: House, monkeypatch: pytest.MonkeyPatch) -> Filled:
    desk = house.desk
    for words, arguments in (
        ("device add", {"user": "101", "device": "kitchen"}), ("alias add", {"user": "101", "alias": "100"}),
        ("binding add", {"user": "101", "contact": "sip:gate@192.0.2.9", "static": True}),
        ("peer add", {"address": "192.0.2.4"}), ("account add", {"user": "105"}), ("account disable", {"user": "105"}),
        ("token add", {"name": "old", "role": "viewer"}),
    ):  # fmt: skip
        desk.do(words, **arguments)
    done: list[Done] = []

    async def noted(box: Any, words: str, arguments: Mapping[str, object], role: Role) -> Any:
        answer = await run(box, words, arguments, role)
        if TABLE[words].role is Role.ADMIN:
            done.append(stripped(words, arguments))
        return answer

    monkeypatch.setattr("frontdesk_web.visit.run", noted)
    desk.do("config stage", key="flush", value="5m")
    desk.box.admin.alarm = "2026-11-01T00:00:00Z"
    return Filled(house, house.logged_in(), done)


def stripped(words: str, arguments: Mapping[str, object]) -> Done:
    """Without what is asked for, and without what is as if it were not there."""
    kept = {each.name for each in TABLE[words].arguments if not asked(each)}
    return words, frozenset((name, value) for name, value in arguments.items() if name in kept and value)


def read(line: str) -> Done:
    """What a line does."""
    if line.startswith("frontdesk "):
        said = vars(build_parser().parse_args(shlex.split(line)[1:]))
        return stripped(said["verb"], said)
    command = Grammar(phrases()).parse(line)
    assert command is not None
    return stripped(command.phrase.verbs[0].words, command.values)


def shown(form: str, page: Response, answer: Response, browser: Browser, ticked: bool) -> list[str]:
    """The lines beside a form, or on the page behind it."""
    hidden = "unticked" if ticked else "ticked"
    beside = [line for when, line in BEFOREHAND.findall(changing(page)[form]) if when != hidden]
    after = AFTERWARDS.findall(browser.get(answer.headers["Location"]).text) if "Location" in answer.headers else []
    return [html.unescape(line) for line in (after or beside)]


def typed(form: str, page: Response, ticked: bool) -> dict[str, str]:
    """A form as somebody fills it in: what is hidden stays as it is."""
    piece = changing(page)[form]
    fields = forms_in(piece)[form]
    typed = {name: VALUES[name] for name in fields if name in VALUES} | OTHERWISE.get(form, {})
    values = fields | typed | dict(HIDDEN.findall(piece))
    return {name: value for name, value in values.items() if ticked or name != "keep"}


def changing(page: Response) -> dict[str, str]:
    """The forms that change something, by where they go."""
    found = {match[1]: match[0] for match in FORM.finditer(page.text)}
    others = {other: piece.replace(form, other) for form, piece in found.items() for other in BUTTON.findall(piece)}
    return found | others


def addresses(filled: Filled) -> dict[str, str]:
    """Each form and the page where it is."""
    return {form: at for at, page in pages(filled.browser) for form in changing(page) if form not in NOT_DONE}


def test_every_change_has_a_form_that_is_found(filled: Filled) -> None:
    found = {*addresses(filled), *NOT_DONE}
    changes = {each.path for each in ROUTES if each.method == "POST" and each.need is Need.ADMIN}
    found = {re.sub(r"(?<=^/accounts/)\w+(?=/)", "<user>", each) for each in found}
    assert {each for each in changes if not each.startswith("/api/")} - found == set()


@pytest.mark.parametrize("ticked", [True, False])
def test_each_form_shows_the_line_that_does_the_same(filled: Filled, ticked: bool) -> None:
    forms_of_pages = addresses(filled)
    backup = filled.house.desk.do("backup", passphrase=VALUES["passphrase"])
    held = {"/accounts/csv": b"username,password\n301,secret\n", "/system/restore": backup.encode()}
    last = ("/system/restore", "/system/factory-reset", "/accounts/101/remove", "/settings/domain")
    for form in sorted(forms_of_pages, key=lambda form: (form in last, form == "/system/factory-reset")):
        browser = filled.house.logged_in()
        for account in filled.house.desk.do("account list") if form == "/settings/domain" else ():
            filled.house.desk.do("account remove", user=account["user"])  # else the domain stays
        page = browser.get(forms_of_pages[form])
        if form in GONE and form not in changing(page):
            continue
        del filled.done[:]
        files = {"file": ("a", held[form])} if form in held else None
        answer = browser.post(form, data=typed(form, page, ticked), files=files)
        assert answer.status_code in (200, 303), (form, answer.text)
        lines = shown(form, page, answer, browser, ticked)
        assert lines, form
        said = {read(line) for line in lines}
        if form in SAME:
            assert {words for words, _ in said} == {SAME[form]}, (form, lines)
        else:
            assert said == set(filled.done), (form, lines)
