"""First boot: seven questions at most, each with a default; nothing is done before the last one is answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from ..control import Box, VerbError, first_boot, run
from ..control.admin import checked_password
from ..control.answers import checked_host_name, checked_switch, checked_zone, read_network, write_network
from ..control.checks import checked_domain
from ..control.first_boot import FIRST_ACCOUNTS, Answers, Done, read_free
from ..control.text import with_passwords
from .line_editor import Completion, Prompt
from .show import wrapped
from .terminal import Terminal

T = TypeVar("T")
INTRODUCTION = """\

Enter takes what stands in [brackets], ? explains a question, and Ctrl-C leaves
all as it is. Nothing is done before the last answer.
"""


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
WEB = Explanation("Whether the box has a setup page for browsers: on or off.")


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
        answers.settings["hostname"] = await self._ask("Host name", kept["hostname"], checked_host_name, HOST_NAME)
        answers.settings["timezone"] = await self._ask("Time zone", kept["timezone"], checked_zone, ZONE)
        answers.settings |= await self._ask("Network", write_network(kept), read_network, NETWORK)
        if not self._box.directory.accounts:
            answers.domain = await self._ask("Domain", self._box.directory.realm, checked_domain, DOMAIN)
        first = "none" if self._box.directory.accounts else FIRST_ACCOUNTS
        answers.accounts = await self._ask("First accounts", first, partial(read_free, self._box), ACCOUNTS)
        answers.settings["web"] = await self._ask("Web page", kept["web"], checked_switch, WEB)
        return answers

    async def _ask(self, question: str, default: str, read: Callable[[str], T], explanation: Explanation) -> T:
        while True:
            answer = await self._terminal.ask(Prompt(f"{question} [{default}]: ", assist=explanation))
            try:
                return read(answer.strip() or default)
            except VerbError as error:
                self._terminal.show(wrapped(str(error)))

    async def _ask_password(self) -> str:
        while True:
            password = await self._terminal.ask(Prompt("Admin password [one is made and shown]: ", hidden=True))
            if not password:
                return ""
            try:
                checked_password(password)
            except VerbError as error:
                self._terminal.show(wrapped(str(error)))
                continue
            if password == await self._terminal.ask(Prompt("Once more: ", hidden=True)):
                return password
            self._terminal.show("The two are not the same.")

    # -- what follows from the answers ---------------------------------------------------------------------------------

    async def apply(self, answers: Answers) -> None:
        """Does it all, and shows each step."""
        self._terminal.show("")
        async for done in first_boot.apply(self._box, answers):
            self._show(done)

    def _show(self, done: Done) -> None:
        if done.password:
            self._terminal.show(f"{done.text[:-1]}, shown this once: {done.password}")
        elif done.accounts:
            self._terminal.show(with_passwords(done.text, done.accounts))
        else:
            self._terminal.show(wrapped("\n".join([done.text, *done.notes])))
