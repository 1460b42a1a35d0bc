"""Passwords: made for people to type into phones, and turned into the hashes that are kept (RFC 7616 3.4.2)."""

from __future__ import annotations

import secrets

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


def is_password(account: Account, device: str, realm: str, password: str) -> bool:
    """Whether the account has it, for that device ("": as its main one)."""
    return secret(device, account.username, realm, password) in account.secrets
