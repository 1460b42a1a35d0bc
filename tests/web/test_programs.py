"""What programs are answered: the API, /healthz and /metrics, over a box in memory."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from frontdesk_web.api import ROWS, Row

from frontdesk.control import TABLE
from frontdesk.control.verbs import checked
from frontdesk.model import Sentence
from tests.control.desk import phone
from tests.web.house import Browser, House


@pytest.fixture
def api(house: House) -> Browser:
    """A program with an admin token."""
    token = house.desk.do("token add", name="program", role="admin")["token"]
    program = house.browser()
    program.headers["Authorization"] = f"Bearer {token}"
    return program


def test_api_does_what_the_verbs_do(house: House, api: Browser) -> None:
    made = api.post("/api/1/accounts", json={"user": "102", "name": "Workshop"}).json()
    assert made["user"] == "102" and len(made["password"]) == 16
    assert api.patch("/api/1/accounts/102", json={"assignment": "name=Lab"}).status_code == 200
    assert api.post("/api/1/accounts/102/aliases", json={"alias": "lab"}).status_code == 200
    assert api.post("/api/1/accounts/102/devices", json={"device": "mobile"}).status_code == 200
    assert api.post("/api/1/accounts/102/bindings", json={"contact": "sip:x@192.0.2.7"}).status_code == 200
    [told] = [each for each in api.get("/api/1/accounts").json() if each["user"] == "102"]
    assert told["name"] == "Lab" and told["aliases"] == ["lab"] and told["devices"] == ["mobile"]
    assert len(api.get("/api/1/bindings").json()) == 1 and len(api.get("/api/1/devices?user=102").json()) == 1
    assert api.delete("/api/1/accounts/102/bindings?contact=sip:x@192.0.2.7").status_code == 200
    assert api.put("/api/1/settings/flush", json={"value": "5m"}).status_code == 200
    assert api.delete("/api/1/accounts/102").status_code == 200
    assert house.desk.box.settings.flush == 300 and [each["user"] for each in house.desk.do("account list")] == ["101"]


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.method} {row.path}") for row in ROWS])
def test_what_a_row_of_the_api_names_is_what_its_verb_takes(row: Row) -> None:
    verb = TABLE[row.verb]
    named = dict.fromkeys(re.findall(r"<(\w+)>", row.path), "x") | dict(row.fixed)
    asked = {each.name: "x" for each in verb.arguments if each.required}
    assert checked(verb, asked | named) == asked | named


def test_alias_is_removed_where_it_is_and_nowhere_else(house: House, api: Browser) -> None:
    house.desk.do("account add", user="102")
    house.desk.do("alias add", user="102", alias="door")
    for user in ("101", "999"):
        answer = api.delete(f"/api/1/accounts/{user}/aliases/door")
        assert answer.status_code == 404
        assert answer.json() == {"error": f"There is no alias 'door' of {user}: it reaches 102."}
    assert api.delete("/api/1/accounts/102/aliases/door").json() == {"alias": "door", "user": "102"}
    assert house.desk.do("alias list") == []


@pytest.mark.parametrize(
    ("key", "value", "typed"),
    [("max-bindings", 7, "7"), ("flush", 90.5, "90.5s"), ("web.allow-plain", True, "on"), ("web", False, "off")],
)
def test_value_of_a_setting_may_be_what_json_has_for_it(
    house: House, api: Browser, key: str, value: object, typed: str
) -> None:
    assert api.put(f"/api/1/settings/{key}", json={"value": value}).json()["value"] == typed
    assert house.desk.do("config get", key=key) == typed


@pytest.mark.parametrize(
    ("key", "value"), [("max-bindings", 0), ("max-bindings", 7.5), ("flush", True), ("web", 1), ("flush", [5])]
)
def test_value_that_a_setting_cannot_have_is_refused_however_json_has_it(
    house: House, api: Browser, key: str, value: object
) -> None:
    before = house.desk.do("config list")
    assert api.put(f"/api/1/settings/{key}", json={"value": value}).status_code == 400
    assert house.desk.do("config list") == before


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b"[" * 10_000, b'{"user": 5}', b'{"hue": "red"}', b"\xff"])
def test_api_refuses_what_it_cannot_read_in_one_sentence(house: House, api: Browser, body: bytes) -> None:
    answer = api.post("/api/1/accounts", content=body)
    assert answer.status_code == 400 and list(answer.json()) == ["error"]


def test_change_that_takes_nothing_needs_no_body(house: House, api: Browser) -> None:
    for method, path in (("DELETE", "enabled"), ("PUT", "enabled"), ("PUT", "password")):
        request = api.build_request(method, f"/api/1/accounts/101/{path}")
        request.headers.pop("Content-Length", None)
        assert api.send(request).json()["user"] == "101"
        assert house.desk.do("account list")[0]["enabled"] is (method == "PUT")


def test_api_says_404_for_what_is_not_there(api: Browser) -> None:
    for path in ("999", "101/aliases/none", "101/devices/none", "101/bindings?contact=sip:none@192.0.2.7"):
        assert api.delete(f"/api/1/accounts/{path}").status_code == 404
    assert api.put("/api/1/settings/none", json={"value": "on"}).status_code == 404
    assert api.put("/api/1/settings/timezone", json={"value": "Moon/Crater"}).status_code == 400
    assert api.get("/api/1/calls?limit=many").status_code == 400
    assert api.get(f"/api/1/calls?limit={'9' * 5000}").status_code == 400
    assert api.get("/api/1/status?words=x&self=y").status_code == 400
    assert api.get("/api/1/nothing").json()["error"]


def test_health_is_503_while_nothing_is_served(house: House) -> None:
    house.desk.box.listeners = []
    assert house.browser().get("/healthz").status_code == 503
    house.desk.box.listeners = ["udp:192.0.2.1:5060"]
    assert house.browser().get("/healthz").text == "ok\n"
    failing = SimpleNamespace(notices=[Sentence("The disk cannot be written")], pending=0, commits=0, bytes_written=0)
    house.desk.box.journal = failing
    answer = house.browser().get("/healthz")
    assert answer.status_code == 503 and answer.text.startswith("serving, but")


def test_metrics_are_for_the_box_itself_and_for_tokens(house: House, api: Browser) -> None:
    phone(house.desk)
    text = api.get("/metrics").text
    assert "frontdesk_bindings 1" in text and "Front desk" not in text and "sip:" not in text
    assert house.browser(source="127.0.0.1").get("/metrics").status_code == 200
    assert house.browser().get("/metrics").status_code == 401


def test_metrics_are_well_formed(api: Browser) -> None:
    for line in api.get("/metrics").text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) frontdesk_\w+ .+|frontdesk_\w+(\{\w+=\"[^\"]*\"\})? [\d.e+-]+", line)
