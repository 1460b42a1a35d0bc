"""What has to be done so that a box becomes what the file says; nothing where it is that already."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface
from typing import Any

from .office import Office

SHOWN = ("account list", "alias list", "peer list", "config list", "config diff")
DOMAIN = "domain get"
"""The verbs that tell what a box is; older boxes do not have the last."""
STAGE, COMMIT = "config stage", "config commit"
ROLLBACK = "config rollback"
ADD = "account add"
MOST_ACCOUNTS = "max-accounts"
TRUNK = "trunk"
"""The one setting that names an account, as which capital letters are others than small ones."""
UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
WORDS = {"none": (), "all": ("udp", "tcp")}
"""What stands for other values in a list, or for none at all: the box writes out what is meant by it."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")


class PlanError(Exception):
    """The file and the box contradict each other; a line of text for each time."""


@dataclass(slots=True, frozen=True)
class Step:
    """One verb, and how a diff shows it; empty: it belongs to the steps before it."""

    text: str
    verb: str
    arguments: dict[str, object]


@dataclass(slots=True, frozen=True)
class State:
    """What a box is: its accounts by user, its aliases, peers and settings."""

    accounts: dict[str, dict[str, Any]]
    aliases: dict[str, str]
    peers: dict[str, str]
    settings: dict[str, str]
    domain: str | None
    """None: it is an older box."""
    staged: tuple[str, ...] = ()
    """Settings that somebody has staged and not committed."""

    @classmethod
    def of(cls, answers: list[Any]) -> State:
        """From the answers to `SHOWN` and, where there is one, to `DOMAIN`."""
        accounts, aliases, peers, settings, staged = answers[: len(SHOWN)]
        return cls(
            {row["user"]: row for row in accounts},
            {row["alias"]: row["user"] for row in aliases},
            {row["address"]: row["name"] for row in peers},
            {row["key"]: row["value"] for row in settings},
            answers[len(SHOWN)] if len(answers) > len(SHOWN) else None,
            tuple(row["key"] for row in staged),
        )


