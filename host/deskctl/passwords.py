"""Passwords: those that phones get, made here, and the admin's, from a prompt or a file."""

from __future__ import annotations

import secrets
import sys
from getpass import getpass
from pathlib import Path

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""No i, l, o, 0, 1: nobody mistakes one for another when it is read off a sheet."""
LENGTH = 16
"""Letters: 79 bits."""


class NoPassword(Exception):
    """There is none to be had; the text is one sentence."""


def make() -> str:
    """A good password for a phone."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def of_admin(file: Path | None, prompt: str = "Admin password: ", twice: bool = False) -> str:
    """From the file's first line, else from the terminal. Raises NoPassword, OSError."""
    if file is not None:
        password = file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    elif sys.stdin.isatty():
        password = getpass(prompt)
        if twice and password != getpass("Again: "):
            raise NoPassword("These were two passwords.")
    else:
        raise NoPassword("A password is needed; there is no terminal to ask on, so give --password-file FILE.")
    if not password:
        raise NoPassword("The password is empty.")
    return password
