"""One visit after the other at the console: first boot or log-in, then commands until the person leaves."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable

from .. import __version__
from ..control import Argument, Box, Kind, VerbError, run
from ..control.administration import recover, recovery_offered
from ..control.throttle import Throttled
from . import phrases
from .grammar import Command, Grammar, Misspoken, aligned
from .line_editor import Prompt
from .phrases import EXIT, HELP
from .show import wrapped
from .terminal import Interrupted, Left, Terminal
from .wizard import Wizard

RECOVERY = 60.0
"""Seconds after power-up in which a lost password can be taken away."""
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"
SOURCE = "console"
"""Whose wrong passwords they are."""
PROMPT = "frontdesk> "
UNPROTECTED = "There is no admin password yet: whoever is at this line administers the box."
HINT = "`help` lists what can be said; `?` helps at every point, Tab completes."

_log = logging.getLogger(__name__)


class Session:
    """Serves one terminal for as long as the box runs."""

    def __init__(self, box: Box, terminal: Terminal) -> None:
        self._box = box
        self._admin = box.admin
        self._terminal = terminal
        self._grammar = Grammar(phrases.phrases(), self._known)
        self._keys: list[str] = []

    async def serve(self) -> None:
        """Never returns."""
        while True:
            try:
                await self._visit()
            except Left as reason:
                self._terminal.show(str(reason))
            except Exception:
                _log.exception("a visit at the console failed")
                await asyncio.sleep(1.0)
            self._terminal.forget()

    async def _visit(self) -> None:
        self._keys = [row["key"] for row in await run(self._box, "config list", {})]
        self._terminal.show(f"\nFrontdesk {__version__}")
        if self._admin.is_set:
            await self._log_in()
        else:
            await self._first_boot()
        epoch = self._admin.epoch
        self._terminal.show(HINT if self._admin.is_set else f"{UNPROTECTED}\n{HINT}")
        while True:
            try:
                line = await self._terminal.ask(Prompt(PROMPT, assist=self._grammar, history=True), self._patience)
            except Interrupted:
                continue
            if epoch != self._admin.epoch:
                raise Left("The admin password was changed; log in again.")
            await self._do(line)

    # -- first boot, log-in --------------------------------------------------------------------------------------------

    async def _first_boot(self) -> None:
        try:
            await Wizard(self._box, self._terminal).run()
        except Interrupted:
            self._terminal.show("")

    async def _log_in(self) -> None:
        word = self._offer_recovery()
        while self._admin.is_set:
            try:
                password = await self._terminal.ask(Prompt("Password: ", hidden=True))
            except (Interrupted, Left):
                continue
            if word and password.strip().upper() == word and self._is_early:
                await self._recover()
            elif password and await self._check(password):
                _log.info("somebody logged in at the console")
                return

    async def _check(self, password: str) -> bool:
        try:
            if await self._admin.check(password, SOURCE):
                return True
        except Throttled as error:
            self._terminal.show(str(error))
            return False
        _log.warning("a wrong admin password was typed at the console")
        self._terminal.show("That is not the admin password.")
        return False

    @property
    def _is_early(self) -> bool:
        return self._box.clock.now() - self._box.started_at <= RECOVERY

    def _offer_recovery(self) -> str:
        """The word that takes a lost password away; empty: there is none."""
        if not self._is_early or not recovery_offered(self._box):
            return ""
        word = "LOST-" + "".join(secrets.choice(LETTERS) for _ in range(4))
        self._terminal.show(f"If the password is lost, type {word} within {RECOVERY:.0f} s of power-up.")
        return word

    async def _recover(self) -> None:
        try:
            await recover(self._box)
        except (VerbError, OSError) as error:
            self._terminal.show(wrapped(str(error)))
            return
        _log.warning("the admin password was taken away at the console")
        self._terminal.show("The admin password is taken away; for 72 h of uptime no secret leaves this box.")

    # -- commands ------------------------------------------------------------------------------------------------------

    async def _do(self, line: str) -> None:
        try:
            command = self._grammar.parse(line)
            if command is not None:
                await self._obey(command)
        except (Misspoken, VerbError) as error:
            self._terminal.show(wrapped(str(error)))
        except Interrupted:
            pass
        except Left:
            raise
        except Exception:
            _log.exception("a command failed at the console")
            self._terminal.show("The box could not do that; its log says why.")

    async def _obey(self, command: Command) -> None:
        if command.phrase is EXIT:
            raise Left("Logged out.")
        if command.phrase is HELP:
            self._terminal.show(self._help())
            return
        values = dict(command.values)
        for argument in command.asks:
            values[argument.name] = await self._ask_secret(argument)
        for verb in command.phrase.verbs:
            answer = await run(self._box, verb.words, values)
            self._terminal.show(wrapped(verb.show(answer)))

    def _help(self) -> str:
        return aligned({phrase.usage: phrase.help for phrase in self._grammar.phrases})

    async def _ask_secret(self, argument: Argument) -> str:
        word = argument.name.capitalize()
        secret = await self._terminal.ask(Prompt(f"{word}: ", hidden=True), self._patience)
        new = argument.twice or argument.kind is Kind.PASSWORD
        if new and secret != await self._terminal.ask(Prompt(f"{word} again: ", hidden=True), self._patience):
            raise VerbError("The two are not the same; nothing was changed.")
        return secret

    @property
    def _patience(self) -> float | None:
        """Seconds after which whoever types nothing is logged out."""
        return self._box.settings.console_idle or None if self._admin.is_set else None

    def _known(self, argument: Argument) -> Iterable[str]:
        """What an argument can be, for Tab."""
        accounts = self._box.directory.accounts
        if argument.metavar == "USER":
            return accounts
        if argument.metavar == "KEY":
            return self._keys
        if argument.metavar == "ALIAS":
            return [alias for account in accounts.values() for alias in account.aliases]
        if argument.metavar == "DEVICE":
            return [secret.name for account in accounts.values() for secret in account.secrets if secret.name]
        return self._box.directory.peers if argument.metavar == "ADDRESS" else ()
