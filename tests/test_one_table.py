"""One table of verbs: command line, control socket, console and machine mode have its words and arguments alone."""

from __future__ import annotations

import asyncio
from argparse import Action, ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontdesk.cli import OWN
from frontdesk.cli.parser import build_parser
from frontdesk.console.phrases import phrases
from frontdesk.console.programs import Programs
from frontdesk.control import NOUNS, TABLE, VERBS, Argument, Kind, Verb
from frontdesk.control_socket import ControlSocket
from tests.control.desk import Desk

EVERYWHERE = {"help", "data", "domains", "json"}
"""Options of the command line that belong to no verb."""
ASKED_FOR = {"help", "exit"}
"""What the console alone can be told."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield Desk(tmp_path)
    Desk.close()


def commands(parser: ArgumentParser, words: str = "") -> Iterator[tuple[str, ArgumentParser]]:
    """Each complete command of the command line, and its parser."""
    groups = [action for action in parser._actions if isinstance(action, _SubParsersAction)]
    if not groups:
        yield words, parser
    for group in groups:
        for word, below in group.choices.items():
            yield from commands(below, f"{words} {word}".strip())


COMMANDS = dict(commands(build_parser()))


def test_command_line_has_the_words_of_the_table_and_no_others() -> None:
    also = {f"{word} {rest}" for words in TABLE for word, noun in NOUNS.items()
            for first, _, rest in [words.partition(" ")] if first == noun and rest}  # fmt: skip
    assert also and set(COMMANDS) == {*TABLE, *OWN, *also}


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.words)
def test_command_line_takes_the_arguments_of_the_table_and_no_others(verb: Verb) -> None:
    actions = {action.dest: action for action in COMMANDS[verb.words]._actions if action.dest not in EVERYWHERE}
    typed = [argument for argument in verb.arguments if argument.kind is not Kind.SECRET]
    secret = {f"{each.name}_file" for each in verb.arguments if each.kind in (Kind.SECRET, Kind.PASSWORD)}
    assert set(actions) == {argument.name for argument in typed} | secret
    for argument in typed:
        assert written(actions[argument.name]) == expected(argument), argument
        assert actions[argument.name].help == argument.help


def written(action: Action) -> tuple[list[str], bool]:
    """How it is given by name, and whether it must be."""
    return list(action.option_strings), bool(action.required)


def expected(argument: Argument) -> tuple[list[str], bool]:
    if argument.kind is Kind.PASSWORD:
        return [f"--{argument.name}-stdin"], False
    return ([f"--{argument.name}"], False) if argument.option else ([], argument.required)


def test_console_says_verbs_of_the_table_alone() -> None:
    said = {verb.words: verb for phrase in phrases() for verb in phrase.verbs}
    assert set(said) - ASKED_FOR <= set(TABLE)
    for words in set(said) - ASKED_FOR:
        assert (said[words].run, said[words].arguments) == (TABLE[words].run, TABLE[words].arguments)


def test_control_socket_and_machine_mode_know_every_verb_of_the_table(desk: Desk) -> None:
    """Each is asked with an argument that none has: a verb that is known names itself in its refusal."""
    socket, machine = ControlSocket(desk.box), Programs(desk.box)

    async def refused(words: str) -> str:
        line = b'{"verb": "%s", "arguments": {"colour": "red"}}\n' % words.encode()
        return str((await socket._answer(line))["error"])

    for words in TABLE:
        assert asyncio.run(refused(words)) == f"{words} has no argument 'colour'."
    assert asyncio.run(refused("make coffee")) == "There is no verb 'make coffee'."
    machine.receive(b"\0", 0.0)  # A box without a password lets everybody in.
    assert machine._hello()["verbs"] == list(TABLE)
