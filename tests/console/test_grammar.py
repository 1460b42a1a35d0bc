"""The language of the console: abbreviations, completion, help at every point, and every verb within reach."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frontdesk.console.grammar import Grammar, Misspoken
from frontdesk.console.line_editor import WIDTH
from frontdesk.console.phrases import phrases
from frontdesk.control import TABLE, Argument

ELSEWHERE = {
    "config set": "`set` stages, and `commit` takes it into use",
    "account import": "`import` takes what can be pasted",
    "restore": "`import` takes a backup too, and asks for its passphrase",
    "who": "`show bindings` has them",
    "today": "it is for the page",
    "passwd viewer": "it is for the page",
    "token add": "tokens are for programs that speak HTTP",
    "token revoke": "as above",
    "token list": "as above",
    "alias list": "`show accounts` has them",
    "poweroff": "who sits at the cable can pull the plug; the command line has it",
}
"""Verbs that have no phrase, and why."""


def known(argument: Argument) -> Iterable[str]:
    return {"USER": ("101", "102", 'o"dd'), "KEY": ("flush", "max-expires", "max-bindings")}.get(argument.metavar, ())


GRAMMAR = Grammar(phrases(), known)


def said(line: str) -> tuple[str, dict[str, object]]:
    command = GRAMMAR.parse(line)
    assert command is not None
    return command.phrase.verbs[0].words, dict(command.values)


def test_every_verb_can_be_said_or_has_a_reason_not_to() -> None:
    reached = {verb.words for phrase in phrases() for verb in phrase.verbs}
    assert set(TABLE) - reached == set(ELSEWHERE)


def test_every_argument_of_every_verb_can_be_said() -> None:
    for phrase in phrases():
        reached = {each.name for each in phrase.elements if isinstance(each, Argument)} | set(phrase.given)
        reached |= {option.name for option in (*phrase.options, *phrase.asks)}
        assert reached == {argument.name for argument in phrase.verbs[0].arguments}, phrase.words


@pytest.mark.parametrize(
    ("line", "words", "values"),
    [
        ("show status", "status", {}),
        ("sh st", "status", {}),
        ("sho b", "bindings", {}),
        ("show calls limit 5", "calls", {"limit": 5}),
        ("show events 101", "events", {"user": "101"}),
        ("show events", "events", {}),
        ("show config", "domain get", {}),
        ("delete alarm", "acknowledge", {}),
        ("show config flush", "config get", {"key": "flush"}),
        ("set flush 5m", "config stage", {"key": "flush", "value": "5m"}),
        ("set account 101 name=Workshop", "account set", {"user": "101", "assignment": "name=Workshop"}),
        ("set account 101 dis", "account disable", {"user": "101"}),
        ('add account 101 name "Front desk"', "account add", {"user": "101", "name": "Front desk"}),
        ('add ext 101 name "Front \\"desk\\""', "account add", {"user": "101", "name": 'Front "desk"'}),
        ('add account "name" name ""', "account add", {"user": "name", "name": ""}),
        ("add binding 101 sip:door@192.0.2.7", "binding add",
         {"user": "101", "contact": "sip:door@192.0.2.7", "static": True}),
        ("del dev 101 lobby", "device revoke", {"user": "101", "device": "lobby"}),
        ("show ext", "account list", {}),
    ],
)  # fmt: skip
def test_line_is_the_verb_with_its_arguments(line: str, words: str, values: dict[str, object]) -> None:
    assert said(line) == (words, values)


def test_password_is_asked_for_and_not_typed_on_the_line() -> None:
    command = GRAMMAR.parse("add account 101 password name Desk")
    assert command is not None
    assert [argument.name for argument in command.asks] == ["password"]
    assert command.values == {"user": "101", "name": "Desk"}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("s", "'s' can be show or set."),
        ("show", "There is more to say: status, accounts, "),
        ("show c", "'c' can be calls or config."),
        ("coffee", "'coffee' cannot stand here; show, set, add, delete, "),
        ("add account", "There is more to say: USER."),
        ("add account 101 name", "There is more to say: TEXT."),
        ("show status now", "'now' cannot stand here: `show status` ends before it."),
        ("set account 999 name x", "'x' cannot stand here: `set account USER KEY=VALUE` ends before it."),
        (f"show calls limit {'9' * 5000}", f"limit takes a whole number, not '{'9' * 40}'."),
        ("show calls limit many", "limit takes a whole number, not 'many'."),
        ('add account 101 name "Front', "A quotation mark is missing."),
        ("add account 101 name a name b", "'name' cannot stand here; password can."),
    ],
)
def test_line_that_says_nothing_is_answered_with_a_sentence(line: str, sentence: str) -> None:
    with pytest.raises(Misspoken) as error:
        GRAMMAR.parse(line)
    assert str(error.value).startswith(sentence)


def test_empty_line_says_nothing() -> None:
    assert GRAMMAR.parse("   ") is None


# -- completion --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "added", "choices"),
    [
        ("sh", "ow ", ()),
        ("s", "", ("set", "show")),
        ("show co", "nfig ", ()),
        ("delete account 1", "0", ("101", "102")),
        ("delete account ", "10", ()),
        ("set max", "-", ("max-bindings", "max-expires")),
        ("set f", "lush ", ()),
        ("add account 103 n", "ame ", ()),
        ("coffee ", "", ()),
        ("show x", "", ()),
        ('add account "1', "", ()),
    ],
)
def test_tab_adds_what_all_choices_share(before: str, added: str, choices: tuple[str, ...]) -> None:
    completion = GRAMMAR.complete(before)
    assert completion.added == added
    if not added:
        assert set(choices) <= set(completion.choices)


# -- help --------------------------------------------------------------------------------------------------------------


SHOWN = ["status", "accounts", "devices", "bindings", "calls", "events", "problems", "net", "log", "config"]
WORDS = [
    *("show", "set", "add", "delete", "test", "diff", "commit", "rollback", "export", "import", "backup"),
    *("factory-reset", "ping", "reboot", "help", "exit"),
]


def begins(help: str | None) -> list[str]:
    """The words that help explains."""
    return re.findall(r"^(?:  )?([^ \n]+)", help or "", re.M)


def test_help_of_nothing_lists_exactly_the_words_that_begin_a_line() -> None:
    assert begins(GRAMMAR.help("")) == WORDS


def test_no_word_of_help_is_cut_off() -> None:
    assert TABLE["ping"].help in " ".join((GRAMMAR.help("ping 192.0.2.1 ") or "").split())
    assert TABLE["test net"].help in " ".join((GRAMMAR.help("test ") or "").split())
    assert set(SHOWN) <= set(GRAMMAR.overview().replace(",", "").split())


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("show s", ["status"]),
        ("show ", SHOWN),
        ("add account ", ["USER"]),
        ("add account 101 ", ["name", "password", "<Enter>"]),
        ("add account 101 name ", ["TEXT"]),
        ("set account 101 ", ["enable", "disable", "password", "KEY=VALUE"]),
        ("show status ", ["<Enter>"]),
        ("show events ", ["USER", "<Enter>"]),
        ("show config ", ["<Enter>", "KEY"]),
        ("set hostname ", ["VALUE"]),
        ("coffee ", ["'coffee'"]),
        ("show status now", ["'now'"]),
    ],
)
def test_help_at_a_point_lists_what_can_stand_there(before: str, words: list[str]) -> None:
    assert begins(GRAMMAR.help(before)) == words


def test_help_is_not_asked_for_between_quotation_marks() -> None:
    assert GRAMMAR.help('add account 101 name "Why') is None


LINES = st.lists(
    st.sampled_from(["show", "add", "set", "del", "account", "101", "na", '"', "\\", "limit", "5", "config", "?", "ä"]),
    max_size=6,
).map(" ".join)


@given(LINES)
@example("account ")
def test_any_line_is_a_command_or_a_sentence_and_help_fits_the_screen(line: str) -> None:
    try:
        GRAMMAR.parse(line)
    except Misspoken as error:
        assert "\n" not in str(error)
    assert all(len(row) < WIDTH for row in (GRAMMAR.help(line) or "").splitlines())
    assert GRAMMAR.complete(line).added.isprintable()


@given(LINES)
def test_what_tab_completes_means_the_same(line: str) -> None:
    added = GRAMMAR.complete(line).added
    try:
        before = GRAMMAR.parse(line)
    except Misspoken:
        return
    if added.endswith(" ") and before is not None and not line.endswith(" "):
        after = GRAMMAR.parse(line + added)
        assert after is not None and after.phrase.words.startswith(before.phrase.words[:3])
