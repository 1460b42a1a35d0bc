"""DIR/first-boot-code: it opens the setup page of a box with no admin password, for whoever is at the box."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from ..files import write_whole
from .errors import VerbError

FILE = "first-boot-code"
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O, U."""
LENGTH = 8
"""40 bits."""
TRIES = 5
"""Wrong codes from one address."""
MOST_TRIES = 50
"""Wrong codes in all: so many addresses are no person's."""


class Closed(VerbError):
    """Too many wrong codes: the code is dead."""

    def __init__(self) -> None:
        super().__init__("Too many wrong codes: the box shows a new one at its console and by `frontdesk status`.")


class FirstBootCode:
    """One code at a time. Too many wrong ones close it, until somebody at the box is shown a new one."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / FILE
        self._wrong: dict[str, int] = {}
        """Wrong codes from each address."""

    @property
    def text(self) -> str | None:
        """The code, as long as there is one."""
        try:
            return self._file.read_text("ascii").strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    def check(self, typed: str, source: str) -> bool:
        """Whether it is the code, as people type it. Raises Closed where too many wrong ones came."""
        text = self.text
        if text is None:
            return False
        if self._wrong.get(source, 0) >= TRIES or self._is_closed:
            raise Closed
        code = typed.upper().translate(str.maketrans("ILO", "110", "- "))
        if secrets.compare_digest(code.encode("utf-8", "replace"), text.encode()):
            return True
        self._wrong[source] = self._wrong.get(source, 0) + 1
        return False

    def settle(self) -> None:
        """Makes one where there is none. A disk that takes no file takes no password either."""
        if self.text is None:
            with suppress(OSError):
                self._make()

    def renew(self) -> None:
        """Somebody is at the box: a new one where too many wrong ones came; on a full disk the old one lives again."""
        if self.text is not None and (self._is_closed or max(self._wrong.values(), default=0) >= TRIES):
            with suppress(OSError):
                self._make()

    @property
    def _is_closed(self) -> bool:
        return sum(self._wrong.values()) >= MOST_TRIES

    def end(self) -> None:
        """It has done its duty. Where its file cannot be taken away it is dead all the same: there is a password."""
        self._wrong.clear()
        with suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _make(self) -> None:
        self._wrong.clear()
        write_whole(self._file, "".join(secrets.choice(LETTERS) for _ in range(LENGTH)).encode() + b"\n")
