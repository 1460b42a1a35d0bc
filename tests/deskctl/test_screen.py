"""What people see: a question stands on a line of its own."""

from __future__ import annotations

import io

import pytest

from deskctl.box import Box
from deskctl.cable import Cable
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
