"""Who is refused is a problem, with the reason and the cure, until that is put right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from frontdesk.control import alarms
from frontdesk.control.phone_problems import MOST_REFUSALS, RECENT
from frontdesk.control.refusals import REFUSALS
from frontdesk.control.times import iso
from frontdesk.core.core import UNTOLD
from frontdesk.events import Event, Incoming, Kind, Wording
from frontdesk.model import Secret
from frontdesk.sip.errors import Rule
from frontdesk.sip.wire import Flow
from tests.control.desk import Desk, phone
from tests.control.telling import refuse, told
from tests.store.rows import NOW, REALM, WALL

REGISTERED = Wording("registered")


def test_wrong_password_is_told_with_the_phone_the_account_the_count_and_the_cure(desk: Desk) -> None:
    desk.now = NOW - 300
    for _ in range(14):
        refuse(desk, "wrong-password")
        desk.now += 1
    [problem] = told(desk)
    assert problem["text"] == "192.0.2.23 answers with a password that is not 101's"
    assert problem["times"] == 14 and problem["since"] == iso(WALL - 300) and "Type" in problem["cure"]


def test_pbx_that_is_refused_for_many_accounts_is_told_of_once(desk: Desk) -> None:
    for number, at in enumerate((NOW - 60, NOW - 300, NOW - 30)):
        desk.do("account add", user=f"{110 + number}")
        desk.now = at
        for _ in range(number + 1):
            refuse(desk, "bad-uri", account=f"{110 + number}")
    [problem] = told(desk)
    assert problem["text"] == "192.0.2.23 passes on what somebody else has signed"
    assert (problem["times"], problem["since"], problem["account"]) == (6, iso(WALL - 300), "")


def test_phones_of_one_house_are_told_of_one_by_one_though_the_same_is_wrong(desk: Desk) -> None:
    desk.do("account add", user="102")
    for account in ("101", "102"):
        refuse(desk, "bad-credentials", account=account)
    assert sorted(problem["account"] for problem in told(desk)) == ["101", "102"]


def test_pbx_with_many_accounts_pushes_no_other_problem_out(desk: Desk) -> None:
    refuse(desk, "wrong-password", source="192.0.2.24:5060/udp")
    for number in range(MOST_REFUSALS):
        desk.do("account add", user=f"{110 + number}")
        desk.now += 1
        refuse(desk, "bad-uri", account=f"{110 + number}")
    assert len(told(desk)) == 2


@pytest.mark.parametrize(("rule", "account"), [("wrong-password", "101"), ("unknown-user", ""), ("unknown-domain", "")])
def test_phone_that_got_in_after_all_is_no_problem(desk: Desk, rule: str, account: str) -> None:
    desk.now = NOW - 60
    refuse(desk, rule, account)
    desk.core.events.add(Event(NOW - 30, Kind.REGISTERED, "101", REGISTERED, (), "192.0.2.23:40000/tcp"))
    assert told(desk) == []


def test_phone_that_renews_its_registration_is_no_problem_though_that_is_no_event(desk: Desk) -> None:
    there = phone(desk)
    assert there.flow is not None
    desk.now = NOW - 60
    refuse(desk, "wrong-password", source=there.flow.source)
    there.seen_at = NOW - 61
    assert len(told(desk)) == 1
    there.seen_at = NOW - 30
    assert told(desk) == []


def test_refusal_whose_cause_was_put_right_is_no_problem(desk: Desk) -> None:
    refuse(desk, "unknown-user", "", "102")
    refuse(desk, "unknown-user", "", "reception")
    refuse(desk, "unknown-domain", "", "office.example")
    desk.do("account add", user="102")
    desk.do("alias add", user="102", alias="reception")  # which is dialled, but logs nobody in
    desk.do("account disable", user="102")
    refuse(desk, "disabled-account", "102", "102")
    assert {problem["words"]["name"] for problem in told(desk)} == {"102", "reception", "office.example"}
    desk.do("account enable", user="102")
    desk.box.directory.domains.add("office.example")
    assert {problem["words"]["name"] for problem in told(desk)} == {"reception"}


def test_phone_behind_a_router_is_a_problem_though_another_account_there_gets_in(desk: Desk) -> None:
    desk.now = NOW - 60
    refuse(desk, "wrong-password")
    desk.core.events.add(Event(NOW - 30, Kind.CALLING, "102", Wording("calls 103"), (), "192.0.2.23:5062/udp"))
    assert len(told(desk)) == 1


def test_two_phones_that_have_both_got_in_are_no_problem(desk: Desk) -> None:
    desk.now = NOW - 60
    for host in (7, 8):
        refuse(desk, "wrong-password", source=f"192.0.2.{host}:5060/udp")
    for host in (7, 8):
        assert len(told(desk)) == 1
        desk.core.events.add(Event(NOW - 30, Kind.REGISTERED, "101", REGISTERED, (), f"192.0.2.{host}:5060/udp"))
    assert told(desk) == []


def test_what_was_not_put_right_stays_a_problem(desk: Desk) -> None:
    there = phone(desk)
    assert there.flow is not None
    there.seen_at = NOW + 60
    refuse(desk, "unknown-domain", "", f"{REALM}:5071")
    refuse(desk, "other-caller", "101", f"102@{REALM}", source=there.flow.source)
    assert len(told(desk)) == 2, "a port at which nobody listens; a name that a renewal does not change"


def test_account_without_a_hash_of_the_algorithm_has_no_password(desk: Desk) -> None:
    refuse(desk, "no-password")
    desk.do("config set", key="algorithms", value="SHA-256")
    md5 = dict.fromkeys(["MD5"], "a" * 32)
    desk.box.directory.put(replace(desk.box.account("101"), secrets=(Secret("", md5),)))
    assert len(told(desk)) == 1
    desk.do("account passwd", user="101")
    assert told(desk) == []


def test_refusal_of_an_account_that_is_gone_is_no_problem(desk: Desk) -> None:
    desk.do("account add", user="102")
    refuse(desk, "wrong-password", "102")
    assert len(told(desk)) == 1
    desk.do("account remove", user="102")
    assert told(desk) == []


def test_two_phones_that_are_refused_for_nobody_are_two_problems(desk: Desk) -> None:
    for host in (7, 8, 7):
        refuse(desk, "other-realm", "", "", source=f"192.0.2.{host}:5060/udp")
    assert sorted(problem["text"][:9] for problem in told(desk)) == ["192.0.2.7", "192.0.2.8"]


def test_phone_is_a_problem_though_another_one_of_its_account_gets_in(desk: Desk) -> None:
    desk.now = NOW - 60
    refuse(desk, "wrong-password")
    desk.core.events.add(Event(NOW - 30, Kind.CALLING, "101", Wording("calls 102"), (), "192.0.2.24:5060/udp"))
    assert [problem["times"] for problem in told(desk)] == [1]
    refuse(desk, "wrong-password", source="192.0.2.25:5060/udp")
    assert [problem["text"].partition(" ")[0] for problem in told(desk)] == ["192.0.2.25", "192.0.2.23"]


def test_what_was_long_ago_is_no_problem(desk: Desk) -> None:
    desk.now = NOW - RECENT - 1
    refuse(desk, "wrong-password")
    assert told(desk) == []


def test_guesses_from_everywhere_are_no_phones_mistake(desk: Desk) -> None:
    for host in (7, 8, 8):
        refuse(desk, "wrong-password", source=f"203.0.113.{host}:5060/udp")
    desk.core.events.add(Event(desk.now, Kind.REGISTERED, "101", REGISTERED, (), "203.0.113.8:5060/udp"))
    (problem,) = told(desk)
    assert problem["text"] == (
        "Several addresses answer with passwords that are not 101's; the last one was 203.0.113.8"
    )
    assert problem["times"] == 3


def test_every_refusal_that_is_told_has_its_sentence() -> None:
    assert set(REFUSALS) == set(Rule) - UNTOLD


@pytest.mark.parametrize("rule", REFUSALS)
def test_every_refusal_gives_a_whole_sentence(desk: Desk, rule: Rule) -> None:
    refuse(desk, rule, "101", "109.example", source="[2001:db8::1]:5060/tcp")
    [problem] = told(desk)
    assert "2001:db8::1" in problem["text"] and "{" not in problem["text"] and problem["cure"].endswith(".")


def test_each_phone_that_does_not_get_along_with_the_boxs_tls_is_named(desk: Desk) -> None:
    for port in (1, 2):
        for host in ("192.0.2.8", "192.0.2.9"):
            refuse(desk, "turned-away", "", source=f"{host}:{port}/tls")
    assert [problem["text"].partition(" ")[0] for problem in told(desk)] == ["192.0.2.8", "192.0.2.9"]


def test_strangers_are_told_by_the_name_that_they_want_and_a_scan_is_cut_off(desk: Desk) -> None:
    for number in range(100):
        refuse(desk, "unknown-user", "", f"9{number:03}", f"192.0.2.9:{number}/udp")
        desk.now += 1
    refuse(desk, "wrong-password")
    problems = told(desk)
    assert len(problems) == MOST_REFUSALS + 1 and problems[0]["account"] == "101"
    assert problems[-1]["text"] == "Further phones are refused as well"
    assert problems[1]["text"] == "192.0.2.9 wants to be 9099, and there is no such account"


def test_who_turns_away_is_told_last_and_is_no_alarm(desk: Desk) -> None:
    """Any program may look whether the box is there."""
    for number in range(MOST_REFUSALS + 1):
        refuse(desk, "turned-away", "", source=f"198.51.100.{number}")
        desk.now += 1
    refuse(desk, "untrusted", "", source="192.0.2.9:5061/tls")
    problems = told(desk)
    assert problems[0]["text"].startswith("192.0.2.9 does not trust") and len(problems) == MOST_REFUSALS + 1
    assert [problem["text"][:9] for problem in alarms(desk.box)] == ["192.0.2.9"]


def test_who_is_registered_has_turned_away_from_nothing(desk: Desk) -> None:
    phone(desk, flow=Flow("tls", ("192.0.2.1", 5061), ("192.0.2.23", 5070), 1))
    refuse(desk, "turned-away", "", source="192.0.2.23")
    assert told(desk) == []


def test_call_over_tls_that_cannot_go_is_a_problem_until_the_box_is_heard_so(desk: Desk) -> None:
    refuse(desk, "tls-off", "", "listen", "192.0.2.9:5061/tls")
    [problem] = told(desk)
    assert "Calls to 192.0.2.9 are to go over TLS" in problem["text"] and "`listen`" in problem["cure"]
    desk.box.directory.listen("192.0.2.1", 5061, "tls")
    assert told(desk) == []


def test_pbx_that_is_not_trusted_is_a_problem_until_it_calls(desk: Desk) -> None:
    desk.now = NOW - 60
    text, pbx = "INVITE refused: no credentials from 192.0.2.50", "192.0.2.50:5060/udp"
    desk.core.events.add(Event(desk.now, Kind.REFUSED, "", Wording(text), (), pbx, "never-answered"))
    [problem] = told(desk)
    assert problem["text"] == "192.0.2.50 calls and shows no password" and "`peer add`" in problem["cure"]
    desk.core.events.add(Event(NOW - 30, Kind.CALLING, "", Wording("calls 101"), (), pbx))
    assert told(desk) == []


@pytest.mark.parametrize("rule", ["never-answered", "wrong-password", "other-caller", "bad-uri"])
def test_pbx_that_is_trusted_by_now_is_no_problem_before_it_calls_again(desk: Desk, rule: str) -> None:
    refuse(desk, rule, source="192.0.2.50:5060/udp", method="INVITE")
    assert len(told(desk)) == 1
    desk.do("peer add", address="192.0.2.50")
    assert told(desk) == []


def test_pbx_that_registers_with_a_wrong_password_is_a_problem_though_it_is_trusted(desk: Desk) -> None:
    desk.do("peer add", address="192.0.2.50")
    refuse(desk, "wrong-password", source="192.0.2.50:5060/udp")
    assert len(told(desk)) == 1


def test_pbx_with_two_addresses_is_a_problem_until_both_are_trusted(desk: Desk) -> None:
    for address in ("192.0.2.50", "192.0.2.51"):
        refuse(desk, "wrong-password", source=f"{address}:5060/udp", method="INVITE")
    for address, left in (("192.0.2.51", 1), ("192.0.2.50", 0)):
        desk.do("peer add", address=address)
        assert len(told(desk)) == left


@pytest.mark.parametrize(
    ("device", "at", "is_told"),
    [
        ("sip:0301@192.0.2.50:5061;transport=tls", NOW - 30, False),
        ("sip:0301@192.0.2.50:5061;transport=tls", NOW - 90, True),
        ("sip:0301@pbx.example;transport=TLS", NOW - 30, False),
        ("sip:0301@192.0.2.50:5060", NOW - 30, True),
        ("sip:0301@192.0.2.51;transport=tls", NOW - 30, True),
    ],
)
def test_certificate_that_is_trusted_by_now_is_no_problem(
    desk: Desk, device: str, at: float, *, is_told: bool
) -> None:
    """As an answered call over TLS shows."""
    desk.do("binding add", user="101", contact="sip:pbx.example;transport=tls", static=True)
    desk.now = NOW - 60
    refuse(desk, "untrusted-peer", "", source="192.0.2.50:5061/tls")
    caller = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.23", 5060))
    call = Incoming(at, "101", "102", "0301", caller, device=device)
    desk.core.events.add_incoming(call)
    assert len(told(desk)) == 1
    call.hear(200, NOW - 20)
    assert len(told(desk)) == is_told


def test_phone_whose_calls_the_box_does_not_take_is_told_until_it_calls(desk: Desk) -> None:
    refuse(desk, "not-understood", name="Bad Extension: privacy", method="INVITE")
    [problem] = told(desk)
    assert problem["text"].endswith("does not take (Bad Extension: privacy)") and problem["account"] == "101"
    desk.core.events.add(Event(NOW, Kind.RINGING, "101", REGISTERED, (), "192.0.2.23:5060/udp"))
    assert told(desk) == [problem]
    desk.core.events.add(Event(NOW + 1, Kind.CALLING, "101", REGISTERED, (), "192.0.2.23:5060/udp"))
    assert told(desk) == []
