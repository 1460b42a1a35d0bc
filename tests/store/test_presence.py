"""The database is deleted or replaced under the running box."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.store import accounts
from frontdesk.store.store import NAME
from tests.store.rows import account, clock, opened


def test_database_that_is_deleted_or_replaced_under_the_running_box_is_told(tmp_path: Path) -> None:
    journal = opened(tmp_path).journal(lambda tickets, error: None, clock())
    assert journal.notices == []
    (tmp_path / NAME).rename(tmp_path / "elsewhere")
    assert [notice.partition(" while ")[0] for notice in journal.notices] == ["The database was deleted or replaced"]
    assert "backup" in journal.notices[0].cure
    (tmp_path / NAME).touch()
    assert len(journal.notices) == 1
    (tmp_path / "elsewhere").replace(tmp_path / NAME)
    assert journal.notices == []
    journal.close()


def test_no_database_is_made_in_place_of_one_that_was_deleted(tmp_path: Path) -> None:
    journal = opened(tmp_path).journal(lambda tickets, error: None, clock())
    (tmp_path / NAME).rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError):
        journal.execute(lambda connection: accounts.save(connection, [account()])).result(10)
    assert not (tmp_path / NAME).exists()
    (tmp_path / "elsewhere").replace(tmp_path / NAME)
    journal.execute(lambda connection: accounts.save(connection, [account()])).result(10)
    journal.close()
    store = opened(tmp_path)
    assert [each.username for each in store.accounts()] == ["101"]
    store.close()


def test_directory_that_is_gone_has_no_room_and_is_no_error(tmp_path: Path) -> None:
    """Else `problems`, which tells that it is gone, could not be asked."""
    store = opened(tmp_path / "box")
    assert 0 < store.space()[0] <= store.space()[1]
    store.directory.rename(tmp_path / "elsewhere")
    assert store.space() == (0, 0)
    store.close()
