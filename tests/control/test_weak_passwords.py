"""A password that can be guessed at once is taken, and told of while anybody knows it."""

from __future__ import annotations

import pytest

from frontdesk.control import passwords
from frontdesk.control.text import MOST_NAMES, weak
from tests.control.desk import Desk

GUESSED = ["1", "12345", "abcde", "101", "101101", "pw101", "101secret", "PASSWORD", "123456", "8901234", "000000",
           "ababab", "reception", "Reception1"]  # fmt: skip
GOOD = ["482913", "k4w9x2mpz7hq3vtn", "correct horse", "101-k4w9x2", "passwords of mine"]


@pytest.mark.parametrize(("words", "is_weak"), [(GUESSED, True), (GOOD, False)])
def test_short_ones_counted_ones_and_those_of_the_number_are_guessed(words: list[str], is_weak: bool) -> None:
    assert {word: passwords.is_guessable(word, "101", "reception") for word in words} == dict.fromkeys(words, is_weak)
    assert not passwords.is_guessable(passwords.make(), "1")


def test_every_verb_that_takes_a_password_says_so_and_takes_it(desk: Desk) -> None:
    assert desk.do("account add", user="109", password="109")["weak"] == ["109"]
    desk.do("alias add", user="109", alias="reception")
    assert desk.do("account passwd", user="109", password="reception")["weak"] == ["109"]
    assert desk.do("device add", user="109", device="mobile", password="x")["weak"] == ["109"]
    box = desk.box
    assert passwords.is_password(box.account("109"), "", box.directory.realm, "reception")
    for given in ({"password": "correct horse"}, {}):
        assert "weak" not in desk.do("account passwd", user="109", **given)


def test_file_of_accounts_is_taken_whole_with_a_count_and_the_names(desk: Desk) -> None:
    rows = [f"{user},{'1234' if user > 201 else 'correct horse'},{user}a" for user in range(201, 231)]
    answer = desk.do("account import", text="\n".join(["username,password,aliases", *rows]))
    assert answer == {"added": 30, "changed": 0, "weak": [str(user) for user in range(202, 231)]}
    said = str(weak(answer))
    assert said.startswith("29 passwords can be guessed at once") and "202, 203" in said and ", ..." in said
    assert len(said.split(", ")) < MOST_NAMES + 10
    assert weak({"added": 1}) is None and weak([]) is None
