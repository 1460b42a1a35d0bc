"""A crawler: every page, form and API call is tried by whoever may not, and nothing opens."""

from __future__ import annotations

import re
from typing import Any

import pytest
from frontdesk_web.application import ROUTES
from frontdesk_web.gate import host_of
from frontdesk_web.route import SMALL, Need, Route
from frontdesk_web.sessions import IDLE
from httpx import Response

from tests.store.rows import NOW, clock
from tests.web.house import FORM, NAME, Browser, House, forms

NAMES = {"user": "101", "name": "style.css", "step": "box", "alias": "front", "device": "mobile", "key": "flush"}
OPEN = {"/static/<name>", "/healthz", "/trust", "/ca.crt", "/login", "/welcome"}
"""What needs no session: none of it tells who exists."""
TOKENS = (Need.READ_TOKEN, Need.ADMIN_TOKEN)


def path_of(route: Route) -> str:
    return re.sub(r"<(\w+)>", lambda match: NAMES[match[1]], route.path)


def ask(browser: Browser, route: Route, body: str | None = None, **headers: str) -> Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is None and route.method not in ("GET", "DELETE"):
        body = "{}"
    return browser.request(route.method, path_of(route), content=body, headers=given)


def place_of(answer: Response) -> str:
    """Where it leads."""
    return str(answer.headers.get("Location", "")).partition("?")[0]


def asking(*needs: Need) -> list[Any]:
    return [pytest.param(each, id=f"{each.method} {each.path}") for each in ROUTES if each.need in needs]


def state(house: House) -> Any:
    return house.desk.do("export", secrets=True).splitlines()[1:-1], house.desk.do("token list")


def test_what_needs_no_session_is_known_and_short() -> None:
    assert {each.path for each in ROUTES if each.need is Need.NOTHING} == OPEN | {"/metrics"}


def test_every_form_that_changes_something_is_the_administrators() -> None:
    others = {each.path for each in ROUTES if each.method == "POST" and each.need not in (Need.ADMIN, *TOKENS)}
    assert others == {"/login", "/logout", "/welcome", "/welcome/<step>"}


@pytest.mark.parametrize("route", asking(Need.CODE, Need.VIEWER, Need.ADMIN))
def test_nothing_opens_without_a_session(house: House, route: Route) -> None:
    before = state(house)
    answer = ask(house.browser(), route)
    assert (answer.status_code, place_of(answer)) in ((303, "/login"), (403, ""))
    assert state(house) == before


@pytest.mark.parametrize("route", asking(Need.CODE, Need.VIEWER, Need.ADMIN))
def test_box_without_a_password_shows_nothing_but_its_welcome(new: House, route: Route) -> None:
    answer = ask(new.browser(), route)
    assert (answer.status_code, answer.headers.get("Location")) in ((303, "/welcome"), (403, None))


@pytest.mark.parametrize("route", asking(Need.CODE, Need.ADMIN))
def test_who_only_looks_changes_nothing(house: House, route: Route) -> None:
    browser = house.logged_in("viewer", "only looking")
    csrf = forms(browser.get("/"))["/logout"]["csrf"]
    before = state(house)
    body = f"csrf={csrf}&user=999&address=192.0.2.9&name=x&role=admin" if route.method == "POST" else None
    answer = ask(browser, route, body, content_type=FORM)
    assert answer.status_code == 403 or place_of(answer) == "/"
    assert state(house) == before


@pytest.mark.parametrize("route", [each for each in asking(Need.ADMIN, Need.VIEWER) if each.values[0].method == "POST"])
def test_form_needs_the_token_of_its_own_session(house: House, route: Route) -> None:
    other = forms(house.logged_in().get("/"))["/logout"]["csrf"]
    browser = house.logged_in()
    before = state(house)
    for body in (f"csrf={other}", "csrf=", ""):
        answer = ask(browser, route, body, content_type=FORM)
        assert answer.status_code == 403
    assert state(house) == before
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("route", asking(*Need))
def test_foreign_host_gets_one_sentence(house: House, route: Route) -> None:
    browser = house.logged_in()
    answer = ask(browser, route, host="evil.example")
    assert answer.status_code == 421 and "web.names" in answer.text


