"""What follows from the answers of first boot, given at the console or on the page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from . import account_files, passwords
from .answers import read_range
from .box import Box, VerbError
from .errors import Sentence
from .verbs import run

FIRST_ACCOUNTS = "101-105"


@dataclass(slots=True)
class Answers:
    """What was answered."""

    password: str = ""
    """The admin's; empty: one is to be made."""
    settings: dict[str, str] = field(default_factory=dict)
    domain: str = ""
    """Empty: as it is."""
    accounts: list[str] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class Done:
    """One step that was done, or could not be."""

    text: Sentence
    """Says so to people."""
    failed: bool = False
    notes: tuple[str, ...] = ()
    password: str = ""
    """The admin password that was made."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """Those that were added, and their passwords."""
    did: tuple[tuple[str, Mapping[str, object]], ...] = ()
    """Verbs with their arguments that do the same one by one."""


def read_free(box: Box, text: str) -> list[str]:
    """The accounts that are to be: none of them is there. Raises VerbError."""
    users = read_range(text)
    _check_free(box, users)
    return users


def _check_free(box: Box, users: Sequence[str]) -> None:
    taken = next((user for user in users if box.directory.resolve(user)), None)
    if taken is not None:
        raise VerbError("There is {taken} already.", taken=taken)


async def apply(box: Box, answers: Answers) -> AsyncIterator[Done]:
    """One step after the other; what was made is told as soon as it is kept. After a step that failed nothing is done
    that depends on it."""
    for step in STEPS:
        try:
            all_done = await step.run(box, answers)
        except VerbError as error:
            yield Done(Sentence(step.undone.template, why=Sentence.of(error)), failed=True)
            if step.is_needed:
                return
        else:
            for done in all_done:
                yield done


async def _set_password(box: Box, answers: Answers) -> list[Done]:
    made = "" if answers.password else passwords.make()
    await run(box, "passwd admin", {"password": answers.password or made})
    return [Done(Sentence("The admin password is set."), password=made, did=(("passwd admin", {}),))]


async def _change_settings(box: Box, answers: Answers) -> list[Done]:
    kept = {row["key"]: row["value"] for row in await run(box, "config list", {})}
    changed = {key: value for key, value in answers.settings.items() if value != kept[key]}
    for key, value in changed.items():
        await run(box, "config stage", {"key": key, "value": value})
    if not changed:
        return []
    answer = await run(box, "config commit", {})
    staged = [{"key": key, "value": value} for key, value in changed.items()]
    done = [Done(Sentence("{key} is {value} now.", **each), did=(("config stage", each),)) for each in staged]
    last = replace(done[-1], notes=tuple(answer["notes"]), did=(*done[-1].did, ("config commit", {})))
    return [*done[:-1], last]


async def _set_domain(box: Box, answers: Answers) -> list[Done]:
    did: tuple[tuple[str, Mapping[str, object]], ...] = ()
    if answers.domain and answers.domain != box.directory.realm:
        did = (("domain set", {"domain": answers.domain}),)
        await run(box, *did[0])
    return [Done(Sentence("The domain is {domain}.", domain=box.directory.realm), did=did)]


async def _add_accounts(box: Box, answers: Answers) -> list[Done]:
    if not answers.accounts:
        return []
    _check_free(box, answers.accounts)
    answer = await run(box, "account import", {"text": table(answers.accounts), "make-passwords": True})
    made = answer["passwords"]
    added = Sentence("Added {n} accounts." if len(made) > 1 else "Added {n} account.", n=len(made))
    return [Done(added, accounts=made, did=tuple(("account add", {"user": user}) for user in made))]


@dataclass(slots=True, frozen=True)
class Step:
    """One thing that is done, or not."""

    run: Callable[[Box, Answers], Awaitable[list[Done]]]
    undone: Sentence
    """What is said where it failed; `why` is the reason."""
    is_needed: bool = True
    """Whether what comes after it depends on it."""


STEPS = (
    Step(_set_password, Sentence("The box is not set up, since the admin password is not set: {why}")),
    Step(_change_settings, Sentence("Host name, time zone, network and page are as they were: {why}"), is_needed=False),
    Step(_set_domain, Sentence("The domain is as it was, so no accounts were added: {why}")),
    Step(_add_accounts, Sentence("No accounts were added: {why}")),
)
"""Whoever has no password never sees those of the accounts; and accounts hold the domain."""


def table(users: Sequence[str]) -> str:
    """Accounts as `account import` reads them; their passwords are to be made."""
    return "\n".join([account_files.COLUMNS[0], *users])
