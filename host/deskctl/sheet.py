"""The passwords that phones get: on the screen, or on a sheet of paper."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from errno import EEXIST, ENOENT
from pathlib import Path

from . import passwords
from .office import Office
from .screen import Screen


class OnScreen:
    """Shown once."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.told: dict[str, str] = {}
        """What nobody has but who was told."""

    def of(self, user: str) -> str:
        """A new one."""
        return passwords.make()

    def keep(self, office: Office, made: dict[str, str]) -> None:
        """Nowhere."""

    def tell(self, made: dict[str, str]) -> None:
        """To the person in front of it."""
        self.told = made
        self._screen.table(["user", "password"], list(made.items()))
        self._screen.say("These passwords are shown this once; the box keeps their hashes alone.")

    def forget(self) -> None:
        """They have been nowhere."""


class OnSheet(OnScreen):
    """In a file, for its owner's eyes alone."""

    def __init__(self, screen: Screen, path: Path) -> None:
        super().__init__(screen)
        self._path = path
        self._written = False

    def keep(self, office: Office, made: dict[str, str]) -> None:
        """Written before anything is sent. Raises OSError."""
        if made:
            refuse_old(self._path)
            write_private(self._path, page(office, made))
            self._written = True

    def tell(self, made: dict[str, str]) -> None:
        """Where they are."""
        self._screen.say(f"The passwords of the new accounts are in {self._path}.")

    def forget(self) -> None:
        """The sheet goes, and with the file mended the same command makes it."""
        if self._written:
            self._path.unlink(missing_ok=True)


def page(office: Office, made: Mapping[str, str]) -> str:
    """What has to be typed into each phone."""
    lines = [f"{'user':<16} {'password':<20} name"]
    for user, word in made.items():
        name = office.accounts[user].name if user in office.accounts else None
        lines.append(f"{user:<16} {word:<20} {name or ''}".rstrip())
    return "\n".join(lines) + "\n"


def refuse_old(path: Path | None) -> None:
    """Before a box is asked: what is there may be all that somebody has of it. Raises OSError."""
    if path is not None and not path.parent.is_dir():
        raise FileNotFoundError(ENOENT, "There is no such folder", str(path.parent))
    if path is not None and os.path.lexists(path):
        raise FileExistsError(EEXIST, "There is such a file already; it stays as it is. Name another one", str(path))


def write_private(path: Path, text: str) -> None:
    """The old file or the new one is there, never a part, and nobody else reads it. Raises OSError."""
    new = path.with_name(f"{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        with suppress(OSError):
            new.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from None  # of a full disk it names no file
