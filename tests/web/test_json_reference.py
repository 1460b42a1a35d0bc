"""JSON.md says what programs are answered: every field, its type and its values, against answers of a box."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from frontdesk_web.api import ROWS
from frontdesk_web.route import Need

from frontdesk.control import TABLE, Role, network
from frontdesk.control.bindings import CLOSED
from frontdesk.control.day import Day
from frontdesk.events import Event, Kind, Wording
from frontdesk.listeners import PORTS
from frontdesk.model import BindingState
from frontdesk.proxy.calls import Call, CallState
from tests.control.desk import Desk, phone
from tests.control.test_network import Wired, interface
from tests.store.rows import NOW
from tests.web.house import House, on_loop

REFERENCE = (Path(__file__).parents[2] / "firmware" / "JSON.md").read_text()
SECTIONS = dict(re.findall(r"^### `([^`]+)`.*?\n(.*?)(?=^##|\Z)", REFERENCE, re.M | re.S))
ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| .+ \|$", re.M)
CALLED = re.compile(r"^\| `(\w+)` \| `(\S+)` \| (\w+) \|(.*?)\| (.*?) \|$", re.M)
TYPES: dict[str, Any] = {
    "text": str, "time": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict,
}  # fmt: skip
LOOKING = sorted(verb.words for verb in TABLE.values() if verb.json)


def fields(answer: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of an answer, and how the reference calls its place."""
    if isinstance(answer, dict) and name != "words":
        for key, value in answer.items():
            yield from fields(value, f"{name}.{key}".lstrip("."))
    elif isinstance(answer, list):
        for value in answer:
            yield from fields(value, f"{name}[]".removeprefix("[]") if name else "")
        if not answer and name:
            yield f"{name}[]", ...
    else:
        yield name or "(all)", answer


def is_of(type_: str, value: object) -> bool:
    """Whether a value is one that the reference names."""
    kinds = re.split(r", | or ", re.sub(r"`[^`]*`(, | or )?", "", type_).strip())
    if value is ... or (value is None and "null" in kinds):
        return True
    if named := re.findall(r"`([^`]+)`", type_):
        return value in named
    kind = kinds[0]
    is_right = isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
    return is_right and (kind != "time" or datetime.fromisoformat(str(value)).tzinfo is not None)


@pytest.fixture
def answers(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Of every verb that looks, over a box in which all that can be told has happened."""
    desk = house.desk
    box, core = desk.box, desk.core
    new = Desk(tmp_path / "new")
    new.box.admin.settle_code()
    told: dict[str, list[Any]] = {"status": [new.do("status")]}
    box.site, box.day = Site(), Day(lambda: 1, lambda: 2, lambda: NOW)  # type: ignore[assignment]
    box.system = Wired(interface(addresses=("169.254.1.2/16",), gateway="192.0.2.1"), interface())
    box.log.append("a line")
    changes: tuple[tuple[str, dict[str, Any]], ...] = (
        ("alias add", {"user": "101", "alias": "reception"}),
        ("device add", {"user": "101", "device": "mobile"}),
        ("binding add", {"user": "101", "contact": "sip:door@192.0.2.7", "static": True, "q": "0.5"}),
        ("peer add", {"address": "192.0.2.5", "name": "pbx"}),
        ("config stage", {"key": "flush", "value": "5m"}),
        ("token add", {"name": "home"}),
    )
    for words, given in changes:
        desk.do(words, **given)
    phone(desk, path=("<sip:edge.example.com;lr>",), reg_id=1)
    call = Call(("a", "b"), "101", "101", "102", "", desk.now, CallState.ANSWERED, desk.now, "sip:102@192.0.2.9")
    ended = {"call_id": "c", "caller": "101", "callee": "102", "started": 1.8e9, "answered": None, "ended": 1.8e9,
             "result": 486, "device": ""}  # fmt: skip
    core.proxy.calls.begin(call)
    core.events.add(Event(desk.now, Kind.REFUSED, "101", Wording("no"), (), "192.0.2.9:5060/udp", "wrong-password"))

    async def echoes(address: str) -> list[float]:
        return [0.5]

    monkeypatch.setattr(network, "_echoes", echoes)
    on_loop(lambda: desk.records.change(calls=[ended]))
    asked: dict[str, dict[str, Any]] = {"config get": {"key": "flush"}, "ping": {"address": "192.0.2.1"}}
    for words in LOOKING:
        told.setdefault(words, []).append(desk.do(words, **asked.get(words, {})))
    return told


class Site:
    """A page that is there, and whose certificate cannot be made."""

    urls: ClassVar = ["https://192.0.2.1/"]
    fingerprint = "AB:CD"
    fault = "no room"
    unused = "given.crt is there alone"
    ends = 0.0
    http_port = https_port = 0


def test_all_that_looks_is_described_and_nothing_else() -> None:
    assert sorted(SECTIONS) == LOOKING


@pytest.mark.parametrize("words", LOOKING)
def test_fields_of_an_answer_are_those_of_the_reference(answers: dict[str, list[Any]], words: str) -> None:
    described = dict(ROW.findall(SECTIONS[words]))
    found = [pair for answer in answers[words] for pair in fields(answer)]
    assert {name for name, _ in found} == set(described)
    for name, value in found:
        assert is_of(described[name], value), f"{name} is {value!r}, and no {described[name]}"


def test_values_that_are_named_are_all_that_there_are() -> None:
    states = {*BindingState, CLOSED}
    for words, field, values in (
        ("bindings", "state", states),
        ("bindings", "transport", {*PORTS}),
        ("who", "accounts[].devices[].over", {each.upper() for each in PORTS}),
        ("who", "accounts[].devices[].state", states),
        ("calls", "state", {*CallState, "ended"}),
        ("events", "kind", {*Kind}),
        ("token list", "role", {*Role}),
    ):
        assert set(re.findall(r"`(\w+)`", dict(ROW.findall(SECTIONS[words]))[field])) == values


def test_all_that_is_there_over_the_network_is_described_with_what_it_takes() -> None:
    described = {(method, path): row for method, path, *row in CALLED.findall(REFERENCE)}
    assert described.keys() == {(row.method, f"/api/1/{row.path}") for row in ROWS}
    for row in ROWS:
        token, given, words = described[row.method, f"/api/1/{row.path}"]
        assert (token, words) == ("admin" if row.need is Need.ADMIN_TOKEN else "read", f"`{row.verb}`")
        elsewhere = {*re.findall(r"<(\w+)>", row.path), *dict(row.fixed)}
        takes = {each.name: each.required for each in TABLE[row.verb].arguments if each.name not in elsewhere}
        said = {name: not optional for optional, name in re.findall(r"(\()?`([\w-]+)`", given)}
        assert said.keys() == takes.keys() and not [name for name in takes if takes[name] and not said[name]]
