"""A house for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.desk import Desk
from tests.web.house import PASSWORD, House


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    Desk.close()


@pytest.fixture
def new(tmp_path: Path) -> House:
    """Never set up."""
    house = House(tmp_path)
    house.desk.box.admin.settle_code()
    return house


@pytest.fixture
def house(tmp_path: Path) -> House:
    """With the account 101, an admin password and one of those who only look."""
    house = House(tmp_path)
    house.desk.do("account add", user="101", password="secret", name="Front desk")
    house.desk.do("passwd admin", password=PASSWORD)
    house.desk.do("passwd viewer", password="only looking")
    return house
