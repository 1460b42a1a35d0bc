"""A desk for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from frontdesk.control import scrypt
from tests.control.desk import Desk


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is dear for a thief is dear for a test."""
    monkeypatch.setattr(scrypt, "COST", scrypt.Cost(4, 8, 1))


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    Desk.close()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """With the account 101."""
    desk = Desk(tmp_path)
    desk.do("account add", user="101", password="secret")
    return desk
