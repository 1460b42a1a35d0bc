"""The setup page in Debian's Chromium: from a factory-new box to a call, with JavaScript and without, and every page at
two widths and in two languages, looked at by axe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.baresip import Phone
from tests.e2e.box import DOMAIN, Box
from tests.e2e.browser import chromium_running

PASSWORD = "correct horse"
WIDTHS = (360, 1400)
LANGUAGES = ("en-GB", "de-DE")
PAGES = ("/", "/accounts", "/accounts/101", "/accounts/101/card", "/cards", "/calls", "/peers", "/settings", "/system",
         "/log", "/events", "/ready", "/trust", "/login")  # fmt: skip
POLL = 5000
"""Milliseconds between two looks of the front page."""
LINES = """(it) => {
    const range = document.createRange();
    range.selectNodeContents(it);
    return new Set(Array.from(range.getClientRects(), ({top}) => Math.round(top))).size;
}"""
"""On how many lines the text of something is."""
MakePhone = Callable[..., Phone]

expect.set_options(timeout=20_000)  # An upper bound for a busy machine: nothing waits for it.


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with chromium_running() as browser:
        yield browser


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """Factory-new, with a page over https and its http beside it."""
    box = Box(tmp_path / "data", hosts=("127.0.0.1",), options=("--web=https:127.0.0.1:0", "--web=http:127.0.0.1:0"))
    box.start()
    yield box
    box.kill()


def url(box: Box, scheme: str = "https") -> str:
    return str(re.findall(rf"^page: ({scheme}://\S+)$", box.log(), re.M)[0])


@pytest.fixture
def visit(chromium: Browser, box: Box) -> Iterator[Callable[..., Page]]:
    """Opens a browser of its own."""
    contexts = []

    def open_page(*, scripts: bool = True, language: str = "en-GB", width: int = 1400) -> Page:
        context = chromium.new_context(
            ignore_https_errors=True, java_script_enabled=scripts, locale=language, base_url=url(box),
            viewport={"width": width, "height": 900},
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(20_000)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


def send(page: Page) -> None:
    page.locator("main form button").first.click()


def set_up(page: Page, box: Box) -> None:
    """The three steps of first boot."""
    page.goto("/")
    page.get_by_label("First-boot code").fill((box.data / "first-boot-code").read_text().strip())
    send(page)
    page.get_by_label("Admin password").fill(PASSWORD)
    page.get_by_label("Once more").fill(PASSWORD)
    send(page)
    page.get_by_label("Domain").fill(DOMAIN)
    send(page)
    page.get_by_label("Numbers").fill("101-102")
    send(page)
    expect(page.get_by_role("heading", name="Pick up a phone")).to_be_visible()


def cards(page: Page) -> dict[str, dict[str, str]]:
    """What is printed on each card."""
    found = {}
    for card in page.locator(".card").all():
        names, values = card.locator("dt").all_inner_texts(), card.locator("dd").all_inner_texts()
        found[card.locator("h2").inner_text()] = dict(zip(names, values, strict=True))
    return found


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_from_a_new_box_to_a_call_with_nothing_but_the_page(
    box: Box, visit: Callable[..., Page], phones: MakePhone, scripts: bool
) -> None:
    page = visit(scripts=scripts)
    set_up(page, box)
    page.get_by_role("link", name=re.compile("cards")).click()
    expect(page.locator(".card")).to_have_count(2)
    printed = cards(page)
    assert sorted(printed) == ["101", "102"]
    caller, callee = (
        phones(card["User"], card["Password"], card["Server"], card["Domain"]) for _, card in sorted(printed.items())
    )
    for phone in (caller, callee):
        phone.register()
    caller.dial("102")
    callee.expect("CALL_INCOMING")
    callee.accept()
    caller.expect("CALL_ESTABLISHED")
    page.goto("/")
    page.get_by_role("link", name="Load again").click()
    expect(page.get_by_text("talking")).to_be_visible()
    expect(page.locator("#live td .dot.on")).to_have_count(2)
    caller.hang_up()
    callee.expect("CALL_CLOSED")
    caller.received("BYE", 200)
    page.goto("/calls")
    expect(page.get_by_role("cell", name="answered")).to_be_visible()


def test_browser_goes_back_to_a_step_that_was_refused(box: Box, visit: Callable[..., Page]) -> None:
    page = visit()
    page.goto("/")
    page.get_by_label("First-boot code").fill((box.data / "first-boot-code").read_text().strip())
    send(page)
    for again in ("another one", PASSWORD):
        page.get_by_label("Admin password").fill(PASSWORD)
        page.get_by_label("Once more").fill(again)
        send(page)
    expect(page.get_by_role("heading", name="The network")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="The box")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_what_was_typed_is_there_when_the_session_has_ended_meanwhile(
    box: Box, visit: Callable[..., Page], tmp_path: Path, scripts: bool
) -> None:
    page = visit(scripts=scripts)
    set_up(page, box)
    page.goto("/accounts")
    for field, text in (("user", "777"), ("name", 'The "new" one'), ("password", "long enough")):
        page.locator(f"#{field}").fill(text)
    page.context.clear_cookies()
    page.locator("form[action='/accounts'][method=post] button").click()
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    page.screenshot(path=tmp_path / "ended.png")
    assert "long enough" not in page.content()
    page.locator("#password").fill(PASSWORD)
    send(page)
    page.wait_for_url("**/accounts")
    expect(page.get_by_role("alert")).to_contain_text("look it over")
    page.screenshot(path=tmp_path / "again.png", full_page=True)
    shown = [page.locator(f"#{field}").input_value() for field in ("user", "name", "password")]
    assert shown == ["777", 'The "new" one', ""]
    page.reload()  # It is the answer to no form.
    expect(page.get_by_role("heading", name="Accounts")).to_be_visible()


def test_front_page_keeps_itself_fresh(box: Box, visit: Callable[..., Page]) -> None:
    page = visit()
    page.clock.install()
    set_up(page, box)
    page.goto("/")
    box.run("account", "add", "777", "--name", "New one")
    page.clock.run_for(POLL)
    expect(page.get_by_role("link", name="777")).to_be_visible()


def test_front_page_says_when_the_box_does_not_answer(box: Box, visit: Callable[..., Page]) -> None:
    page = visit()
    page.clock.install()
    set_up(page, box)
    page.goto("/")
    page.clock.run_for(2 * POLL)
    expect(page.get_by_role("alert")).to_be_hidden()
    box.kill()
    page.clock.run_for(4 * POLL)
    expect(page.get_by_role("alert")).to_contain_text("The box does not answer. What is below is of")


def test_front_page_leaves_the_keyboard_where_it_is_and_is_fresh(box: Box, visit: Callable[..., Page]) -> None:
    page = visit()
    page.clock.install()
    set_up(page, box)
    page.goto("/")
    box.run("account", "add", "777", "--name", "New one")
    page.get_by_role("link", name="101", exact=True).focus()
    page.clock.run_for(POLL)
    expect(page.get_by_role("link", name="777")).to_be_visible()
    expect(page.get_by_role("link", name="101", exact=True)).to_be_focused()


LIVE = '<p>{0}</p><a href="/log">1</a><a href="/log">2</a><a href="/accounts?start=3">{0} more</a>'


def test_front_page_leaves_each_link_to_the_keyboard_and_to_a_click(box: Box, visit: Callable[..., Page]) -> None:
    page, looks = visit(), count(1)
    page.clock.install()
    set_up(page, box)
    page.route("**/live", lambda route: route.fulfill(body=LIVE.format(next(looks)), content_type="text/html"))
    page.goto("/")
    shown, links = page.locator("#live p"), page.locator("#live a")
    page.clock.run_for(POLL)
    expect(shown).to_have_text("1")
    for number, place in enumerate((1, 2), 2):
        links.nth(place).focus()
        page.clock.run_for(POLL)
        expect(shown).to_have_text(str(number))
        expect(links.nth(place)).to_be_focused()
    links.nth(1).hover()
    page.mouse.down()
    with page.expect_response("**/live"):
        page.clock.run_for(POLL)
    page.mouse.up()
    expect(page).to_have_url(re.compile("/log$"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_whole_at_each_width_in_each_language(
    box: Box, visit: Callable[..., Page], tmp_path: Path, language: str, width: int
) -> None:
    set_up(visit(), box)
    box.run("binding", "add", "101", "sip:door@192.0.2.7", "--static")  # So that every list has something in it.
    box.run("alias", "add", "101", "front")
    box.run("device", "add", "101", "mobile")
    box.run("peer", "add", "192.0.2.5", "--name", "PBX")
    page = visit(language=language, width=width)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/login")
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    for path in PAGES:
        page.goto(path)
        name = f"{language}-{width}-{path.strip('/').replace('/', '-') or 'front'}.png"
        assert len(page.screenshot(path=tmp_path / name, full_page=True)) > 5000
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path} is wider than the window"
        assert page.locator("html").get_attribute("lang") == language[:2]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page).response["violations"]
            assert not found, f"{path}, {scheme}: {[(each['id'], each['nodes'][0]['html'][:200]) for each in found]}"
    assert not said


def test_page_can_be_used_with_the_keyboard_alone(box: Box, visit: Callable[..., Page]) -> None:
    set_up(visit(), box)
    page = visit()
    page.goto("/login")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    page.goto("/accounts")
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.getAttribute('href')"))
        if reached >= {"#main", "/", "/settings", "q", "user", "range"}:
            break
    assert reached >= {"#main", "/", "/settings", "q", "user", "range"}
    page.locator("#user").focus()
    page.keyboard.type("555")
    page.keyboard.press("Enter")
    page.wait_for_url("**/accounts/555")


def test_reset_form_shows_the_line_of_what_is_ticked_without_scripts(box: Box, visit: Callable[..., Page]) -> None:
    page = visit(scripts=False)
    set_up(page, box)
    page.goto("/system")
    form = page.locator("form[action='/system/factory-reset']")
    page.locator("details", has=form).locator("summary").click()
    expect(form.locator("code:visible")).to_have_text("factory-reset keep-network")
    form.locator("input[type=checkbox]").uncheck()
    expect(form.locator("code:visible")).to_have_text("factory-reset")


def test_phone_that_says_much_of_itself_leaves_other_columns_their_words(box: Box, visit: Callable[..., Page]) -> None:
    page = visit()
    set_up(page, box)
    contact = f"sip:101@192.0.2.7;transport=tcp;pn-provider=apns;pn-prid={'0123456789abcdef' * 12}"
    box.run("binding", "add", "101", contact, "--static")
    for path in ("/", "/accounts", "/accounts/101"):
        page.goto(path)
        for cell in page.locator("th, td.number, td button.link").all():
            assert cell.evaluate(LINES) <= 1, (path, cell.inner_text())
        for column in page.locator("th").all():  # Room for a number.
            assert column.evaluate("(it) => it.clientWidth") >= 80, (path, column.inner_text())
        assert page.evaluate("document.documentElement.scrollWidth") <= 1400


def test_six_cards_are_printed_on_a_page_and_nothing_else(box: Box, visit: Callable[..., Page]) -> None:
    page = visit()
    set_up(page, box)
    page.goto("/accounts")
    page.get_by_label("Numbers").fill("201-210")
    page.locator("form[action='/accounts/range'] button").click()
    expect(page.get_by_role("status")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(".card")).to_have_count(12)
    expect(page.get_by_role("status")).to_be_hidden()
    assert page.evaluate("document.querySelector('.cards').scrollWidth") <= page.evaluate("innerWidth")
    assert len(re.findall(rb"/Type /Page\b", page.pdf(prefer_css_page_size=True))) == 2


def test_code_of_a_card_and_paper_are_white_whatever_colours_somebody_has(box: Box, visit: Callable[..., Page]) -> None:
    page = visit()
    set_up(page, box)
    page.goto("/accounts/101/card")
    page.emulate_media(forced_colors="active", color_scheme="dark")
    white, black = "rgb(255, 255, 255)", "rgb(0, 0, 0)"
    for place, color in ((".qr", white), (".card", black)):
        assert page.locator(place).evaluate("(it) => getComputedStyle(it).backgroundColor") == color
    page.emulate_media(media="print", forced_colors="none", color_scheme="dark")
    page.goto("/calls")
    assert page.locator(".sheet").last.evaluate("(it) => getComputedStyle(it).backgroundColor") == white
    expect(page.get_by_role("search")).to_be_hidden()


def test_file_that_is_too_large_is_refused_on_a_page_that_leads_back(
    box: Box, visit: Callable[..., Page], tmp_path: Path
) -> None:
    large = tmp_path / "large.backup"
    large.write_bytes(b"x" * (9 << 20))
    page = visit()
    set_up(page, box)
    page.goto("/system")
    page.get_by_label("Backup file").set_input_files(large)
    page.locator("#sealed").fill("four words of mine")
    page.locator("form[action='/system/restore'] button").click()
    expect(page.get_by_role("heading", name="413")).to_be_visible()
    page.get_by_role("link", name="To the form").click()
    page.wait_for_url("**/system")


def test_plain_http_leads_to_https_and_takes_no_password(box: Box, visit: Callable[..., Page]) -> None:
    """From the box itself it is whole; so what others see is asked for by another address of it."""
    shown = box.run("status")
    page = visit()
    page.goto("/trust")
    said = "".join(page.locator(".print").all_inner_texts()).replace(" ", "")
    assert said.replace(":", "") in shown.replace(":", "")
    assert page.get_by_role("link", name="Go on over https").get_attribute("href") == url(box) + "/"


def test_phones_are_served_though_no_certificate_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "data" / "tls" / "ca.key.tmp").mkdir(parents=True)
    box = Box(tmp_path / "data", hosts=("127.0.0.1",), options=("--web=https:127.0.0.1:0",))
    box.start()
    try:
        assert "no certificate was made" in box.log() and "up for" in box.run("status")
    finally:
        box.kill()


def test_browser_that_trusts_the_ca_needs_no_exception(box: Box) -> None:
    import http.client
    import ssl

    trusting = ssl.create_default_context(cafile=str(box.data / "tls" / "ca.crt"))
    port = int(url(box).rpartition(":")[2])
    client = http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=trusting)
    client.request("GET", "/healthz")
    assert client.getresponse().read() == b"ok\n"
    client.close()
