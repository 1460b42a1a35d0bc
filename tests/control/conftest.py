"""A desk for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.computer import Machine
from tests.control.desk import Desk


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


@pytest.fixture
def machine(desk: Desk) -> Machine:
    desk.box.system = machine = Machine()
    return machine