@pytest.mark.parametrize("host", ["evil.example", "[fd00::7]"])
def test_foreign_host_is_told_how_it_becomes_a_name_of_the_box_and_not_which_there_are(house: House, host: str) -> None:
    foreign = {"Host": f"{host}:8443"}
    [line] = re.findall("`(.*)`", house.browser().get("/", headers=foreign).text)
    assert line == f"set web.names {host}"
    house.desk.do("config set", key="web.names", value="box.example")
    told = house.browser().get("/", headers=foreign).text
    assert f"with {host} behind the names that it has" in told and "box.example" not in told


@pytest.mark.parametrize("host", ["", ":443", "["])
def test_request_that_names_no_host_cannot_be_read(house: House, host: str) -> None:
    answer = house.browser().get("/", headers={"Host": host})
    assert answer.status_code == 400 and "cannot be read" in answer.text


@pytest.mark.parametrize("route", asking(*TOKENS))
def test_api_opens_to_no_cookie_and_no_bad_token(house: House, route: Route) -> None:
    before = state(house)
    for given in ("", "Bearer nothing", "Basic YWRtaW46eA=="):
        answer = ask(house.logged_in(), route, authorization=given)
        assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Bearer"
    assert state(house) == before


@pytest.mark.parametrize("route", asking(Need.ADMIN_TOKEN))
def test_read_token_changes_nothing(house: House, route: Route) -> None:
    token = house.desk.do("token add", name="reader")["token"]
    before = state(house)
    assert ask(house.browser(), route, authorization=f"Bearer {token}").status_code == 403
    assert state(house) == before


@pytest.mark.parametrize("route", asking(*Need))
def test_every_answer_has_the_headers_that_keep_a_browser_safe(house: House, route: Route) -> None:
    for answer in (ask(house.browser(), route), ask(house.logged_in(), route)):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize("route", asking(Need.VIEWER, Need.NOTHING))
def test_no_page_has_script_or_style_in_it(house: House, route: Route) -> None:
    if route.method != "GET" or route.path.startswith("/static"):
        return
    text = ask(house.logged_in(), route).text
    assert not re.search(r"<style|<script>|style=|\son\w+=|javascript:", text)


@pytest.mark.parametrize("route", [each for each in asking(*Need) if each.values[0].method != "GET"])
def test_body_that_is_too_large_is_refused_before_it_is_read(house: House, route: Route) -> None:
    browser = house.logged_in()
    answer = ask(browser, route, "x" * (route.most + 1)) if route.method != "DELETE" else None
    assert answer is None or answer.status_code == 413
    assert route.most <= 4 << 20 and (route.most == SMALL or route.need in (Need.ADMIN, *TOKENS))


# -- plain http --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", asking(*Need))
def test_http_beside_https_has_only_what_leads_there(house: House, route: Route) -> None:
    answer = ask(house.browser("http", sibling=True), route)
    if route.beside:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.headers.get("Location")) in ((303, "/trust"), (403, None))


def test_http_beside_https_is_whole_from_the_box_itself(house: House) -> None:
    browser = house.logged_in(scheme="http", source="127.0.0.1", sibling=True)
    assert browser.get("/").status_code == 200


def test_where_there_is_no_https_nothing_leads_there(house: House) -> None:
    house.site.https_port = 0
    assert place_of(house.browser("http").get("/trust")) == "/"


def test_where_the_certificate_was_given_http_leads_to_https_and_explains_nothing(house: House) -> None:
    """The box did not make it, and has no ca.crt that anybody could trust."""
    browser = house.browser("http", sibling=True)
    assert "made itself" in browser.get("/trust").text
    house.site.authority, house.site.https_port = b"", 8443
    assert place_of(browser.get("/trust")) == "https://frontdesk.local:8443/"


