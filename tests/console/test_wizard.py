"""First boot: every question has a default, nothing is done before the last answer, and no secret is shown twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from frontdesk import __version__
from frontdesk.config import NETWORK
from frontdesk.control import VerbError
from frontdesk.control.answers import checked_zone
from frontdesk.control.first_boot_code import TRIES
from tests.console.visit import Visit

PROMPT = "frontdesk>"
QUESTIONS = ["Admin password", "Host name", "Time zone", "Network", "Domain", "First accounts", "Web page"]
MOST_QUESTIONS = 7


ANSWERS = (
    "correct horse\rcorrect horse\rLobby\rEurope/Berlin\r192.0.2.10/24 192.0.2.1 192.0.2.53\r"
    "Office.example\r0098-0101\roff\r"
)


def begin(visit: Visit) -> None:
    visit.type("\r")


def test_first_enter_answers_nothing(fresh: Visit) -> None:
    assert fresh.prompt.startswith("Enter sets this box up")
    begin(fresh)
    assert fresh.prompt.startswith(QUESTIONS[0])


def test_every_question_has_a_default(fresh: Visit) -> None:
    begin(fresh)
    asked = []
    while fresh.prompt != PROMPT:
        asked.append(fresh.prompt)
        shown = fresh.type("\r")
    assert [question.partition(" [")[0] for question in asked] == QUESTIONS and len(asked) <= MOST_QUESTIONS
    assert all(question.endswith("]:") for question in asked)
    password = re.findall(r"admin password is set, shown this once: (\S+)", shown)[0]
    assert sorted(fresh.desk.box.directory.accounts) == ["101", "102", "103", "104", "105"]
    fresh.say("exit")
    assert fresh.prompt == "Password:"
    fresh.type(password + "\r")
    assert fresh.prompt == PROMPT


def test_answers_are_what_the_box_becomes(fresh: Visit) -> None:
    begin(fresh)
    shown = fresh.type(ANSWERS)
    assert "horse" not in shown and fresh.prompt == PROMPT
    settings = fresh.desk.box.settings
    assert (settings.hostname, settings.timezone, settings.web) == ("lobby", "Europe/Berlin", False)
    assert (settings.net_address, settings.net_gateway) == ("192.0.2.10/24", "192.0.2.1")
    assert settings.net_dns == ("192.0.2.53",)
    assert fresh.desk.box.directory.realm == "office.example"
    assert sorted(fresh.desk.box.directory.accounts) == ["0098", "0099", "0100", "0101"]
    passwords = re.findall(r"^0\d+  (\S{16})$", shown, re.M)
    assert len(set(passwords)) == 4
    assert fresh.desk.box.admin.is_set and fresh.desk.box.admin.code is None


def test_interrupt_leaves_all_as_it_is_and_gives_the_full_prompt(fresh: Visit) -> None:
    for answered in range(len(QUESTIONS)):
        begin(fresh)
        shown = fresh.type("\r" * answered + "\x03")
        assert "There is no admin password yet" in shown and fresh.prompt == PROMPT
        assert not fresh.desk.box.directory.accounts and not fresh.desk.box.admin.is_set
        assert "There are no accounts yet." in fresh.say("show accounts")
        fresh.say("exit")


def test_box_without_a_password_logs_nobody_out(fresh: Visit) -> None:
    begin(fresh)
    fresh.type("\x03")
    fresh.wait(10_000)
    assert fresh.prompt == PROMPT


def test_first_boot_code_is_shown(fresh: Visit) -> None:
    fresh.desk.box.admin.settle_code()
    fresh.type("\x03")
    greeting = f"Frontdesk {__version__}\nFirst-boot code: {fresh.desk.box.admin.code}"
    assert greeting in fresh.say("exit")
    assert greeting in fresh.type("\r")  # Whoever has just opened his terminal has not seen it before.


@pytest.mark.parametrize("typed", ["\r", "\x03show status\r"])
def test_first_boot_code_that_is_shown_opens_the_page(fresh: Visit, typed: str) -> None:
    code = fresh.desk.box.admin.first_boot
    code.settle()
    for _ in range(TRIES):
        code.check("wrong", "192.0.2.9")
    shown = re.findall(r"First.boot(?: code:)? +([0-9A-Z]{8})", fresh.type(typed))
    assert code.check(shown[-1], "192.0.2.9")


@pytest.mark.parametrize(
    ("before", "answer", "sentence"),
    [
        (0, "short", "8 to 128 characters"),
        (0, "long enough\rlong enougH", "not the same"),
        (1, "my box", "letters, digits and dashes"),
        (1, "100", "with a letter"),
        (2, "here and there", "no time zone"),
        (2, "../../etc/passwd", "no time zone"),
        (3, "static", "192.0.2.10/24"),
        (3, "192.0.2.10", "with the length of its prefix"),
        (3, ",", "with the length of its prefix"),
        (3, "192.0.2.0/24 192.0.2.1", "a host of its network"),
        (3, "192.0.2.10/24 192.0.2.10", "own address"),
        (3, "192.0.2.10/24 198.51.100.1", "not in the network"),
        (4, "not a domain", "no name"),
        (5, "many", "no range"),
        (5, "110-101", "goes up"),
        (5, "1-9999", "at most 200"),
        (6, "perhaps", "on or off"),
    ],
)
def test_answer_that_cannot_be_is_asked_for_again(fresh: Visit, before: int, answer: str, sentence: str) -> None:
    begin(fresh)
    fresh.type("\r" * before)
    question = fresh.prompt
    assert sentence in fresh.type(answer + "\r")
    assert fresh.prompt == question


def test_time_zone_is_one_of_the_database_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe/Berlin").write_bytes(b"TZif2")
    (tmp_path / "leapseconds").write_text("# Allowance for leap seconds")
    for text in ("Europe/Berlin", "europe/berlin", "EUROPE/BERLIN"):
        assert checked_zone(text, tmp_path) == "Europe/Berlin"
    assert checked_zone("Mars/Phobos", tmp_path / "none") == "Mars/Phobos"
    for text in ("Mars/Phobos", "Europe", "leapseconds"):
        with pytest.raises(VerbError, match="no time zone"):
            checked_zone(text, tmp_path)


@pytest.mark.parametrize(
    "network",
    [
        ("192.0.2.10/24", "192.0.2.1", "192.0.2.53, 192.0.2.54"),
        ("192.0.2.10/24", "none", "192.0.2.53"),
        ("192.0.2.10/24", "192.0.2.1", "none"),
        ("dhcp", "none", "192.0.2.53"),
    ],
)
def test_enter_takes_the_network_as_it_is(fresh: Visit, network: tuple[str, ...]) -> None:
    for key, value in zip(NETWORK, network, strict=True):
        fresh.desk.do("config set", key=key, value=value)
    begin(fresh)
    fresh.type("\r" * 7)
    assert tuple(fresh.desk.do("config get", key=key) for key in NETWORK) == network


def test_address_alone_has_no_gateway_and_no_name_servers(fresh: Visit) -> None:
    for key, value in zip(NETWORK, ("192.0.2.10/24", "192.0.2.1", "192.0.2.53"), strict=True):
        fresh.desk.do("config set", key=key, value=value)
    begin(fresh)
    fresh.type("\r\r\r198.51.100.10/24\r\r\r\r")
    settings = fresh.desk.box.settings
    assert (settings.net_address, settings.net_gateway, settings.net_dns) == ("198.51.100.10/24", "", ())


def test_question_mark_explains_the_question(fresh: Visit) -> None:
    begin(fresh)
    fresh.type("\r\r\r")
    assert "gateway" in fresh.type("?") and fresh.prompt == "Network [dhcp]:"
    fresh.type("\r")
    assert fresh.prompt == "Network [dhcp]:", "the end of the line with the question mark is no answer"
    fresh.type("\r")
    assert fresh.prompt.startswith("Domain [")


def test_box_with_accounts_is_not_given_more_by_enter_alone(fresh: Visit) -> None:
    fresh.desk.do("account add", user="7")
    begin(fresh)
    fresh.type("\r" * 6)
    assert fresh.prompt == PROMPT
    assert list(fresh.desk.box.directory.accounts) == ["7"]


@pytest.mark.parametrize(
    "domain",
    ["office.test", "Office.Test", "office.test.", "192.0.2.3", "[::1]", "office.test:5060", "office..test",
     "office.123", "192.0.2.300", "12", "fd00::2", "10.0.0.1:5060", "a b"],
)  # fmt: skip
def test_domain_is_an_answer_where_the_box_can_have_it(fresh: Visit, domain: str) -> None:
    begin(fresh)
    fresh.type("\r" * 4)
    refused = "no name such as" in fresh.type(domain + "\r")
    try:
        fresh.desk.do("domain set", domain=domain)
    except VerbError as error:
        assert refused and "no name such as" in str(error) and fresh.prompt.startswith("Domain")
    else:
        assert not refused and fresh.prompt.startswith("First accounts")


def test_no_account_is_added_where_its_domain_was_not_set(fresh: Visit) -> None:
    begin(fresh)
    fresh.type("\r" * 4 + "office.example\r\r")
    fresh.desk.do("account add", user="7")
    assert "so no accounts were added: There are accounts in" in fresh.type("\r").replace("\n    ", " ")
    assert fresh.prompt == PROMPT and list(fresh.desk.box.directory.accounts) == ["7"]


def test_settings_that_failed_keep_nothing_else_back(fresh: Visit) -> None:
    begin(fresh)
    fresh.type("\rlobby\r" + "\r" * 4)
    fresh.desk.do("config stage", key="flush", value="1m")
    fresh.desk.do("config commit", confirm=60)
    assert "page are as they were" in fresh.type("\r")
    assert len(fresh.desk.box.directory.accounts) == 5


def test_full_disk_is_a_sentence_and_the_prompt_follows(fresh: Visit) -> None:
    fresh.desk.full = True
    begin(fresh)
    shown = fresh.type("\r" * 7).replace("\n    ", " ")
    assert "the admin password is not set: Nothing was changed, the data cannot be written" in shown
    assert fresh.prompt == PROMPT


@pytest.mark.parametrize("typed", ["", "\r", "\r\r\r", "\x03", "\x03set password\rbattery staple\r"])
def test_who_came_before_the_password_was_set_elsewhere_has_to_go(fresh: Visit, typed: str) -> None:
    fresh.type(typed)
    fresh.desk.do("passwd admin", password="correct horse")
    for _ in range(10):
        if fresh.prompt != "Password:":
            fresh.type("\r")
    assert fresh.desk.box.admin.is_set and not fresh.desk.box.directory.accounts
    fresh.type("correct horse\r")
    assert fresh.prompt == PROMPT


@pytest.mark.parametrize("typed", ["\x03", "\r\x03", "\r" * 8])
def test_no_way_through_first_boot_goes_round_a_password_that_was_set_elsewhere(fresh: Visit, typed: str) -> None:
    fresh.desk.do("passwd admin", password="correct horse")
    fresh.type(typed)
    fresh.type("show accounts\r")
    assert fresh.prompt == "Password:" and not fresh.desk.box.directory.accounts
