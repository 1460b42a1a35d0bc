"""Boxes for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deskctl.cli import main
from tests.deskctl.pty_box import PtyBox

Boxes = Callable[..., PtyBox]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[Boxes]:
    """Makes boxes: `boxes(password="", serial="B0X")`."""
    made: list[PtyBox] = []

    def make(password: str = "", serial: str = "B0X") -> PtyBox:
        directory = tmp_path / serial
        directory.mkdir()
        made.append(PtyBox(directory, password, serial))
        return made[-1]

    yield make
    for box in made:
        box.close()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs deskctl: `run(*arguments)` gives its exit status, standard output and standard error."""

    def command(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return command