def test_password_over_plain_http_alone_is_refused_unless_the_setting_allows_it(house: House) -> None:
    house.site.https_port = 0
    browser = house.browser("http")
    assert "/login" not in forms(browser.get("/login"))
    answer = browser.post("/login", data={"password": "correct horse"})
    assert answer.status_code == 400 and "only over https" in answer.text
    house.desk.do("config set", key="web.allow-plain", value="on")
    house.logged_in(scheme="http")


def test_new_box_says_how_its_code_could_be_typed_over_plain_http_alone(new: House) -> None:
    new.site.https_port = 0
    page = new.browser("http").get("/welcome")
    assert "/welcome" not in forms(page) and "set web.allow-plain on" in page.text


def test_cookies_are_kept_from_scripts_other_sites_and_plain_http(house: House) -> None:
    cookie = house.browser().send_form("/login", "/login", password="correct horse").headers["Set-Cookie"]
    for part in ("__Host-frontdesk=", "HttpOnly", "Secure", "Path=/", "samesite=strict"):
        assert part.lower() in cookie.lower()


# -- sessions ----------------------------------------------------------------------------------------------------------


def test_form_of_another_site_logs_nobody_in(house: House) -> None:
    for origin in ("https://evil.example", "null", "http://[", ""):
        answer = house.browser().post("/login", data={"password": "correct horse"}, headers={"Origin": origin})
        assert answer.status_code == 403 and "another site" in answer.text


def test_form_in_no_character_set_is_one_sentence(house: House) -> None:
    body = '--x\r\nContent-Disposition: form-data; name="code"\r\n\r\n1\r\n--x--\r\n'
    kind = "multipart/form-data; boundary=x; charset=none-such"
    answer = house.browser().post("/login", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400 and "Traceback" not in answer.text


def test_form_with_a_part_that_has_no_name_cannot_be_read(house: House) -> None:
    body = "--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n"
    answer = house.browser().post("/login", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 400 and "cannot be read" in answer.text


def test_viewer_who_mistypes_stays_one(house: House) -> None:
    wrong = house.browser().post("/login", data={"password": "wrong", "role": "viewer"})
    assert forms(wrong)["/login"]["role"] == "viewer"


def test_idle_session_ends(house: House) -> None:
    browser = house.logged_in()
    house.desk.box.clock = clock(NOW + IDLE - 1)
    assert browser.get("/").status_code == 200
    house.desk.box.clock = clock(NOW + 2 * IDLE)
    assert browser.get("/").headers["Location"] == "/login"


@pytest.mark.parametrize(("who", "lasts"), [(("admin",), False), (("viewer", "only looking"), True)])
def test_a_page_that_asks_by_itself_keeps_no_administrator_logged_in(
    house: House, who: tuple[str, ...], lasts: bool
) -> None:
    browser = house.logged_in(*who)
    for seconds in (IDLE - 1, 2 * IDLE - 2):
        house.desk.box.clock = clock(NOW + seconds)
        answer = browser.get("/live")
    assert (answer.status_code == 200) is lasts


def test_cards_of_a_session_that_ended_by_itself_are_the_next_administrators(house: House) -> None:
    browser = house.logged_in()
    browser.send_form("/accounts/101", "/accounts/101/password")
    house.desk.box.clock = clock(NOW + 2 * IDLE)
    assert browser.get("/cards").headers["Location"].startswith("/login")
    house.logged_in("viewer", "only looking")
    other = house.logged_in()
    assert len(re.findall(r"<dd>\w{16}</dd>", other.get("/cards").text)) == 1
    other.send_form("/", "/logout")
    assert "No password was made" in house.logged_in().get("/cards").text, "who logs out lets go of them"


LINK = re.compile(r'<p><a href="([^"]+)">(.*?)</a></p>')


@pytest.mark.parametrize(
    ("action", "page"),
    [("/settings/commit", "/settings"), ("/accounts/101/name", "/accounts/101"), ("/system/restore", "/system")],
)
def test_old_form_and_one_that_is_too_large_lead_to_a_new_one(house: House, action: str, page: str) -> None:
    browser = house.logged_in()
    old = browser.post(action, data={"csrf": "old"})
    assert old.status_code == 403 and forms(old).keys() == forms(browser.get(page)).keys()
    large = browser.post(action, data={"csrf": "x" * (4 << 20)})
    assert large.status_code == 413 and LINK.findall(large.text) == [(page, "To the form")]


def test_who_has_to_log_in_comes_to_what_was_asked_for(house: House) -> None:
    browser = house.browser()
    for wanted in ("/accounts/101", "/accounts?q=a%20b&start=50"):
        at = browser.get(wanted).headers["Location"]
        wrong = browser.send_form(at, "/login", password="wrong")
        answer = browser.post("/login", data=forms(wrong)["/login"] | {"password": "correct horse"})
        assert answer.headers["Location"] == wanted
        browser.send_form("/", "/logout")


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "/\\evil.example", "https://evil.example", "\\\\evil.example", "/\t/evil.example",
               "\r\nLocation: //evil.example", "javascript:alert(1)", " //evil.example", "/\u2028/evil.example"]
)  # fmt: skip
def test_login_leads_to_no_other_host(house: House, wanted: str) -> None:
    browser = house.browser()
    for answer in (
        browser.post("/login", data={"password": "correct horse", "next": wanted}),
        browser.get("/login", params={"next": wanted}),
    ):
        assert re.fullmatch(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]+", answer.headers["Location"])


