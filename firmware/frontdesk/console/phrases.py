"""What can be said on the console: each phrase and the verbs of `control` that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..control import TABLE, Argument, Box, Kind, Verb, accounts
from . import show
from .words import quoted

OPENINGS = {
    "show": "What the box knows.",
    "set": "Changes a setting, or an account.",
    "add": "Adds an account, an alias, a device, a binding or a peer.",
    "delete": "Deletes one of these, or ends an alarm.",
    "account": "Changes an account.",
    "config": "The domain, all settings and trusted peers; or one setting.",
    "test": "Tries something out: the network.",
}
"""What is said of words that begin more than one phrase."""
WHOLES = {
    "show config": "The domain, all settings and trusted peers.",
    "import": "Takes a paste: an export is added to the box, a backup replaces it.",
}
"""What is said of phrases that do more than their first verb."""


@dataclass(slots=True, frozen=True)
class Phrase:
    """Words in small letters are said as they are; what the first verb still needs follows them."""

    words: str
    verbs: tuple[Verb, ...]
    given: Mapping[str, object] = field(default_factory=dict)
    """Arguments that the phrase itself stands for."""

    @property
    def elements(self) -> tuple[str | Argument, ...]:
        """Keywords and arguments in the order in which they are said."""
        places = [each for each in self._open if not each.option and not asked(each)]
        elements: list[str | Argument] = []
        for word in self.words.split():
            elements.append(places.pop(0) if word.isupper() else word)
        return (*elements, *places)

    @property
    def options(self) -> tuple[Argument, ...]:
        """Arguments that are said by their names, at the end."""
        return tuple(each for each in self._open if each.option)

    @property
    def asks(self) -> tuple[Argument, ...]:
        """Arguments that are asked for in any case."""
        return tuple(each for each in self._open if asked(each) and not each.option)

    @property
    def _open(self) -> list[Argument]:
        return [each for each in self.verbs[0].arguments if each.name not in self.given]

    @property
    def usage(self) -> str:
        """As it is written, all that may be left out in brackets."""
        said = [each if isinstance(each, str) else _usage(each) for each in self.elements]
        return " ".join([*said, *(f"[{_option(each, each.metavar or 'N')}]" for each in self.options)])

    @property
    def help(self) -> str:
        """One sentence."""
        return WHOLES.get(self.words, self.verbs[0].help)


async def _help(box: Box) -> None:
    """Lists what can be said here."""


async def _leave(box: Box) -> None:
    """Logs out."""


def _nothing(answer: Any) -> str:
    return ""


HELP = Phrase("help", (Verb("help", _help, _nothing),))
EXIT = Phrase("exit", (Verb("exit", _leave, _nothing),))

ROWS: tuple[tuple[str, tuple[str, ...], dict[str, object]], ...] = (
    ("show status", ("status",), {}),
    ("show accounts", ("account list",), {}),
    ("show devices", ("device list",), {}),
    ("show bindings", ("bindings",), {}),
    ("show calls", ("calls",), {}),
    ("show events", ("events",), {}),
    ("show problems", ("problems",), {}),
    ("show net", ("net",), {}),
    ("show log", ("log",), {}),
    ("show config", ("domain get", "config list", "peer list"), {}),
    ("show config KEY", ("config get",), {}),
    ("set KEY", ("config stage",), {}),
    ("set account", ("account set",), {}),
    ("set account USER enable", ("account enable",), {}),
    ("set account USER disable", ("account disable",), {}),
    ("set account USER password", ("account passwd",), {}),
    ("set domain", ("domain set",), {}),
    ("set password", ("passwd admin",), {}),
    ("add account", ("account add",), {}),
    ("add alias", ("alias add",), {}),
    ("add device", ("device add",), {}),
    ("add binding", ("binding add",), {"static": True}),
    ("add peer", ("peer add",), {}),
    ("delete account", ("account remove",), {}),
    ("delete alias", ("alias remove",), {}),
    ("delete device", ("device revoke",), {}),
    ("delete binding", ("binding remove",), {}),
    ("delete peer", ("peer remove",), {}),
    ("delete alarm", ("acknowledge",), {}),
    ("test net", ("test net",), {}),
    ("diff", ("config diff",), {}),
    ("commit", ("config commit",), {}),
    ("rollback", ("config rollback",), {}),
    ("export", ("export",), {}),
    ("import", ("import",), {}),
    ("backup", ("backup",), {}),
    ("factory-reset", ("factory-reset",), {"yes": True}),
    ("ping", ("ping",), {}),
    ("set clock", ("clock set",), {}),
    ("reboot", ("reboot",), {}),
)
CONFIRMED: dict[str, Callable[[Box, Mapping[str, object]], Sequence[str]]] = {
    "reboot": lambda box, said: (),
    "factory-reset": lambda box, said: (),
    "account remove": lambda box, said: accounts.what_goes(box, str(said["user"])),
}
"""Verbs that are done only after one more question, and what is told before it."""


def phrases() -> tuple[Phrase, ...]:
    """All that can be said."""
    made = (Phrase(words, tuple(_shown(TABLE[verb]) for verb in verbs), given) for words, verbs, given in ROWS)
    return (*made, HELP, EXIT)


def spoken(words: str, arguments: Mapping[str, object]) -> str:
    """The line that does this verb with these arguments: the console's, or where that has no phrase the command of a
    shell. No secret is in it: it is asked for."""
    for phrase in phrases():
        if phrase.verbs[0].words == words and phrase.given.items() <= arguments.items():
            said = [each if isinstance(each, str) else _said(each, arguments) for each in phrase.elements]
            named = [_named(each, arguments) for each in phrase.options if arguments.get(each.name)]
            return " ".join(filter(None, [*said, *named]))
    return _command(TABLE[words], arguments)


def _command(verb: Verb, arguments: Mapping[str, object]) -> str:
    said = [
        each.metavar if each.kind is Kind.FILE else _said(each, arguments)
        for each in verb.arguments
        if not each.option and each.kind not in (Kind.PASSWORD, Kind.SECRET)
    ]
    named = [f"--{_named(each, arguments)}" for each in verb.arguments if each.option and arguments.get(each.name)]
    return " ".join(filter(None, ["frontdesk", verb.words, *said, *named]))


def _said(argument: Argument, arguments: Mapping[str, object]) -> str:
    value = arguments.get(argument.name)
    return "" if value is None else quoted(str(value))


def _named(argument: Argument, arguments: Mapping[str, object]) -> str:
    return _option(argument, _said(argument, arguments))


def _shown(verb: Verb) -> Verb:
    """The verb with the console's own way to show its answer in 80 columns, where it has one."""
    return replace(verb, show=show.SCREENS[verb.words]) if verb.words in show.SCREENS else verb


def name(argument: Argument) -> str:
    """How an argument is called in help."""
    return argument.metavar or argument.name.upper()


def _usage(argument: Argument) -> str:
    return name(argument) if argument.required else f"[{name(argument)}]"


def _option(argument: Argument, value: str) -> str:
    alone = asked(argument) or argument.kind is Kind.FLAG
    return argument.name if alone else f"{argument.name} {value}"


def asked(argument: Argument) -> bool:
    """Whether the argument is asked for, and not typed on the line."""
    return argument.kind in (Kind.PASSWORD, Kind.SECRET, Kind.FILE)
