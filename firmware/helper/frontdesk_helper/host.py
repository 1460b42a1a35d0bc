"""The computer, as far as the helper touches it: files, programs of Debian, the clock. The seam of the tests."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from pathlib import Path

PATIENCE = 30.0
"""Seconds that a program may take."""
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
MODE = 0o644


class Refused(Exception):
    """It was not done; the text is one sentence for a person. Its template and the words in it are there for whoever
    says it in another language."""

    def __init__(self, template: str, **words: str) -> None:
        super().__init__(template.format(**words) if words else template)
        self.template = template
        self.words = words


class Foreign(Refused):
    """It was not done, since somebody else keeps that part of the computer."""


class Host:
    """This computer, or another root of one."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root

    def path(self, name: str) -> Path:
        """Of an absolute name."""
        return self._root / name.lstrip("/")

    def read(self, name: str) -> str:
        """The text of a file; nothing where there is none."""
        try:
            return self.path(name).read_text("utf-8", "surrogateescape")
        except OSError:
            return ""

    def write(self, name: str, text: str) -> bool:
        """Whole or not at all, and on the disk; whether it was another one before. Raises Refused."""
        path = self.path(name)
        fresh = path.with_name(f".{path.name}.new")
        if path.is_file() and self.read(name) == text:
            return False
        try:
            _make(path.parent)
            with fresh.open("w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
                os.fchmod(file.fileno(), MODE)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            raise Refused("{name} cannot be written: {error}.", name=name, error=str(error.strerror)) from None
        return True

    def remove(self, name: str) -> bool:
        """Whether it was there."""
        with contextlib.suppress(FileNotFoundError):
            self.path(name).unlink()
            return True
        return False

    def run(self, *command: str) -> str:
        """What it prints; nobody's shell reads it. Raises Refused with the last line of its complaint."""
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, env=ENVIRONMENT, check=False
            )
        except FileNotFoundError:
            raise Refused("There is no `{program}` on this computer.", program=command[0]) from None
        except subprocess.TimeoutExpired:
            limit = f"{PATIENCE:.0f}"
            raise Refused("`{program}` did not end within {limit} s.", program=command[0], limit=limit) from None
        if done.returncode:
            complaint = (done.stderr or done.stdout).decode("utf-8", "replace").strip().rpartition("\n")[2]
            reason = complaint.rstrip(".") or str(done.returncode)
            raise Refused("`{command}` failed: {reason}.", command=" ".join(command[:3]), reason=reason)
        return done.stdout.decode("utf-8", "replace")

    def is_active(self, unit: str) -> bool:
        """Whether systemd runs that unit."""
        try:
            self.run("systemctl", "is-active", "--quiet", unit)
        except Refused:
            return False
        return True

    def set_clock(self, wall: float) -> None:
        """In Unix seconds."""
        time.clock_settime(time.CLOCK_REALTIME, wall)


def _make(folder: Path) -> None:
    """For everybody to go into, whatever the service's umask: networkd, for one, is not root."""
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir()
        folder.chmod(0o755)