def test_old_login_form_says_what_is_wrong_and_shows_nobody_the_cards_of_another(house: House) -> None:
    browser = house.logged_in()
    browser.send_form("/accounts/101", "/accounts/101/password")
    assert "The password of 101" in browser.get("/accounts/101").text
    assert "That is not the password." in browser.post("/login", data={"password": "wrong"}).text
    words = {"old": "correct horse", "password": "another horse", "again": "another horse"}
    browser.send_form("/system", "/system/password", **words)
    assert "The password of 101" in browser.get("/accounts/101").text
    browser.post("/login", data={"password": "only looking", "role": "viewer"})
    assert browser.get("/login").headers["Location"] == browser.get("/welcome/box").headers["Location"] == "/"
    assert "The password of 101" not in browser.get("/accounts/101").text


def test_changed_password_ends_all_sessions_but_the_one_that_changed_it(house: House) -> None:
    other, browser = house.logged_in(), house.logged_in()
    words = {"old": "correct horse", "password": "another horse", "again": "another horse"}
    assert browser.send_form("/system", "/system/password", **words).status_code == 303
    assert browser.get("/").status_code == 200 and other.get("/").headers["Location"] == "/login"


def test_wrong_passwords_are_slowed_down_for_their_address_alone(house: House) -> None:
    browser = house.browser()
    codes = [browser.post("/login", data={"password": "wrong"}).status_code for _ in range(5)]
    assert codes == [400, 400, 400, 429, 429]
    house.logged_in(source="192.0.2.51")


def test_log_out_ends_the_session(house: House) -> None:
    browser = house.logged_in()
    cookie = browser.cookies["__Host-frontdesk"]
    browser.send_form("/", "/logout")
    answer = browser.get("/", headers={"Cookie": f"__Host-frontdesk={cookie}"})
    assert answer.headers["Location"] == "/login"


def test_redirects_lead_nowhere_else_whatever_a_request_says(house: House) -> None:
    answer = house.browser().get("/", headers={"X-Forwarded-Host": "evil.example"})
    assert answer.headers["Location"] == "/login"


@pytest.mark.parametrize(
    ("header", "host"),
    [("a:80", "a"), ("[::1]:443", "::1"), ("A.Local", "a.local"), ("", ""), ("[", ""), ("a@b", "b"), ("x:y:z", "x")],
)
def test_host_header_is_read_with_care(header: str, host: str) -> None:
    assert host_of(header) == host


def test_failure_shows_no_trace(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.desk.box, "disk", lambda: 1 / 0)
    answer = house.logged_in().get("/system")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text and "Traceback" not in answer.text and NAME not in answer.text
