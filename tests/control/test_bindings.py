"""Bindings as programs read them, and those made by hand."""

from __future__ import annotations

import pytest

from frontdesk.control import VerbError, text
from frontdesk.model import BindingState
from frontdesk.sip.wire import Flow
from tests.control.desk import Desk, phone
from tests.store.rows import NOW


def test_snapshot_has_the_fields_that_programs_know(desk: Desk) -> None:
    phone(desk, q=0.5, reg_id=1, path=("<sip:p1;lr>",), contact="sip:101@192.0.2.9:5060")
    [row] = desk.do("bindings")
    assert row == {
        "aor": "sip:101@example.com",
        "contact": "sip:101@192.0.2.9:5060",
        "received": "192.0.2.9:1025",
        "transport": "udp",
        "expires": 3600,
        "q": 0.5,
        "instance": "<urn:uuid:1>",
        "reg_id": 1,
        "path": ["<sip:p1;lr>"],
        "user_agent": "Snom D785",
        "call_id": "abc@192.0.2.9",
        "cseq": 7,
        "registered": "2027-01-15T07:59:00Z",
        "seen": "2027-01-15T07:59:59Z",
        "state": "live",
    }


def test_ipv6_is_in_brackets(desk: Desk) -> None:
    phone(desk, flow=Flow("udp", ("::1", 5060), ("2001:db8::9", 5061)))
    assert desk.do("bindings")[0]["received"] == "[2001:db8::9]:5061"


def test_expired_bindings_are_not_shown(desk: Desk) -> None:
    phone(desk, expires_at=NOW)
    assert desk.do("bindings") == []


def test_static_binding_is_there_at_once_and_for_good(desk: Desk) -> None:
    desk.do("binding add", user="101", contact="<sip:door@192.0.2.7>", static=True)
    [row] = desk.do("bindings")
    assert (row["contact"], row["state"], row["expires"]) == ("sip:door@192.0.2.7", BindingState.STATIC, None)
    assert desk.restart().contacts() == ["sip:door@192.0.2.7"]


def test_where_nobody_is_found_who_says_no_more_than_that(desk: Desk) -> None:
    assert text.who(desk.do("who", search="nobody")) == "No account was found."
    desk.do("account remove", user="101")
    assert text.who(desk.do("who")) == "No account was found."


def test_static_binding_with_a_preference(desk: Desk) -> None:
    desk.do("binding add", user="101", contact="sip:gsm@192.0.2.8", static=True, q="0,5")
    assert [row["q"] for row in desk.do("bindings")] == [0.5]
    assert "static, q 0.5" in text.bindings(desk.do("bindings"))
    assert "sip:gsm@192.0.2.8, q 0.5" in text.who(desk.do("who"))
    assert [row["q"] for row in desk.restart().do("bindings")] == [0.5]


@pytest.mark.parametrize(
    ("contact", "seen_at"), [("", "disabled"), ("sip:gsm@192.0.2.8", "sip:gsm@192.0.2.8, disabled")]
)
def test_who_is_disabled_is_told_as_that_with_and_without_a_place(desk: Desk, contact: str, seen_at: str) -> None:
    assert text.who(desk.do("who")).splitlines()[1].split()[2] == "-"
    if contact:
        desk.do("binding add", user="101", contact=contact, static=True)
    desk.do("account disable", user="101")
    answer = desk.do("who")
    assert f" {seen_at} " in text.who(answer) and not answer["accounts"][0]["reached"]


@pytest.mark.parametrize("q", ["", "2", "0.1234", "-1", "first", "1.001"])
def test_preference_is_a_qvalue(desk: Desk, q: str) -> None:
    with pytest.raises(VerbError, match="0 to 1"):
        desk.do("binding add", user="101", contact="sip:gsm@192.0.2.8", static=True, q=q)
    assert desk.contacts() == []


