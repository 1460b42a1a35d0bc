"""The table of verbs, settings, peers, and the state of the box."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from frontdesk.control import TABLE, VERBS, VerbError, text
from frontdesk.control.configuration import LONGEST
from frontdesk.control.system import newest
from frontdesk.control.verbs import checked
from frontdesk.events import Event, Incoming, Kind, Wording
from frontdesk.model import Sentence, Settings
from frontdesk.proxy.calls import Call
from frontdesk.sip.wire import Flow
from tests.control.desk import Desk, finish, phone
from tests.store.rows import NOW


def test_every_verb_says_what_it_does_in_one_line() -> None:
    assert all(verb.help.endswith(".") and len(verb.help) <= 70 for verb in VERBS)
    assert all(argument.help for verb in VERBS for argument in verb.arguments)


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("make coffee", {}),
        ("account add", {}),
        ("account add", {"user": 5}),
        ("account add", {"user": "102", "colour": "red"}),
        ("account add", {"user": "102", "password": ["x"]}),
        ("binding add", {"user": "101", "contact": "sip:a@b", "static": "yes"}),
        ("calls", {"limit": -1}),
        ("calls", {"limit": True}),
        ("account import", {"text": "x" * (5 << 20)}),
        ("account remove", {"user": "102"}),
    ],
)
def test_bad_arguments_are_one_sentence(desk: Desk, words: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(VerbError, match=r"^[^\n]{1,200}\.$"):
        desk.do(words, **arguments)


def test_answers_of_all_reading_verbs_are_json_and_text(desk: Desk) -> None:
    phone(desk, user_agent="evil\x1b[2J\n\udcff")
    desk.core.events.add(Event(NOW, Kind.REFUSED, "101", Wording("wrong password\x07"), rule="wrong-password"))
    for verb in VERBS:
        if verb.json and verb.words not in ("ping", "test net"):  # They wait for echoes: test_network.py.
            arguments = {"key": "flush"} if verb.words == "config get" else {}
            answer = desk.do(verb.words, **arguments)
            assert json.loads(json.dumps(answer)) == answer
            assert verb.show(answer).replace("\n", "").isprintable()


def test_ext_is_another_word_for_account(desk: Desk) -> None:
    assert desk.do("ext add", user="102", password="secret")["user"] == "102"
    assert len(desk.do("ext list")) == 2


# -- settings ----------------------------------------------------------------------------------------------------------


def test_setting_is_used_at_once_and_kept(desk: Desk) -> None:
    assert desk.do("config set", key="max_bindings", value="3") == {"key": "max-bindings", "value": "3", "notes": []}
    assert [settings.max_bindings for settings in desk.taken] == [3]
    assert desk.do("config get", key="max-bindings") == "3"
    assert desk.restart().box.settings.max_bindings == 3


def test_key_and_value_may_be_one_word_and_default_takes_it_back(desk: Desk) -> None:
    desk.do("config set", key="flush=5m")
    assert desk.box.settings.flush == 300
    desk.do("config set", key="flush", value="default")
    assert desk.restart().box.settings == Settings()


@pytest.mark.parametrize(("key", "value"), [("colour", "red"), ("flush", "soon"), ("max-expires", "1m"), ("flush", "")])
def test_setting_that_cannot_be_changes_nothing(desk: Desk, key: str, value: str) -> None:
    with pytest.raises(VerbError):
        desk.do("config set", key=key, value=value)
    assert (desk.taken, desk.box.settings) == ([], Settings())


# -- peers -------------------------------------------------------------------------------------------------------------


def test_peer_is_trusted_until_it_is_removed(desk: Desk) -> None:
    desk.do("peer add", address="[2001:DB8::0:1]", name="pbx")
    assert desk.do("peer list") == [{"address": "2001:db8::1", "name": "pbx"}]
    assert desk.box.directory.peers == {"2001:db8::1": "pbx"}
    desk.do("peer add", address="2001:db8::1")  # once more: it keeps its name
    assert desk.restart().do("peer list") == [{"address": "2001:db8::1", "name": "pbx"}]
    desk.do("peer remove", address="2001:db8::1")
    assert not desk.restart().box.directory.peers
    for words in ("peer remove", "peer add"):
        with pytest.raises(VerbError, match="no"):
            desk.do(words, address="2001:db8::1" if words == "peer remove" else "pbx.example")
    with pytest.raises(VerbError, match="A name is one line"):  # no export with it could be read back
        desk.do("peer add", address="192.0.2.3", name="the\u00a0exchange")


# -- the box -----------------------------------------------------------------------------------------------------------


def test_status_has_the_fields_that_programs_know(desk: Desk) -> None:
    phone(desk)
    status = desk.do("status")
    assert list(status) == [
        "version", "uptime", "accounts", "bindings", "calls", "listeners", "provisioned", "journal", "memory",
    ]  # fmt: skip
    assert (status["uptime"], status["accounts"], status["bindings"], status["calls"]) == (90, 1, 1, 0)
    assert list(status["journal"]) == ["pending", "commits", "bytes_written"]
    assert status["memory"] > 1 << 20


def test_box_that_has_just_been_started_runs(desk: Desk) -> None:
    desk.box.started_at = NOW - 0.5
    assert desk.do("status")["uptime"] == 1, "0 says that it does not"
    desk.box.core = None
    assert desk.do("status")["uptime"] == desk.do("status")["memory"] == 0, "that of this command is nobody's"


def test_status_tells_what_has_to_be_known(desk: Desk) -> None:
    desk.box.notices.append(Sentence("The database was damaged."))
    assert desk.do("status")["notices"] == ["The database was damaged."]


def test_file_may_be_as_long_as_what_the_box_writes_and_no_longer() -> None:
    for words in ("restore", "import", "account import"):
        verb = TABLE[words]
        values = {argument.name: "x" for argument in verb.arguments if argument.required}
        checked(verb, values | {"text": "x" * LONGEST})
        with pytest.raises(VerbError, match=r"^FILE.* has more than 32768 KiB, the most that can be read\.$"):
            checked(verb, values | {"text": "x" * (LONGEST + 1)})


def test_events_are_of_one_account_or_of_all(desk: Desk) -> None:
    wrong = Wording("wrong password")
    desk.core.events.add(Event(NOW, Kind.REFUSED, "101", wrong, (), "192.0.2.9:5060/udp", "wrong-password"))
    desk.core.events.add(Event(NOW, Kind.REFUSED, "", Wording("unknown"), rule="unknown-user"))
    assert [row["text"] for row in desk.do("events", user="101")] == ["wrong password"]
    assert len(desk.do("events")) == 2


def test_events_say_how_often_as_problems_do(desk: Desk) -> None:
    for second in range(3):
        refused = Wording("wrong password"), (), "192.0.2.9:5060/udp", "wrong-password"
        desk.core.events.add(Event(NOW - 9 + second, Kind.REFUSED, "101", *refused))
    assert [row["times"] for row in desk.do("events")] == [row["times"] for row in desk.do("problems")] == [3]
    assert "wrong password (3 times)" in text.events(desk.do("events"))


def test_what_concerns_no_account_is_told_with_where_it_came_from(desk: Desk) -> None:
    for user in ("", "101"):
        desk.core.events.add(Event(NOW, Kind.CALLING, user, Wording("calls 102"), (), "192.0.2.5:5060/udp"))
    told = [line.partition("calls 102")[2] for line in text.events(desk.do("events")).splitlines()]
    assert told == [" from 192.0.2.5:5060/udp", ""]


def test_calls_that_are_up_are_told_while_the_disk_fails(desk: Desk) -> None:
    desk.core.proxy.calls.begin(Call(("a", "1"), "101", "101", "102", "192.0.2.9:5060/udp", NOW))
    desk.full = True
    assert [call["callee"] for call in desk.do("calls", limit=0)] == ["102"]
    with pytest.raises(VerbError, match=r"^The data cannot be read: database or disk is full\.$"):
        desk.do("calls")
    with pytest.raises(VerbError, match=r"^Nothing was changed"):
        desk.do("account add", user="102")


def test_call_that_both_phones_have_lost_stands_among_those_that_have_ended(desk: Desk) -> None:
    up, left = (Call((f"{name}@phone", "tag"), "101", "101", "102", "", NOW) for name in ("up", "left"))
    for call in (left, up):
        call.phone, call.phones, call.dialogs, call.answered_at = 1, {"callee": 2}, {"callee": True}, NOW
        desk.core.proxy.calls.begin(call)
    left.left = {1: NOW + 10, 2: NOW + 5}
    shown = [(row["call_id"], row["state"], row["result"]) for row in desk.do("calls")]
    assert shown == [("up@phone", "calling", None), ("left@phone", "ended", 200)]
    ended = datetime.fromisoformat(desk.do("calls")[1]["ended"])
    assert (ended - datetime.fromisoformat(desk.do("calls")[1]["answered"])).total_seconds() == 5
    assert desk.do("status")["calls"] == 1


def test_of_the_newest_events_the_last_comes_first(desk: Desk) -> None:
    for at, user in enumerate(("101", "102", "101", "101")):
        desk.core.events.add(Event(NOW + at, Kind.CALLING, user, Wording("calls {callee}"), (str(at),)))
    assert [row["text"] for row in finish(newest(desk.box, 2))] == ["calls 3", "calls 2"]
    assert [row["text"] for row in finish(newest(desk.box, 9, "101"))] == ["calls 3", "calls 2", "calls 0"]
    rows = finish(newest(desk.box, 9))
    assert rows[::-1] == desk.do("events") and rows[0]["text"].words == {"callee": "3"}


def test_events_of_an_account_tell_of_the_calls_that_were_to_ring_it(desk: Desk) -> None:
    caller = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.9", 5060))
    desk.core.events.add_incoming(Incoming(NOW, "101", "102", "101", caller, result=486))
    (row,) = answer = desk.do("events", user="101")
    assert (row["account"], row["kind"], row["source"], row["rule"]) == ("101", "ended", "192.0.2.9:5060/udp", "")
    assert TABLE["events"].show(answer).endswith("  101           ended         102 called: busy")
    assert desk.do("events") == []
