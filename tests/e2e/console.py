"""A person at the serial console: a tty opened as a terminal program does, or a real one in tmux."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import time
import tty
import uuid
from collections.abc import Callable
from pathlib import Path

from tests.e2e.record import PATIENCE


class Tty:
    """Types into a tty and reads what it says."""

    def __init__(self, path: str = "", descriptor: int = -1) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY) if path else descriptor
        if path:
            tty.setraw(self._descriptor)
        self.seen = ""

    def type(self, text: str) -> None:
        data = text.encode()
        while data:
            data = data[os.write(self._descriptor, data[:1024]) :]

    def until(self, text: str) -> str:
        """All that is said up to that text; what follows it is for the next call."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self._descriptor], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{text!r} was not said, but this:\n{self.seen}"
            self.seen += os.read(self._descriptor, 4096).decode("utf-8", "replace")
        said, _, self.seen = self.seen.partition(text)
        return said

    def close(self) -> None:
        os.close(self._descriptor)


class Cable:
    """A serial port with a person at its far end, under a name that stays when it is plugged in again."""

    def __init__(self, name: Path) -> None:
        self.name = name
        self.plug()

    def plug(self) -> None:
        near, far = pty.openpty()
        self.name.unlink(missing_ok=True)
        self.name.symlink_to(os.ttyname(far))
        self.person = Tty(descriptor=near)
        self._far = far

    def taken(self) -> None:
        """The box has opened it, so that it is the only one."""
        os.close(self._far)

    def pull(self) -> None:
        self.person.close()


class Picocom:
    """picocom in a terminal of 80x24 that tmux keeps."""

    def __init__(self, path: str) -> None:
        self._socket = f"frontdesk-{uuid.uuid4().hex[:12]}"
        command = f"picocom --baud 115200 {path}"
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", command)
        self._wait(lambda: "Terminal ready" in self.screen(), "picocom is ready")  # It drops what was typed before.

    def type(self, text: str) -> None:
        """Characters as they are; a line feed is the Enter key."""
        for number, line in enumerate(text.split("\n")):
            if number:
                self._tmux("send-keys", "Enter")
            if line:
                self._tmux("send-keys", "-l", line)

    def press(self, key: str) -> None:
        self._tmux("send-keys", key)

    def screen(self) -> str:
        """What a person sees, less the blank ends of rows."""
        return self._tmux("capture-pane", "-p").rstrip("\n")

    def until(self, text: str) -> str:
        """The screen, once that text is its end."""
        self._wait(lambda: self.screen().endswith(text), f"the screen ends in {text!r}")
        return self.screen()

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"it does not come that {what}:\n{self.screen()}"
            time.sleep(0.05)

    def close(self) -> None:
        with contextlib.suppress(AssertionError):
            self._tmux("kill-server")

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, *words], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
