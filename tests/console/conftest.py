"""A visit for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.visit import Visit
from tests.control.desk import Desk

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    Desk.close()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def fresh(desk: Desk) -> Iterator[Visit]:
    """Of a box that was never set up."""
    visit = Visit(desk)
    yield visit
    visit.close()


@pytest.fixture
def visit(desk: Desk) -> Iterator[Visit]:
    """Of a box with the account 101 and an admin password, logged in."""
    desk.do("account add", user="101", password="secret", name="Front desk")
    desk.do("passwd admin", password=PASSWORD)
    visit = Visit(desk)
    visit.type(PASSWORD + "\r")
    yield visit
    visit.close()
