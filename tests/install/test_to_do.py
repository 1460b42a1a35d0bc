"""What an installation leaves for a person to do, and what it says at its end."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from frontdesk.board import load
from install import system
from install.layout import EXECUTABLE, MODE, File, layout

BOARD = load("rpi-4b")
SERVES = {"version": "0.1.0"}


class Computer:
    """Files of a boot loader, and a box that answers in time or does not."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.config, self.command_line = place / "config.txt", place / "cmdline.txt"
        self.answers: list[dict[str, str] | None] = [SERVES]
        """None: it has not started yet; the last one stays."""
        self._now = 0.0
        monkeypatch.setattr(system, "CONFIG", self.config)
        monkeypatch.setattr(system, "COMMAND_LINE", self.command_line)
        monkeypatch.setattr(subprocess, "run", self._status)
        monkeypatch.setattr(time, "monotonic", lambda: self._now)
        monkeypatch.setattr(time, "sleep", self._sleep)

    def _status(self, *command: object, **how: object) -> subprocess.CompletedProcess[str]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return subprocess.CompletedProcess([], 2 if answer is None else 0, json.dumps(answer) if answer else "", "")

    def _sleep(self, seconds: float) -> None:
        self._now += seconds


@pytest.fixture
def computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    return Computer(tmp_path, monkeypatch)


def test_lines_that_the_boot_loader_lacks_are_told_and_no_others(computer: Computer) -> None:
    there, *lacking = BOARD.config
    computer.config.write_text(f"# mine\n{there}\n")
    said = list(system.to_do(BOARD, live=True))
    assert said[1:-1] == [f"    {line}" for line in lacking] and str(computer.config) in said[0]
    computer.config.write_text("\n".join(BOARD.config))
    assert list(system.to_do(BOARD, live=True)) == ["Frontdesk serves."]


def test_image_is_told_all_lines_whatever_this_computer_has(computer: Computer) -> None:
    computer.config.write_text("\n".join(BOARD.config))
    computer.command_line.write_text("console=serial0,115200")
    said = list(system.to_do(BOARD, live=False))
    assert said[1:-1] == [f"    {line}" for line in BOARD.config]
    assert said[-1] == "The first-boot code is shown by `frontdesk status` once the box has started."


@pytest.mark.parametrize(
    ("word", "told"), [("console=serial0,115200", 1), ("console=ttyAMA0", 1), ("console=tty1", 0), ("root=ttyAMA0", 0)]
)
def test_port_that_the_kernel_writes_to_is_told(computer: Computer, word: str, told: int) -> None:
    computer.config.write_text("\n".join(BOARD.config))
    computer.command_line.write_text(f"quiet {word} rootwait\n")
    said = list(system.to_do(BOARD, live=True))
    assert [line.startswith(f"Take {word} out of {computer.command_line}") for line in said[:-1]] == [True] * told


def test_code_comes_as_soon_as_the_box_has_started(computer: Computer) -> None:
    computer.config.write_text("\n".join(BOARD.config))
    computer.answers = [None, None, {"first_boot_code": "7K3QW9XZ"}]
    assert list(system.to_do(BOARD, live=True)) == ["Frontdesk serves. First-boot code: 7K3QW9XZ"]


def test_box_that_does_not_start_is_told_with_where_to_look(computer: Computer) -> None:
    computer.config.write_text("\n".join(BOARD.config))
    computer.answers = [None]
    assert list(system.to_do(BOARD, live=True)) == ["Frontdesk has not started yet. See: journalctl -u frontdesk"]


def test_programs_can_be_run_and_nothing_else_can() -> None:
    files = {str(place): what for place, what in layout(BOARD).items() if isinstance(what, File)}
    programs = {place for place, what in files.items() if what.mode == EXECUTABLE}
    assert programs == {"/usr/local/bin/frontdesk", "/usr/local/lib/frontdesk-helper/frontdesk-helper"}
    assert {what.mode for place, what in files.items() if place not in programs} == {MODE}
