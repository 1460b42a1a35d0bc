"""English and German: every text is in the catalog, and the compiled catalog is that of its source."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import frontdesk_web
import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from frontdesk_web.language import LANGUAGES, LOCALE, preferred

import frontdesk
import frontdesk_helper
from frontdesk import config, listeners
from frontdesk.config import SETTINGS
from frontdesk.control import phone_problems, problems
from frontdesk.control.account_files import COLUMNS
from frontdesk.control.errors import Sentence
from frontdesk.control.problem import Problem
from frontdesk.control.refusals import REFUSALS
from frontdesk.core.core import UNTOLD
from frontdesk.sip.errors import Rule
from frontdesk.sip.status import OUTCOMES, REFUSED, RUNG_OUTCOMES
from frontdesk.store.trouble import Trouble
from frontdesk_helper.networks import UNRESOLVED
from tests.store.rows import clock
from tests.web.house import FORM, Browser, House, forms

WEB = LOCALE.parent
TEXT = r'"(?:[^"\\]|\\.)*"'
ONE = re.compile(rf"(?:\b_|\bN_|\bgettext)\(\s*({TEXT})")
MANY = re.compile(rf"(?:\bn_|ngettext)\(\s*({TEXT}),\s*({TEXT})")
PO = LOCALE / "de" / "LC_MESSAGES" / "frontdesk.po"


TOLD = (
    "control", "store", "app.py", "config.py", "machine.py", "core", "endpoint.py", "events", "proxy", "registrar",
)  # fmt: skip
"""Where sentences are made that the page shows: what a verb refuses or notes, what is wrong with the box, and what
happened."""
SAYS = frozenset({"Foreign", "NotThere", "Refused", "Sentence", "SettingError", "VerbError", "Wording"})
"""What is made of a template and its words."""


class Templates(ast.NodeVisitor):
    """The templates of a module's sentences; one that is put together of pieces is refused: it is in no catalog."""

    def __init__(self, module: Path) -> None:
        self.found: set[str] = set()
        self._module = module
        self._names: dict[str, list[ast.expr]] = {}
        self.visit(ast.parse(module.read_text()))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """A function's names are its own."""
        before, self._names = self._names, dict(self._names)
        self.generic_visit(node)
        self._names = before

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_Assign(self, node: ast.Assign) -> None:
        """What a name may be."""
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._names.setdefault(target.id, []).append(node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """Something is said."""
        called = ast.unparse(node.func)
        is_error = called == "super().__init__" and node.args and isinstance(node.args[0], ast.Constant | ast.JoinedStr)
        if (called.rpartition(".")[2] in SAYS or is_error) and node.args:
            self._take(node.args[0])
        self.generic_visit(node)

    def _take(self, said: ast.expr) -> None:
        if isinstance(said, ast.Constant) and isinstance(said.value, str):
            self.found |= {said.value} - {""}
        elif isinstance(said, ast.IfExp):
            self._take(said.body)
            self._take(said.orelse)
        elif isinstance(said, ast.Name) and (values := self._names.get(said.id)):
            for value in values:
                self._take(value)
        else:
            assert self._is_given(said), f"{self._module.name}:{said.lineno}: {ast.unparse(said)} is in no catalog"

    @staticmethod
    def _is_given(said: ast.expr) -> bool:
        """Whether it comes from elsewhere: another sentence, its template or wording, or another module's constant."""
        if isinstance(said, ast.Call):
            return ast.unparse(said.func) in SAYS | {"N_"}
        name = said.attr if isinstance(said, ast.Attribute) else said.id if isinstance(said, ast.Name) else ""
        return name in ("template", "wording") or name.isupper()


def modules(names: Iterable[str]) -> Iterator[Path]:
    """Those of rooms."""
    for room in (Path(frontdesk.__file__).parent / name for name in names):
        yield from [room] if room.suffix else sorted(room.rglob("*.py"))


def refusals() -> set[str]:
    """The sentences of verbs, of the box, of events and of pages, before they are filled in."""
    helper = Path(frontdesk_helper.__file__).parent.rglob("*.py")
    pages = Path(frontdesk_web.__file__).parent.glob("pages/*.py")
    return set().union(*(Templates(module).found for module in (*modules(TOLD), *helper, *pages)))


RULE = re.compile(rf"(?:\b(?:ValueError|SettingError)\(|\bsentence = )\s*({TEXT})")


def rules() -> set[str]:
    """What is said of the value of a setting that cannot be."""
    text = "".join(Path(room).read_text() for room in (str(config.__file__), str(listeners.__file__)))
    return {ast.literal_eval(match[1]) for match in RULE.finditer(text)}


REFUSING = ("auth.py", "core/core.py", "proxy", "registrar")


def rules_of_requests() -> set[str]:
    """Why requests are refused, as their events say it."""
    text = "".join(module.read_text() for module in modules(REFUSING))
    return {rule.words for rule in {Rule[name] for name in re.findall(r"\bRule\.([A-Z_]+)", text)} - UNTOLD}


def used() -> set[str | tuple[str, str]]:
    """All that is translated where it is shown."""
    found: set[str | tuple[str, str]] = set()
    for path in [*WEB.rglob("*.py"), *WEB.rglob("*.tpl")]:
        text = path.read_text()
        found |= {ast.literal_eval(match[1]) for match in ONE.finditer(text)}
        found |= {(ast.literal_eval(match[1]), ast.literal_eval(match[2])) for match in MANY.finditer(text)}
    sentences = [*REFUSALS.values()]
    told = {**vars(problems), **vars(phone_problems)}.values()
    sentences += [each for each in told if isinstance(each, Problem)]
    found |= {text for sentence in sentences for text in (sentence.text, sentence.cure)}
    found |= {UNRESOLVED, REFUSED, *OUTCOMES.values(), *RUNG_OUTCOMES.values()}
    counted = {text for each in found if isinstance(each, tuple) for text in each}
    return found | refusals() - counted | rules() | rules_of_requests() | {setting.meaning for setting in SETTINGS}


def catalog() -> dict[Any, tuple[str, ...]]:
    with PO.open("rb") as file:
        messages: list[Any] = [message for message in read_po(file) if message.id]
    return {each.id: each.string if isinstance(each.string, tuple) else (each.string,) for each in messages}


def german(house: House) -> Browser:
    """An administrator's."""
    browser = house.logged_in()
    browser.headers["Accept-Language"] = "de"
    return browser


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


@pytest.mark.parametrize(("name", "point"), [("en", "."), ("de", ",")])
def test_numbers_are_written_as_in_the_browsers_language(house: House, name: str, point: str) -> None:
    house.desk.box.disk = lambda: (49_140_000_000, 270_600_000_000)
    text = house.logged_in().get("/", headers={"Accept-Language": name}).text
    assert f"49{point}1 GB" in text and f"270{point}6 GB" in text and f"0{point}0 MB" in text


@pytest.mark.parametrize("name", LANGUAGES)
def test_page_is_in_the_browsers_language(house: House, name: str) -> None:
    browser = house.logged_in()
    text = browser.get("/accounts", headers={"Accept-Language": name}).text
    assert f'<html lang="{name}">' in text
    assert ("Add one" in text, "Eines anlegen" in text) == (name == "en", name == "de")


@pytest.mark.parametrize(("name", "between"), [("en", ","), ("de", ";")])
def test_saved_accounts_are_a_file_that_a_spreadsheet_of_that_language_opens(
    house: House, name: str, between: str
) -> None:
    house.desk.do("account set", user="101", assignment="name=Büro; Anna, Max")
    browser = house.logged_in()
    browser.headers["Accept-Language"] = name
    saved = browser.get("/accounts.csv").content.decode()
    assert saved.startswith("\ufeff" + between.join(COLUMNS))
    form = forms(browser.get("/accounts"))["/accounts/csv"]
    assert browser.post("/accounts/csv", data=form, files={"file": saved}).headers["Location"] == "/accounts"
    assert house.desk.do("account list")[0]["name"] == "Büro; Anna, Max"


def test_refusals_are_in_the_browsers_language(house: House) -> None:
    german = {"Accept-Language": "de"}
    browser = house.logged_in("viewer", "only looking")
    for answer, text in (
        (browser.get("/nothing", headers=german), "Diese Seite gibt es nicht."),
        (browser.get("/", headers=german | {"Host": "evil.example"}), "Dieses Gerät heißt nicht evil.example"),
        (browser.get("/cards", headers=german), "Das darf nur ein Verwalter."),
    ):
        assert text in answer.text and '<html lang="de">' in answer.text


def test_error_pages_are_in_the_browsers_language(house: House) -> None:
    browser = german(house)
    for answer, title, text in (
        (browser.get("/nothing"), "404 Nicht gefunden", "Diese Seite gibt es nicht."),
        (browser.get("/static/nothing"), "404 Nicht gefunden", "Diese Seite gibt es nicht."),
        (browser.get("/accounts/999"), "404 Nicht gefunden", "Dieses Konto gibt es nicht."),
        (browser.get("/system/restore"), "405 So nicht möglich", "Dort ist keine Seite zum Öffnen"),
        (browser.post("/settings", headers={"Origin": "https://evil.example"}), "403 Nicht erlaubt", "anderen Seite"),
        (browser.post("/settings", content="x=%FF", headers={"Content-Type": FORM}), "400 Ungültige Anfrage", "UTF-8"),
        (browser.post("/settings", data={"x": "x" * 70_000}), "413 Zu groß", "Das ist mehr als 64 KiB"),
        (browser.get("/", headers={"Host": "evil.example"}), "421 Anderes Gerät", "heißt nicht evil.example"),
    ):
        assert f"<h1>{title}</h1>" in answer.text and f"<title>{title}</title>" in answer.text and text in answer.text


def test_words_of_values_are_in_the_browsers_language(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = german(house)
    assert "Vorgabe: none" not in browser.get("/settings").text
    link: dict[str, Any] = {"name": "eth0", "link": "up", "addresses": [], "mac": None, "gateway": None}
    monkeypatch.setattr(type(house.desk.box.system), "network", lambda _: [link])
    assert "verbunden" in browser.get("/system").text


def test_refused_form_is_answered_in_the_browsers_language(house: House) -> None:
    browser = german(house)
    page = browser.send_form("/accounts", "/accounts", user="101")
    assert page.status_code == 400 and "Es gibt schon ein Konto &#039;101&#039;." in page.text


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("102,secret\n102,secret\n", "Zeile 3: &#039;102&#039; stand schon weiter oben: Lassen Sie eines"),
        (
            "101,secret\n103,\n103,\n",
            "Zeile 2: Es gibt schon ein Konto &#039;101&#039;: lassen Sie sein Passwort leer, "
            "dann behält es das, das es hat.\n"
            "Zeile 4: &#039;103&#039; stand schon weiter oben: Lassen Sie eines von beiden weg. "
            "Es wurde nichts eingelesen.",
        ),
        ("102\n", "Zeile 2: Es müssen 2 Werte sein: Einer mit Kommas oder Semikolons darin steht"),
    ],
)
def test_refused_line_of_a_file_is_told_in_the_browsers_language(house: House, rows: str, said: str) -> None:
    browser = german(house)
    form = forms(browser.get("/accounts"))["/accounts/csv"]
    page = browser.post("/accounts/csv", data=form, files={"file": ("a.csv", f"username,password\n{rows}")})
    assert page.status_code == 400 and said in page.text


