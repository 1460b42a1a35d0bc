"""Passwords: made for people to type into phones, and turned into the hashes that are kept (RFC 7616 3.4.2)."""

from __future__ import annotations

import secrets
from typing import Any

from ..model import Account, Secret
from ..sip.digest import HASHES, ha1
from .box import VerbError

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""No i, l, o, 0, 1: nobody mistakes one for another when it is read off a sheet."""
LENGTH = 16
"""Letters of a made password: 79 bits."""
LONGEST = 128
"""Characters of a password that is given. How short it may be is not the box's to say: phones of an office that moves
here keep theirs."""

SHORT, FEW = 6, 3
"""Characters, and different ones, that a password has at least which is not guessed at once; its number or name beside
them does not count."""
WORDS = frozenset({"password", "passwort", "secret", "changeme", "qwerty", "qwertz"})
COUNTED = "0123456789" * 2


def make() -> str:
    """A good password."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def secret(name: str, username: str, realm: str, password: str) -> Secret:
    """What is kept of a password. Raises VerbError for one that no phone could send."""
    if not password:
        raise VerbError("The password is empty.")
    if len(password) > LONGEST:
        raise VerbError("The password is longer than {longest} characters.", longest=LONGEST)
    if not password.isprintable():
        raise VerbError("The password has a character that cannot be typed.")
    return Secret(name, {algorithm: ha1(algorithm, username, realm, password) for algorithm in HASHES})


def is_guessable(password: str, *names: str) -> bool:
    """Whether it is among the first guesses of whoever tries the numbers of a box, `names`, from outside. It is taken
    all the same, since phones of an office that moves here keep theirs."""
    word = password.casefold()
    beside = [word, *(word.replace(name.casefold(), "") for name in names)]
    return any(len(each) < SHORT or len(set(each)) < FEW or each in COUNTED or each in WORDS for each in beside)


def told(account: Account, given: str, made: str) -> dict[str, Any]:
    """What the answer to a verb says of a password: the one that was made, or that the given one can be guessed."""
    if not given:
        return {"password": made}
    weak = is_guessable(given, account.username, *account.aliases)
    return {"weak": [account.username]} if weak else {}


def is_password(account: Account, device: str, realm: str, password: str) -> bool:
    """Whether the account has it, for that device ("": as its main one)."""
    return secret(device, account.username, realm, password) in account.secrets
