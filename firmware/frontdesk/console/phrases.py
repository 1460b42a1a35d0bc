"""What can be said on the console: each phrase and the verbs of `control` that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..control import TABLE, Argument, Box, Kind, Verb
from . import show

OPENINGS = {
    "show": "What the box knows.",
    "set": "Changes a setting, or an account.",
    "add": "Adds an account, an alias, a device, a binding or a peer.",
    "delete": "Deletes one of these.",
    "account": "Changes an account.",
    "test": "Tries something out.",
}
"""What is said of words that begin more than one phrase."""
SYNONYMS = {"ext": "account"}


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
        places = [each for each in self.verbs[0].arguments if not each.option and each.name not in self.given]
        elements: list[str | Argument] = []
        for word in self.words.split():
            elements.append(places.pop(0) if word.isupper() else word)
        return (*elements, *places)

    @property
    def options(self) -> tuple[Argument, ...]:
        """Arguments that are said by their names, at the end."""
        return tuple(each for each in self.verbs[0].arguments if each.option and each.name not in self.given)

    @property
    def help(self) -> str:
        """One sentence."""
        return self.verbs[0].help


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
    ("show config", ("config list", "peer list"), {}),
    ("show config KEY", ("config get",), {}),
    ("set KEY", ("config set",), {}),
    ("set account", ("account set",), {}),
    ("set account USER enable", ("account enable",), {}),
    ("set account USER disable", ("account disable",), {}),
    ("set account USER password", ("account passwd",), {}),
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
)
ELSEWHERE = {
    "account import": "a file cannot be typed",
    "alias list": "`show accounts` has them",
}
"""Verbs that have no phrase, and why."""


def phrases() -> tuple[Phrase, ...]:
    """All that can be said."""
    made = [Phrase(words, tuple(_shown(words, TABLE[verb]) for verb in verbs), given) for words, verbs, given in ROWS]
    return (*made, HELP, EXIT)


def _shown(words: str, verb: Verb) -> Verb:
    """The verb with the console's own way to show its answer in 80 columns, where it has one."""
    return replace(verb, show=show.SCREENS[verb.words]) if verb.words in show.SCREENS else verb


def asked(argument: Argument) -> bool:
    """Whether the argument is asked for, and not typed on the line."""
    return argument.kind is Kind.PASSWORD
