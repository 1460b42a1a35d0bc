"""First boot: a few questions, each with a default; nothing is done before the last one is answered."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from ..control import Box, VerbError, passwords, run
from ..control.admin import LONGEST, SHORTEST
from ..control.text import aligned
from .line_editor import Completion, Prompt
from .show import wrapped
from .terminal import Terminal

T = TypeVar("T")
INTRODUCTION = """\

This box has not been set up yet. Enter takes what stands in [brackets],
? explains a question, Ctrl-C leaves all as it is and gives the full prompt.
"""
FIRST_ACCOUNTS = "101-105"
MOST_ACCOUNTS = 200
"""Of one range: more do not come from a question."""
RANGE = re.compile(r"(\d{1,12})(?:-(\d{1,12}))?", re.ASCII)
NAME = re.compile(r"[a-z0-9]([a-z0-9.:-]{0,252}[a-z0-9])?", re.ASCII)


class Unfit(Exception):
    """An answer that cannot be; the text is one sentence."""


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


@dataclass(slots=True)
class Answers:
    """What was answered."""

    password: str
    was_made: bool
    domain: str
    accounts: list[str]


class Wizard:
    """Asks, then does it all by the verbs."""

    def __init__(self, box: Box, terminal: Terminal) -> None:
        self._box = box
        self._terminal = terminal

    async def run(self) -> None:
        """Sets the box up. Raises Interrupted and Left; nothing is changed then."""
        self._terminal.show(INTRODUCTION)
        answers = await self._ask_all()
        self._terminal.show("")
        try:
            await self._apply(answers)
        except VerbError as error:
            self._terminal.show(wrapped(str(error)))

    # -- questions -----------------------------------------------------------------------------------------------------

    async def _ask_all(self) -> Answers:
        password = await self._ask_password()
        domain = await self._ask("Domain", self._domain, _read_domain, (
            "The name that stands behind the @ of every number, and into which phones\n"
            "register beside this box's addresses. A name of yours, such as example.com."
        ))  # fmt: skip
        first = "none" if self._box.directory.accounts else FIRST_ACCOUNTS
        accounts = await self._ask("First accounts", first, self._read_accounts, (
            "Numbers that phones register with, such as 101-120; each gets a password,\n"
            "which is shown once. `none` adds none now."
        ))  # fmt: skip
        return Answers(password or passwords.make(), not password, domain, accounts)

    @property
    def _domain(self) -> str:
        return next(iter(self._box.settings.domains), self._box.directory.realm)

    async def _ask(self, question: str, default: str, read: Callable[[str], T], explanation: str) -> T:
        while True:
            prompt = Prompt(f"{question} [{default}]: ", assist=Explanation(explanation))
            answer = (await self._terminal.ask(prompt)).strip() or default
            try:
                return read(answer)
            except Unfit as error:
                self._terminal.show(wrapped(str(error)))

    async def _ask_password(self) -> str:
        """The admin password; nothing: one is to be made."""
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

    def _read_accounts(self, text: str) -> list[str]:
        if text.lower() == "none":
            return []
        match = RANGE.fullmatch(text)
        if match is None:
            raise Unfit(f"{text!r} is no range such as {FIRST_ACCOUNTS}, and not `none`.")
        first, last = match[1], match[2] or match[1]
        if int(last) < int(first) or int(last) - int(first) >= MOST_ACCOUNTS:
            raise Unfit(f"A range goes up, and has at most {MOST_ACCOUNTS} numbers.")
        users = [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]
        taken = next((user for user in users if self._box.directory.resolve(user)), None)
        if taken is not None:
            raise Unfit(f"There is {taken} already.")
        return users

    # -- what follows from the answers ---------------------------------------------------------------------------------

    async def _apply(self, answers: Answers) -> None:
        if answers.domain != self._domain:
            await run(self._box, "config set", {"key": "domains", "value": answers.domain})
        made = {user: passwords.make() for user in answers.accounts}
        if made:
            await run(self._box, "account import", {"text": _table(made)})
        await self._box.admin.set_password(answers.password)
        self._terminal.show("\n".join(self._report(answers, made)))

    def _report(self, answers: Answers, made: dict[str, str]) -> Iterator[str]:
        yield f"The box answers for {answers.domain}."
        if made:
            yield f"Added {len(made)} account{'s' if len(made) > 1 else ''}. The passwords are shown this once:"
            yield ""
            yield aligned([["user", "password"], *([user, password] for user, password in made.items())])
            yield ""
        if answers.was_made:
            yield f"Admin password, shown this once: {answers.password}"
        else:
            yield "The admin password is set."


def _read_domain(text: str) -> str:
    if not NAME.fullmatch(text.lower()):
        raise Unfit(f"{text!r} is no name such as example.com.")
    return text.lower()


def _table(made: dict[str, str]) -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["username", "password"])
    rows.writerows(made.items())
    return text.getvalue()
