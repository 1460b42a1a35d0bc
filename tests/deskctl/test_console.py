"""deskctl console: a terminal at the box, over a pty."""

from __future__ import annotations

import io
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deskctl.cli import BAD_COMMAND, DONE, NO_BOX
from tests.deskctl.conftest import Boxes, Run

PATIENCE = 20.0
"""Seconds."""


def test_console_shows_what_comes_and_sends_what_is_typed(boxes: Boxes) -> None:
    box = boxes()
    got: list[bytes] = []

    def echo(data: bytes, now: float) -> bytes:
        got.append(data)
        return b"Frontdesk> "

    box.machine.receive = echo  # type: ignore[method-assign]
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "deskctl", "console", "--port", box.port]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        shown = read_until(ours, b"Ctrl-]")
        wait_for_raw(ours)
        os.write(ours, b"status\r")
        shown = read_until(ours, b"Frontdesk> ")
        assert b"Frontdesk> " in shown
        eventually(lambda: b"".join(got) == b"status\r")
        os.write(ours, b"\x1d")
        assert process.wait(10) == DONE
    os.close(ours)


def test_console_ends_with_its_cable(boxes: Boxes) -> None:
    box = boxes()
    box.machine.receive = lambda data, now: b"Frontdesk> "  # type: ignore[method-assign]
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "deskctl", "console", "--port", box.port]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        wait_for_raw(ours)
        os.write(ours, b"\r")
        read_until(ours, b"Frontdesk> ")
        box.do(box.unplug)
        assert read_until(ours, b"is gone.").split() == [b"deskctl:", box.port.encode(), b"is", b"gone."]
        assert process.wait(10) == NO_BOX
    os.close(ours)


def test_console_without_a_terminal_is_told_so(boxes: Boxes, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    status, out, err = run("console", "--port", boxes().port)
    assert status == BAD_COMMAND and "needs a terminal" in err and err.count("\n") == 1 and not out


def test_console_of_no_port_is_not_said_to_be_connected(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    status, out, err = run("console", "--port", tmp_path / "none")
    assert status == NO_BOX and "cannot be opened" in err and not out


def read_until(terminal: int, expected: bytes) -> bytes:
    shown = b""
    while expected not in shown:
        assert select.select([terminal], [], [], PATIENCE)[0], f"{expected!r} was never shown, but {shown!r}"
        shown += os.read(terminal, 1000)
    return shown


def eventually(is_so: Callable[[], bool]) -> None:
    """Waits until it is."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def wait_for_raw(terminal: int) -> None:
    """Until the program has taken the terminal over."""
    import termios

    eventually(lambda: not termios.tcgetattr(terminal)[3] & termios.ICANON)