def test_whose_password_cannot_be_is_told_in_the_browsers_language(house: House) -> None:
    browser = german(house)
    page = browser.send_form("/system", "/system/viewer", password="short", again="short")
    assert page.status_code == 400 and "Dieses Passwort (zum Ansehen) hat 8 bis" in page.text


def test_what_is_no_backup_is_refused_in_the_browsers_language(house: House) -> None:
    browser = german(house)
    form = forms(browser.get("/system"))["/system/restore"] | {"passphrase": "correct horse"}
    page = browser.post("/system/restore", data=form, files={"file": ("a.backup", "a letter\n")})
    assert page.status_code == 400 and "Es beginnt nicht mit `frontdesk-backup 1`: Wählen Sie eine andere" in page.text


@pytest.mark.parametrize(
    ("at", "form", "said"),
    [
        ("/system", "/system/restore", "keine Sicherung: Wählen Sie eine, die `frontdesk backup` oder diese Seite"),
        ("/accounts", "/accounts/csv", "kein Text in UTF-8: Speichern Sie sie noch einmal als „CSV UTF-8“."),
    ],
)
def test_file_of_another_kind_is_told_which_one_is_wanted(house: House, at: str, form: str, said: str) -> None:
    browser = german(house)
    fields = forms(browser.get(at))[form] | {"passphrase": "correct horse"}
    page = browser.post(form, data=fields, files={"file": ("a", b"PK\x03\x04\xff")})
    assert page.status_code == 400 and said in page.text


