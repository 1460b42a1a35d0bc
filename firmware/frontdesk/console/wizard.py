"""First boot: seven questions at most, each with a default; nothing is done before the last one is answered."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ..control import TABLE, Box, VerbError, passwords, run
from ..control.admin import LONGEST, SHORTEST
from ..control.text import aligned
from .answers import Unfit, read_domain, read_host_name, read_network, read_range, read_switch, read_zone
from .line_editor import Completion, Prompt
from .show import wrapped
from .terminal import Terminal

T = TypeVar("T")
INTRODUCTION = """\

Enter takes what stands in [brackets], ? explains a question, and Ctrl-C leaves
all as it is. Nothing is done before the last answer.
"""
FIRST_ACCOUNTS = "101-105"


@dataclass(slots=True, frozen=True)
class Explanation:
    """What `?` says at a question."""

    text: str

    def complete(self, before: str) -> Completion:
        """There is nothing to complete."""
        return Completion()

    def help(self, before: str) -> str | None:
        """The explanation, where the question mark is the first character."""
        return None if before else self.text


HOST_NAME = Explanation("The box's own name in its network, such as frontdesk.")
ZONE = Explanation("Where the box stands, such as Europe/Berlin.")
NETWORK = Explanation(
    "dhcp: the network tells the box its address. Else type its address with the\n"
    "length of the prefix, the gateway and the name servers:\n"
    "    192.0.2.10/24 192.0.2.1 192.0.2.53"
)
DOMAIN = Explanation(
    "The name behind the @ of every number, such as example.com. It cannot be\n"
    "changed while there are accounts, since their passwords belong to it."
)
ACCOUNTS = Explanation(
    "Numbers that phones register with, such as 101-120. Each gets a password, which\n"
    "is shown once. `none` adds none now."
)
WEB = Explanation("Whether the box is to have a page for browsers, once it can: on or off.")


@dataclass(slots=True)
class Answers:
    """What was answered."""

    password: str = ""
    """Empty: one is to be made."""
    settings: dict[str, str] = field(default_factory=dict)
    domain: str = ""
    accounts: list[str] = field(default_factory=list)


class Wizard:
    """Asks, then does it all by the verbs."""

    def __init__(self, box: Box, terminal: Terminal) -> None:
        self._box = box
        self._terminal = terminal
        self._kept: dict[str, str] = {}
        """The settings as they are."""

    # -- questions -----------------------------------------------------------------------------------------------------

    async def ask_all(self) -> Answers:
        """All the answers. Raises Interrupted and Left; nothing is changed then."""
        kept = self._kept = {row["key"]: row["value"] for row in await run(self._box, "config list", {})}
        self._terminal.show(INTRODUCTION)
        answers = Answers(await self._ask_password())
        answers.settings["hostname"] = await self._ask("Host name", kept["hostname"], read_host_name, HOST_NAME)
        answers.settings["timezone"] = await self._ask("Time zone", kept["timezone"], read_zone, ZONE)
        answers.settings |= await self._ask("Network", kept["net.address"], read_network, NETWORK)
        if "domain set" in TABLE and not self._box.directory.accounts:
            answers.domain = await self._ask("Domain", self._box.directory.realm, read_domain, DOMAIN)
        first = "none" if self._box.directory.accounts else FIRST_ACCOUNTS
        answers.accounts = await self._ask("First accounts", first, self._read_free, ACCOUNTS)
        answers.settings["web"] = await self._ask("Web page", kept["web"], read_switch, WEB)
        return answers

    async def _ask(self, question: str, default: str, read: Callable[[str], T], explanation: Explanation) -> T:
        while True:
            answer = await self._terminal.ask(Prompt(f"{question} [{default}]: ", assist=explanation))
            try:
                return read(answer.strip() or default)
            except Unfit as error:
                self._terminal.show(wrapped(str(error)))

    async def _ask_password(self) -> str:
        while True:
            password = await self._terminal.ask(Prompt("Admin password [one is made and shown]: ", hidden=True))
            if not password:
                return ""
            if not SHORTEST <= len(password) <= LONGEST:
                self._terminal.show(f"It has {SHORTEST} to {LONGEST} characters.")
            elif password == await self._terminal.ask(Prompt("Once more: ", hidden=True)):
                return password
            else:
                self._terminal.show("The two are not the same.")

    def _read_free(self, text: str) -> list[str]:
        users = read_range(text)
        taken = next((user for user in users if self._box.directory.resolve(user)), None)
        if taken is not None:
            raise Unfit(f"There is {taken} already.")
        return users

    # -- what follows from the answers ---------------------------------------------------------------------------------

    async def apply(self, answers: Answers) -> None:
        """One thing after the other; what was made is shown as soon as it is kept, whatever becomes of the rest."""
        self._terminal.show("")
        for step in (self._set_password, self._change_settings, self._set_domain, self._add_accounts):
            try:
                await step(answers)
            except VerbError as error:
                self._terminal.show(wrapped(str(error)))

    async def _set_password(self, answers: Answers) -> None:
        password = answers.password or passwords.make()
        await run(self._box, "passwd admin", {"password": password})
        made = "" if answers.password else f", shown this once: {password}"
        self._terminal.show(f"The admin password is set{made}")

    async def _change_settings(self, answers: Answers) -> None:
        changed = {key: value for key, value in answers.settings.items() if value != self._kept[key]}
        for key, value in changed.items():
            await run(self._box, "config stage", {"key": key, "value": value})
        if changed:
            answer = await run(self._box, "config commit", {})
            self._terminal.show("\n".join(f"{key} is {value} now." for key, value in changed.items()))
            self._terminal.show(wrapped("\n".join(answer["notes"])))

    async def _set_domain(self, answers: Answers) -> None:
        if answers.domain and answers.domain != self._box.directory.realm:
            await run(self._box, "domain set", {"domain": answers.domain})
        self._terminal.show(f"The domain is {self._box.directory.realm}.")

    async def _add_accounts(self, answers: Answers) -> None:
        if not answers.accounts:
            return
        made = {user: passwords.make() for user in answers.accounts}
        await run(self._box, "account import", {"text": _table(made)})
        self._terminal.show(f"Added {len(made)} account{'s' if len(made) > 1 else ''}. Passwords, shown this once:\n")
        self._terminal.show(aligned([["user", "password"], *([user, password] for user, password in made.items())]))


def _table(made: dict[str, str]) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["username", "password"])
    rows.writerows(made.items())
    return text.getvalue()
