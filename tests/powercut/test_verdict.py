"""A database that is sound but not what was acknowledged is told as lost, and never ends the judge."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.durable_box import durable_box

from .history import History
from .verdict import judge
from .workload import ha1


@pytest.mark.parametrize("table", ["secrets", "accounts"])
def test_an_account_whose_rows_are_gone_is_lost(tmp_path: Path, table: str) -> None:
    history = History(lambda: 0)
    with durable_box(tmp_path, lambda connect: connect) as box:
        change = history.ask("account 101", (True, [ha1("101", "correct horse")]))
        box.do("account add", user="101", password="correct horse")
        history.acknowledge(change)
    assert not judge(tmp_path, history, 0).lost
    with closing(sqlite3.connect(tmp_path / "frontdesk.db", isolation_level=None)) as connection:
        connection.execute(f"DELETE FROM {table}")
    verdict = judge(tmp_path, history, 0)
    assert not verdict.damaged and [line.split(" is ")[0] for line in verdict.lost] == ["account 101"]