def test_what_is_wrong_with_the_disk_is_told_in_the_browsers_language(house: House) -> None:
    trouble = Trouble(Sentence("The disk cannot be written"), "", clock())
    trouble.met(OSError("no room"))
    house.desk.box.notices.append(trouble.notice)
    text = house.logged_in().get("/", headers={"Accept-Language": "de"}).text
    assert "Der Speicher lässt sich nicht beschreiben: no room, seit" in text


def test_sentence_of_pieces_is_in_no_catalog(tmp_path: Path) -> None:
    module = tmp_path / "verb.py"
    for said in ("f'There is no {user}.'", "'There is no ' + user", "'There is no %s' % user"):
        for what in ("raise VerbError", "Sentence", "Wording"):
            module.write_text(f"def verb(user):\n    {what}({said})\n")
            with pytest.raises(AssertionError, match="in no catalog"):
                Templates(module)


def test_no_event_is_worded_where_its_words_are_not_looked_for() -> None:
    everywhere = modules(["."])
    wording = {module for module in everywhere if "Wording(" in module.read_text()}
    assert wording <= set(modules(TOLD)) and len(wording) > 5


def test_setting_that_cannot_be_is_refused_in_the_browsers_language(house: House) -> None:
    browser = german(house)
    for key, value, said in (
        ("min-expires", "soon", "min-expires ist eine Dauer wie 60s, 10m, 1h oder 1d, nicht &#039;soon&#039;."),
        ("min-expires", "900d", "min-expires ist mindestens"),
    ):
        page = browser.send_form("/settings", "/settings", **{key: value})
        assert page.status_code == 400 and said in page.text


def test_notes_of_a_commit_are_in_the_browsers_language(house: House) -> None:
    browser = german(house)
    browser.send_form("/settings", "/settings", hostname="lobby")
    browser.send_form("/settings", "/settings/commit")
    assert "hostname: gemerkt, aber hier nicht verwendet" in browser.get("/settings").text


def test_who_keeps_the_network_is_said_in_the_browsers_language(house: House) -> None:
    page = house.logged_in().get("/system", headers={"Accept-Language": "de"}).text
    assert "Um das Netz kümmert sich dieser Rechner selbst" in page


def test_who_is_at_work_and_for_how_long_is_said_in_the_browsers_language(house: House) -> None:
    house.desk.do("config stage", key="hostname", value="lobby")
    browser = german(house)
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