@dataclass(slots=True)
class Plan:
    """The steps in their order, and the passwords that new accounts get."""

    steps: list[Step] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What the box has said to them, once they are carried out."""

    @property
    def diff(self) -> list[str]:
        """A line for each step."""
        return [step.text for step in self.steps if step.text]


def make(office: Office, state: State, password: Callable[[str], str]) -> Plan:
    """`password(user)` for each new account. Raises PlanError.

    First what the box may refuse and can forget again: settings are staged, and taken into use after the domain.
    """
    mistakes = [
        *_unknown_settings(office, state), *_staged(office, state), *_domain_is_settled(office, state),
        *_taken(office, state), *_too_many(office, state),
    ]  # fmt: skip
    if mistakes:
        raise PlanError("\n".join(mistakes))
    plan = Plan(list(_settings(office, state)))
    commit = [Step("", COMMIT, {})] if plan.steps else []
    if office.domain not in (None, state.domain):
        plan.steps.append(Step(f"~ domain: {state.domain} -> {office.domain}", "domain set", {"domain": office.domain}))
    plan.steps += commit
    for step in _accounts(office, state):
        if step.verb == ADD:
            user = str(step.arguments["user"])
            plan.passwords[user] = password(user)
            step.arguments["password"] = plan.passwords[user]
        plan.steps.append(step)
    plan.steps += _aliases(office, state)
    plan.steps += _peers(office, state)
    return plan


# -- contradictions ----------------------------------------------------------------------------------------------------


def _unknown_settings(office: Office, state: State) -> Iterator[str]:
    for key in office.settings:
        if key not in state.settings:
            known = ", ".join(state.settings)
            yield office.mistake(f"The box has no setting {key!r}; it has {known}.", *office.places[key])


def _staged(office: Office, state: State) -> Iterator[str]:
    if state.staged and any(_settings(office, state)):
        keys = ", ".join(state.staged)
        yield f"Somebody has staged changes of settings on the box ({keys}): `commit` or `rollback` there comes first."


def _too_many(office: Office, state: State) -> Iterator[str]:
    most = office.settings.get(MOST_ACCOUNTS, state.settings.get(MOST_ACCOUNTS, ""))
    wanted = len(state.accounts.keys() | office.accounts.keys())
    if most.isdecimal() and wanted > max(int(most), len(state.accounts)):
        yield f"The box would have {wanted} accounts, and its setting {MOST_ACCOUNTS} is {most}."


def _domain_is_settled(office: Office, state: State) -> Iterator[str]:
    place = office.places.get("domain", ("box", "domain"))
    if office.domain is not None and state.domain is None:
        yield office.mistake("This box is too old to be given a domain.", *place)
    elif state.accounts and office.domain not in (None, state.domain):
        sentence = f"The box has accounts in the domain {state.domain}; passwords belong to their domain, so it stays."
        yield office.mistake(sentence, *place)


def _taken(office: Office, state: State) -> Iterator[str]:
    for wanted in office.accounts.values():
        place = f"{office.file}:{wanted.line}"
        if wanted.user in state.aliases:
            yield f"{place}: On the box {wanted.user!r} is an alias of {state.aliases[wanted.user]!r}."
        for alias in wanted.aliases:
            if alias in state.accounts:
                yield f"{place}: On the box {alias!r} is an account."
            elif state.aliases.get(alias, wanted.user) != wanted.user:
                yield f"{place}: On the box {alias!r} is an alias of {state.aliases[alias]!r}."


# -- steps -------------------------------------------------------------------------------------------------------------


def _settings(office: Office, state: State) -> Iterator[Step]:
    """Staged one by one and taken into use together: they may be possible only together."""
    for key, value in office.settings.items():
        now = state.settings.get(key)
        if now is not None and not same(now, value, cased=key == TRUNK):
            yield Step(f"~ {key}: {now or '-'} -> {value or '-'}", STAGE, {"key": key, "value": value})


def _accounts(office: Office, state: State) -> Iterator[Step]:
    for user, wanted in office.accounts.items():
        there = state.accounts.get(user)
        if there is None:
            name = wanted.name or ""
            yield Step(f"+ account {user}  {name}".rstrip(), ADD, {"user": user, "name": name})
        elif wanted.name is not None and wanted.name != there["name"]:
            arguments: dict[str, object] = {"user": user, "assignment": f"name={wanted.name}"}
            yield Step(f"~ account {user}: {there['name'] or '-'} -> {wanted.name or '-'}", "account set", arguments)


def _aliases(office: Office, state: State) -> Iterator[Step]:
    for user, wanted in office.accounts.items():
        for alias in wanted.aliases:
            if alias not in state.aliases:
                yield Step(f"+ alias {alias} -> {user}", "alias add", {"user": user, "alias": alias})


def _peers(office: Office, state: State) -> Iterator[Step]:
    for address, name in office.peers.items():
        if state.peers.get(address) != name:
            sign = "~" if address in state.peers else "+"
            yield Step(f"{sign} peer {address}  {name}".rstrip(), "peer add", {"address": address, "name": name})


def same(one: str, other: str, *, cased: bool = False) -> bool:
    """Whether two texts of a setting mean the same: 600s is 10m, commas may stand close, and twice is once; `cased`:
    capital letters are others than small ones."""
    return _canonical(one if cased else one.lower()) == _canonical(other if cased else other.lower())


def _canonical(text: str) -> object:
    if duration := _DURATION.fullmatch(text.strip()):
        return float(duration[1]) * UNITS[duration[2]]
    parts = [part for word in text.replace(",", " ").split() for part in WORDS.get(word.lower(), (word,))]
    return list(dict.fromkeys(map(_address, parts)))


def _address(text: str) -> str:
    try:
        return str((ip_interface if "/" in text else ip_address)(text))
    except ValueError:
        return text
