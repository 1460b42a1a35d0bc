"""What people and programs see: a question stands on a line of its own, and every character has a stand-in."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from deskctl.box import Box
from deskctl.cable import Cable
from deskctl.cli import BAD_COMMAND, NO_BOX
from deskctl.screen import Screen
from tests.deskctl.conftest import Boxes

SHOWN, ERASED = " bytes", "\x1b[2K"


class Terminal(io.StringIO):
    """What was written to a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.mark.parametrize("cable_is_pulled", [False, True])
def test_bar_is_gone_while_the_password_is_asked_for(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch, cable_is_pulled: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    there = boxes()
    before: list[str] = []

    def asked() -> str:
        before.append(terminal.getvalue())
        return "open sesame"

    box = Box(Cable(there.port), asked, comes_back=5.0)
    box.connect()
    there.verb("passwd admin", password="open sesame")
    if cable_is_pulled:
        there.unplug_after = 10
    with Screen().bar("Reading the box") as bar:
        assert box.ask("account list", bar) == []
        again = terminal.getvalue().removeprefix(before[0])
    assert SHOWN in again and SHOWN in before[0] and before[0].endswith(ERASED)
    box.close()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_cannot_have_a_character_gets_a_stand_in(boxes: Boxes, encoding: str) -> None:
    """As on Windows, where files that a program writes have the letters of one part of the world."""
    box = boxes()
    command = [sys.executable, "-m", "deskctl", "provision", "-", "--port", box.port, "--yes", "--no-admin-password"]
    office = '\ufeff[[account]]\nuser = "{}"\nname = "B\u00fcro \u672c"\n'
    env = os.environ | {"PYTHONIOENCODING": encoding}

    def run(user: str, *more: str) -> str:
        given = office.format(user).encode()
        done = subprocess.run([*command, *more], input=given, env=env, stdout=subprocess.PIPE, check=True)
        return done.stdout.decode(encoding)

    assert "\\u672c" in run("101")
    told = json.loads(run("102", "--json"))
    assert told["steps"] == ["+ account 102  B\u00fcro \u672c"] and [*told["passwords"]] == ["102"]
    assert {row["name"] for row in box.verb("account list")} == {"B\u00fcro \u672c"}


@pytest.mark.parametrize(
    ("end", "status", "said"),
    [(">&- <&-", NO_BOX, ""), ("> /dev/full", BAD_COMMAND, "deskctl: No space left on device.\n")],
)
@pytest.mark.parametrize("option", ["", "--json"])
def test_answer_that_cannot_be_written_is_no_crash(option: str, end: str, status: int, said: str) -> None:
    command = f"{sys.executable} -m deskctl ports --port ./none {option} {end}"
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=buffered, check=False)
    assert (done.returncode, done.stderr) == (status, said)
