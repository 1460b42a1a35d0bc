"""Boxes for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from frontdesk.control import scrypt
from tests.deskctl.pty_box import PtyBox

Boxes = Callable[..., PtyBox]


@pytest.fixture
def boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Boxes]:
    """Makes boxes: `boxes(password="", serial="B0X")`."""
    monkeypatch.setattr(scrypt, "COST", scrypt.Cost(16, 8, 1))  # Nobody attacks them.
    made: list[PtyBox] = []

    def make(password: str = "", serial: str = "B0X") -> PtyBox:
        directory = tmp_path / serial
        directory.mkdir()
        made.append(PtyBox(directory, password, serial))
        return made[-1]

    yield make
    for box in made:
        box.close()
