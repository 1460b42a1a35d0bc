"""English and German: every text is in the catalog, and the compiled catalog is that of its source."""

from __future__ import annotations

import ast
import io
import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from frontdesk_web.language import LANGUAGES, LOCALE, preferred

from frontdesk import config, control, machine
from frontdesk.config import SETTINGS
from frontdesk.control import problems
from tests.web.house import House

WEB = LOCALE.parent
TEXT = r'"(?:[^"\\]|\\.)*"'
ONE = re.compile(rf"(?:\b_|\bN_|\bgettext)\(\s*({TEXT})")
MANY = re.compile(rf"(?:\bn_|ngettext)\(\s*({TEXT}),\s*({TEXT})")
PO = LOCALE / "de" / "LC_MESSAGES" / "frontdesk.po"


FORMS = (
    "accounts", "admin", "administration", "answers", "backups", "bindings", "box", "candidate", "checks", "devices",
    "first_boot", "first_boot_code", "host", "passwords", "sealing", "settings", "throttle", "tokens",
)  # fmt: skip
"""Modules of control whose refusals somebody at a form meets."""
REFUSAL = re.compile(
    rf"(?:\b(?:VerbError|Unfit|Done|Sentence)\(|super\(\).__init__\(|\bsentence = )\s*({TEXT})"
)


def refusals() -> set[str]:
    """The sentences of VerbErrors that are known before they are filled in."""
    texts = [Path(control.__file__).with_name(f"{name}.py").read_text() for name in FORMS]
    texts.append(Path(machine.__file__).read_text())
    return {ast.literal_eval(match[1]) for text in texts for match in REFUSAL.finditer(text)}


RULE = re.compile(rf"(?:\b(?:ValueError|SettingError)\(|\bsentence = )\s*({TEXT})")


def rules() -> set[str]:
    """What is said of the value of a setting that cannot be."""
    return {ast.literal_eval(match[1]) for match in RULE.finditer(Path(config.__file__).read_text())}


def used() -> set[str | tuple[str, str]]:
    """All that is translated where it is shown."""
    found: set[str | tuple[str, str]] = set()
    for path in [*WEB.rglob("*.py"), *WEB.rglob("*.tpl")]:
        text = path.read_text()
        found |= {ast.literal_eval(match[1]) for match in ONE.finditer(text)}
        found |= {(ast.literal_eval(match[1]), ast.literal_eval(match[2])) for match in MANY.finditer(text)}
    sentences = [*problems.REFUSALS.values(), problems.OTHER, problems.CLOCK, problems.DISK, problems.ACCOUNTS]
    found |= {text for sentence in sentences for text in (sentence.text, sentence.cure)}
    return found | refusals() | rules() | {setting.meaning for setting in SETTINGS}


def catalog() -> dict[Any, tuple[str, ...]]:
    with PO.open("rb") as file:
        messages: list[Any] = [message for message in read_po(file) if message.id]
    return {each.id: each.string if isinstance(each.string, tuple) else (each.string,) for each in messages}


def test_every_text_is_translated_and_nothing_else_is() -> None:
    assert set(catalog()) == used()
    assert all(all(texts) for texts in catalog().values())


def test_translations_name_the_same_things() -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    for english, german in catalog().items():
        first = english if isinstance(english, str) else english[1]
        assert all(fields(text) == fields(first) for text in german), english


def test_compiled_catalog_is_that_of_its_source() -> None:
    compiled = io.BytesIO()
    with PO.open("rb") as file:
        write_mo(compiled, read_po(file))
    assert PO.with_suffix(".mo").read_bytes() == compiled.getvalue(), "make translations"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"), ("en-GB", "en"), ("fr, de;q=0.5, en;q=0.4", "de"), ("", "en"),
        ("de;q=0", "en"), ("en;q=0.2,de;q=0.3", "de"), ("de;q=x", "en"), ("*", "en"), ("," * 5000, "en"),
    ],
)  # fmt: skip
def test_browser_says_which_language_it_is(header: str, name: str) -> None:
    assert preferred(header) == name


@pytest.mark.parametrize("name", LANGUAGES)
def test_page_is_in_the_browsers_language(house: House, name: str) -> None:
    browser = house.logged_in()
    text = browser.get("/accounts", headers={"Accept-Language": name}).text
    assert f'<html lang="{name}">' in text
    assert ("Add one" in text, "Eines anlegen" in text) == (name == "en", name == "de")


def test_refusals_are_in_the_browsers_language(house: House) -> None:
    german = {"Accept-Language": "de"}
    browser = house.logged_in("viewer", "only looking")
    for answer, text in (
        (browser.get("/nothing", headers=german), "Diese Seite gibt es nicht."),
        (browser.get("/", headers=german | {"Host": "evil.example"}), "Dieses Gerät heißt nicht evil.example"),
        (browser.get("/cards", headers=german), "Das darf nur ein Verwalter."),
    ):
        assert text in answer.text and '<html lang="de">' in answer.text


def test_refused_form_is_answered_in_the_browsers_language(house: House) -> None:
    browser = house.logged_in()
    browser.headers["Accept-Language"] = "de"
    page = browser.send_form("/accounts", "/accounts", user="101")
    assert page.status_code == 400 and "Es gibt schon ein Konto &#039;101&#039;." in page.text


def test_setting_that_cannot_be_is_refused_in_the_browsers_language(house: House) -> None:
    browser = house.logged_in()
    browser.headers["Accept-Language"] = "de"
    for key, value, said in (
        ("min-expires", "soon", "min-expires ist eine Dauer wie 60s, 10m, 1h oder 1d, nicht &#039;soon&#039;."),
        ("min-expires", "900d", "min-expires ist mindestens"),
    ):
        page = browser.send_form("/settings", "/settings", **{key: value})
        assert page.status_code == 400 and said in page.text


def test_notes_of_a_commit_are_in_the_browsers_language(house: House) -> None:
    browser = house.logged_in()
    browser.headers["Accept-Language"] = "de"
    browser.send_form("/settings", "/settings", hostname="lobby")
    browser.send_form("/settings", "/settings/commit")
    assert "hostname: gemerkt, aber hier nicht verwendet" in browser.get("/settings").text


def test_who_keeps_the_network_is_said_in_the_browsers_language(house: House) -> None:
    page = house.logged_in().get("/system", headers={"Accept-Language": "de"}).text
    assert "Um das Netz kümmert sich dieser Rechner selbst" in page


def test_who_is_at_work_and_for_how_long_is_said_in_the_browsers_language(house: House) -> None:
    house.desk.do("config stage", key="hostname", value="lobby")
    browser = house.logged_in()
    browser.headers["Accept-Language"] = "de"
    browser.send_form("/settings", "/settings", **{"max-bindings": "7"})
    page = browser.get("/settings").text
    assert "Die Kommandozeile hat vor 0s auch Einstellungen vorgemerkt" in page
    browser.send_form("/settings", "/settings/commit", way="trial")
    front = browser.get("/").text
    assert "Einstellungen werden erprobt: sie gehen in 5m 0s zurück" in front and ".." not in front
    refused = browser.send_form("/settings", "/settings", **{"max-bindings": "8"}).text
    assert "Die Seite, von 192.0.2.50, erprobt noch für 5m 0s Einstellungen" in refused


def test_catalogs_are_where_an_installed_package_finds_them() -> None:
    assert LOCALE.is_relative_to(Path(__import__("frontdesk_web").__file__ or "").parent)