def test_preference_of_a_place_may_change(desk: Desk) -> None:
    place = {"user": "101", "contact": "sip:gsm@192.0.2.8", "static": True}
    desk.do("binding add", **place)
    desk.do("binding add", **place, q=0.5)
    assert [(row["contact"], row["q"]) for row in desk.do("bindings")] == [("sip:gsm@192.0.2.8", 0.5)]
    with pytest.raises(VerbError, match="already"):
        desk.do("binding add", **place, q="0.5")
    text = desk.do("export").replace("sip:gsm@192.0.2.8 0.5", "sip:gsm@192.0.2.8 0.9")
    answer = desk.do("import", text="".join(line.partition(" ")[2] + "\n" if line[0].isdigit() else line + "\n"
                                             for line in text.splitlines()[:-1]))
    assert answer["changed"] == 1
    for each in (desk, desk.restart()):
        assert [row["q"] for row in each.do("bindings")] == [0.9]


def test_static_binding_is_written_once(desk: Desk) -> None:
    before = desk.store._connection.total_changes
    desk.do("binding add", user="101", contact="sip:door@192.0.2.7", static=True)
    assert desk.store._connection.total_changes - before == 1


def test_static_binding_that_cannot_be_written_is_not_there(desk: Desk) -> None:
    desk.full = True
    with pytest.raises(VerbError, match="full"):
        desk.do("binding add", user="101", contact="sip:door@192.0.2.7", static=True)
    assert desk.contacts() == []


@pytest.mark.parametrize("contact", ["door", "tel:5", "sip:", "sip:a b@x", "sip:x@y\r\nz", "mailto:a@b"])
def test_static_binding_needs_a_sip_uri(desk: Desk, contact: str) -> None:
    with pytest.raises(VerbError, match="is no SIP URI"):
        desk.do("binding add", user="101", contact=contact, static=True)


@pytest.mark.parametrize("contact", ["sip:door@192.0.2.7;transport=WS", "sip:x@y;transport=sctp", "sip:x@y.invalid"])
def test_place_that_the_box_cannot_call_is_none(desk: Desk, contact: str) -> None:
    """It was said to be reached there, and each call to it failed."""
    with pytest.raises(VerbError, match="cannot call"):
        desk.do("binding add", user="101", contact=contact, static=True)
    assert desk.contacts() == []
    desk.do("binding add", user="101", contact="sips:door@192.0.2.7;transport=TCP", static=True)


def test_only_static_bindings_are_added_by_hand(desk: Desk) -> None:
    with pytest.raises(VerbError, match="--static"):
        desk.do("binding add", user="101", contact="sip:door@192.0.2.7")


def test_removed_binding_is_gone_for_good(desk: Desk) -> None:
    kept = phone(desk).contact
    gone = phone(desk).contact
    desk.do("binding remove", user="101", contact=gone)
    assert desk.contacts() == [kept]
    assert desk.restart().contacts() == [kept]
    with pytest.raises(VerbError, match="no binding"):
        desk.do("binding remove", user="101", contact=gone)


def test_binding_that_is_removed_while_no_box_runs_is_not_there_at_the_next_start(desk: Desk) -> None:
    kept, gone = phone(desk).contact, phone(desk).contact
    desk.box.core = None
    desk.do("binding remove", user="101", contact=gone)
    assert desk.restart().contacts() == [kept]


def test_phone_whose_connection_is_closed_is_told_to_be_so(desk: Desk) -> None:
    """It is not reached before it registers anew, whatever its expiry says."""
    flow = Flow("tcp", ("192.0.2.1", 5060), ("192.0.2.9", 40000), 7)
    binding = phone(desk, flow=flow)
    assert [row["state"] for row in desk.do("bindings")] == ["live"]
    binding.connected = False
    assert [row["state"] for row in desk.do("bindings")] == ["closed"]
    answer = desk.do("who")
    (device,) = answer["accounts"][0]["devices"]
    assert device["state"] == "closed" and "TCP, closed" in text.who(answer)
