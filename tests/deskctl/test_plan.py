"""Plans: what differs, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deskctl import plan
from deskctl.office import read
from deskctl.plan import PlanError, State

OFFICE = """\
[settings]
default-expires = "600s"
domains = ["a.example", "b.example"]

[[account]]
user = "101"
name = "Front desk"
aliases = ["desk"]

[[account]]
user = "102"

[peers]
"192.0.2.9" = "Provider"
"""
EMPTY = State({}, {}, {}, {"default-expires": "1h", "domains": ""}, "made.example")
THERE = State(
    {"101": {"name": "Front desk"}, "102": {"name": "Workshop"}, "199": {"name": "another"}},
    {"desk": "101", "other": "199"},
    {"192.0.2.9": "Provider", "192.0.2.10": "another"},
    {"default-expires": "10m", "domains": "a.example,b.example", "web": "off"},
    "made.example",
)


def diff(state: State) -> list[str]:
    return plan.make(read(OFFICE, "o.toml"), state, lambda user: "pw").diff


def test_empty_box_gets_everything() -> None:
    assert diff(EMPTY) == [
        "~ default-expires: 1h -> 600s",
        "~ domains: - -> a.example, b.example",
        "+ account 101  Front desk",
        "+ account 102",
        "+ alias desk -> 101",
        "+ peer 192.0.2.9  Provider",
    ]


def test_box_that_is_so_already_gets_nothing() -> None:
    assert diff(THERE) == []


def test_account_that_a_setting_names_is_another_one_with_other_capitals() -> None:
    there = replace(EMPTY, settings={"trunk": "pbx", "timezone": "Europe/Berlin"})

    def told(settings: str) -> list[str]:
        return plan.make(read(f"[settings]\n{settings}\n", "o.toml"), there, str).diff

    assert told('trunk = "PBX"') == ["~ trunk: pbx -> PBX"]
    assert told('trunk = "pbx"') == told('timezone = "europe/berlin"') == []
    there.settings["trunk"] = "none"
    assert told('trunk = "None"') == []


def test_settings_are_staged_first_and_in_use_before_there_are_accounts() -> None:
    office = read(f'[box]\ndomain = "office.example"\n{OFFICE}', "o.toml")
    verbs = [step.verb for step in plan.make(office, EMPTY, str).steps]
    assert verbs[:6] == ["config stage", "config stage", "domain set", "config commit", "account add", "account add"]


def test_what_somebody_has_staged_is_in_nobodys_way_where_no_setting_changes() -> None:
    assert diff(replace(THERE, staged=("flush",))) == []


def test_what_the_file_does_not_name_stays() -> None:
    assert diff(replace(THERE, settings=THERE.settings | {"flush": "1s"})) == []


def test_each_new_account_gets_its_own_password() -> None:
    made = plan.make(read(OFFICE, "o.toml"), EMPTY, lambda user: f"secret of {user}")
    assert made.passwords == {"101": "secret of 101", "102": "secret of 102"}
    assert "secret" not in "".join(made.diff)
    told = {step.arguments["user"]: step.arguments["password"] for step in made.steps if step.verb == "account add"}
    assert told == made.passwords


def test_other_names_are_changed_and_shown() -> None:
    accounts = THERE.accounts | {"101": {"name": "Old"}}
    assert diff(replace(THERE, accounts=accounts, aliases={"other": "199"}, peers={"192.0.2.9": "Old"})) == [
        "~ account 101: Old -> Front desk",
        "+ alias desk -> 101",
        "~ peer 192.0.2.9  Provider",
    ]


def test_domain_is_changed_before_accounts_are_made_and_only_where_there_is_no_account() -> None:
    office = read(f'[box]\ndomain = "office.example"\n{OFFICE}', "o.toml")
    assert plan.make(office, EMPTY, str).diff[2] == "~ domain: made.example -> office.example"
    with pytest.raises(PlanError, match=r"o\.toml:2: The box has accounts in the domain made\.example"):
        plan.make(office, THERE, str)
    assert plan.make(office, replace(THERE, domain="office.example"), str).steps == []
    with pytest.raises(PlanError, match=r"o\.toml:2: This box is too old"):
        plan.make(office, replace(EMPTY, domain=None), str)


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        (replace(EMPTY, settings={"domains": ""}), "o.toml:2: The box has no setting 'default-expires'; it has "),
        (replace(EMPTY, accounts={"desk": {"name": ""}}), "o.toml:6: On the box 'desk' is an account."),
        (replace(EMPTY, aliases={"desk": "7"}), "o.toml:6: On the box 'desk' is an alias of '7'."),
        (replace(EMPTY, staged=("flush", "web")), "Somebody has staged changes of settings on the box (flush, we"),
        (replace(EMPTY, settings=EMPTY.settings | {"max-accounts": "1"}), "The box would have 2 accounts, and its set"),
        (replace(EMPTY, aliases={"102": "7"}), "o.toml:11: On the box '102' is an alias of '7'."),
    ],
)
def test_contradiction_is_named_with_its_line(state: State, complaint: str) -> None:
    with pytest.raises(PlanError) as caught:
        diff(state)
    assert str(caught.value).startswith(complaint) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("600s", "10m", True), ("1.5h", "90m", True), ("60", "60s", True), ("10m", "10h", False), ("on", "ON", True),
     ("192.0.2.53 192.0.2.54", "192.0.2.53, 192.0.2.54", True), ("2001:DB8::0:1", "2001:db8::1", True),
     ("a, b", "a,b", True), ("a, b", "b, a", False), ("", "x", False), ("a, a", "a", True), ("", "none", True),
     ("2001:DB8::0:1/64", "2001:db8::1/64", True), ("192.0.2.1/24", "192.0.2.2/24", False), ("all", "udp, tcp", True),
     ("all, tls", "udp, tcp, tls", True)],
)  # fmt: skip
def test_values_that_mean_the_same_are_the_same(one: str, other: str, expected: bool) -> None:
    assert plan.same(one, other) is expected
