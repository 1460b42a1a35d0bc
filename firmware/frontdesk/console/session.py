"""One visit after the other at the console: first boot or log-in, then commands until the person leaves."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable, Mapping

from .. import __version__
from ..control import TABLE, Argument, Box, Kind, VerbError, backups, run
from ..control.administration import recover, recovery_offered
from ..control.candidate import CONSOLE, EDITOR
from ..control.configuration import LONGEST
from ..control.text import weak
from ..control.throttle import SERIAL_LINE, Throttled
from . import phrases
from .grammar import Command, Grammar, Misspoken
from .line_editor import Prompt
from .phrases import CONFIRMED, EXIT, HELP
from .show import VERBATIM, wrapped
from .terminal import Interrupted, Left, Terminal
from .wizard import Wizard

RECOVERY = 60.0
"""Seconds after power-up in which a lost password can be taken away."""
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"
PROMPT = "frontdesk> "
UNPROTECTED = "There is no admin password yet: whoever is at this line administers the box. `set password` sets one."
WAKE = "Enter sets this box up; Ctrl-C gives the full prompt. "
PASTE = "Paste it now: its last line begins with a dot. Ctrl-C changes nothing."
HINT = "? helps at every point of a line, Tab completes, and words can be cut short."

_log = logging.getLogger(__name__)


class Session:
    """Serves one terminal for as long as the box runs."""

    def __init__(self, box: Box, terminal: Terminal, editor: str = CONSOLE) -> None:
        """`editor`: who stages settings here, in words."""
        self._editor = editor
        self._box = box
        self._admin = box.admin
        self._terminal = terminal
        self._grammar = Grammar(phrases.phrases(), self._known, self._explained)
        self._settings: dict[str, str] = {}
        """What each means."""
        self._epoch = 0
        """The admin password's, when this visit began."""

    async def serve(self) -> None:
        """Never returns."""
        EDITOR.set(self._editor)
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
        self._settings = {row["key"]: row["meaning"] for row in await run(self._box, "config list", {})}
        if self._admin.is_set:
            await self._log_in()
        else:
            await self._first_boot()
        self._epoch = self._admin.epoch
        greeting = [*self._admin.notices, *(() if self._admin.is_set else (UNPROTECTED,)), HINT]
        self._terminal.show(wrapped("\n".join(["", *greeting])))
        while True:
            try:
                line = await self._terminal.ask(Prompt(PROMPT, assist=self._grammar, history=True), self._patience)
            except Interrupted:
                continue
            self._check_epoch()
            self._admin.first_boot.renew()
            await self._do(line)
            self._check_epoch()

    def _check_epoch(self) -> None:
        """Whoever came in before a password was set or changed has to go."""
        if self._epoch != self._admin.epoch:
            raise Left("A password was changed; log in." if self._admin.is_set else "The admin password is gone.")

    # -- first boot, log-in --------------------------------------------------------------------------------------------

    async def _first_boot(self) -> None:
        self._epoch = self._admin.epoch
        self._greet_newcomer()
        wizard = Wizard(self._box, self._terminal)
        try:
            # The first Enter of whoever has just plugged in must not answer a question that he has not seen.
            await self._terminal.ask(Prompt(WAKE))
            self._check_epoch()
            self._greet_newcomer()
            answers = await wizard.ask_all()
        except Interrupted:
            self._check_epoch()
            return
        self._check_epoch()
        await wizard.apply(answers)

    def _greet_newcomer(self) -> None:
        self._admin.first_boot.renew()
        self._greet(f"First-boot code: {self._admin.code}" if self._admin.code else "")

    def _greet(self, text: str) -> None:
        """Whoever has just opened his terminal has not seen what was said before."""
        self._terminal.show("\n".join(filter(None, [f"\nFrontdesk {__version__}", text])))

    async def _log_in(self) -> None:
        word = "LOST-" + "".join(secrets.choice(LETTERS) for _ in range(4))
        password = ""
        while self._admin.is_set:
            if not password:
                self._greet(self._recovery_offer(word))
            try:
                password = await self._terminal.ask(Prompt("Password: ", hidden=True))
            except Interrupted:
                password = ""
            except Left:
                self._terminal.forget()
                password = ""
            if password.strip().upper() == word and self._recovery_offer(word):
                await self._recover()
            elif password and await self._check(password):
                _log.info("somebody logged in at the console")
                return

    async def _check(self, password: str) -> bool:
        try:
            if await self._admin.check(password, SERIAL_LINE):
                return True
        except Throttled as error:
            self._terminal.show(str(error))
            return False
        _log.warning("a wrong admin password was typed at the console")
        self._terminal.show("That is not the admin password.")
        return False

    def _recovery_offer(self, word: str) -> str:
        """How a lost password is taken away; empty: it is not."""
        early = self._box.clock.now() - self._box.started_at <= RECOVERY
        if not early or not recovery_offered(self._box):
            return ""
        return f"If the password is lost, type {word} within {RECOVERY:.0f} s of power-up."

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
            self._terminal.show(f"{self._grammar.overview()}\n{HINT}")
            return
        values = dict(command.values)
        if told := CONFIRMED.get(command.phrase.verbs[0].words):
            for line in told(self._box, values):
                self._terminal.show(wrapped(line))
            if not await self._confirm():
                return
        for argument in command.asks:
            ask = self._paste if argument.kind is Kind.FILE else self._ask_secret
            values[argument.name] = await ask(argument)
        self._check_epoch()
        if backups.is_backup(str(values.get("text", ""))):
            await self._restore(values)
            return
        for verb in command.phrase.verbs:
            answer = await run(self._box, verb.words, values)
            text = verb.show(answer)
            self._terminal.show(text if verb.words in VERBATIM else wrapped(text))
            if warning := weak(answer):
                self._terminal.show(wrapped(warning))

    async def _restore(self, values: Mapping[str, object]) -> None:
        """A backup was pasted, and not an export."""
        self._terminal.show(wrapped("It is a backup: all that is on this box now would go."))
        if await self._confirm():
            verb = TABLE["restore"]
            secret = await self._ask_secret(verb.arguments[1])
            self._check_epoch()
            self._terminal.show(wrapped(verb.show(await run(self._box, verb.words, {**values, "passphrase": secret}))))

    async def _confirm(self) -> bool:
        return (await self._terminal.ask(Prompt("Really? [no]: "), self._patience)).strip().lower() in ("y", "yes")

    async def _paste(self, argument: Argument) -> str:
        self._terminal.show(PASTE)
        lines: list[str] = []
        size = 0
        while not lines or not lines[-1].startswith("."):
            line = Prompt("", hidden=True, longest=LONGEST - size)  # a setting may hold thousands of names
            lines.append(await self._terminal.ask(line, self._patience))
            size += len(lines[-1]) + 1
            if size > LONGEST:
                raise VerbError(f"More than {LONGEST >> 10} KiB were pasted; nothing was changed.")
        return "\n".join(lines) + "\n"

    async def _ask_secret(self, argument: Argument) -> str:
        word = argument.name.capitalize()
        once, again = Prompt(f"{word}: ", hidden=True), Prompt(f"{word} again: ", hidden=True)
        secret = await self._terminal.ask(once, self._patience)
        if argument.twice and secret != await self._terminal.ask(again, self._patience):
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
            return self._settings
        if argument.metavar == "ALIAS":
            return [alias for account in accounts.values() for alias in account.aliases]
        if argument.metavar == "DEVICE":
            return [device for account in accounts.values() for device in account.devices]
        return self._box.directory.peers if argument.metavar == "ADDRESS" else ()

    def _explained(self, argument: Argument, said: Mapping[str, object]) -> str:
        """What `?` says of an argument."""
        if argument.metavar == "KEY":
            return "a setting: Tab lists them, `show config` has their values"
        if argument.metavar == "VALUE":
            return self._settings.get(str(said.get("key")), argument.help)
        return argument.help
