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


def of_admin(file: Path | None, prompt: str, twice: bool) -> str:
    """From the file's first line, else from the terminal. Raises NoPassword, OSError."""
    if file is not None:
        password = _first_line(file)
    elif sys.stdin.isatty():
        password = getpass(prompt)
        if twice and password != getpass("Again: "):
            raise NoPassword("These were two passwords.")
    else:
        raise NoPassword("A password is needed; there is no terminal to ask on, so give --password-file FILE.")
    if not password:
        raise NoPassword("The password is empty.")
    return password


def _first_line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig").partition("\n")[0].rstrip("\r")
    except UnicodeDecodeError:
        raise NoPassword(f"{file} is not text in UTF-8.") from None


def passphrase(file: Path | None, new: bool) -> str:
    """What a backup is sealed with. Raises NoPassword, OSError."""
    if file is None and not sys.stdin.isatty():
        raise NoPassword("A passphrase is needed; there is no terminal to ask on, so give --passphrase-file FILE.")
    return of_admin(file, "Passphrase of the backup: ", twice=new)


class AdminPassword:
    """Of one box; or (`of_all`) of all boxes of a batch, and then asked for until one has taken it, or once if it is
    new: then it is typed twice."""

    def __init__(self, file: Path | None, of_all: bool = False) -> None:
        self._file = file
        self._of_all = of_all
        self._known: str | None = None

    def there(self) -> str:
        """What the box has. Raises NoPassword, OSError."""
        return self._known or of_admin(self._file, "Admin password: ", twice=False)

    def new(self) -> str:
        """What it is to have. Raises NoPassword, OSError."""
        password = self._known or of_admin(self._file, "New admin password: ", twice=True)
        self.prove(password)
        return password

    def prove(self, password: str) -> None:
        """It is no slip of the fingers: a box has taken it, or it was typed twice."""
        if self._of_all:
            self._known = password
