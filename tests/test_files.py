"""A file is there whole or not at all, also after a power cut: what is on the disk, and in which order."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISDIR

import pytest

from frontdesk.files import write_whole


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    return path


def test_content_is_on_disk_before_it_has_its_name_and_the_name_before_it_counts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[int | str, bytes]] = []
    directory = path.parent.stat().st_ino

    def sync(descriptor: int) -> None:
        """What is synced, a file by its size, and what has the name meanwhile."""
        status = os.fstat(descriptor)
        assert not S_ISDIR(status.st_mode) or status.st_ino == directory
        synced.append(("directory" if S_ISDIR(status.st_mode) else status.st_size, path.read_bytes()))

    monkeypatch.setattr(os, "fsync", sync)
    write_whole(path, b"newer")
    assert synced == [(5, b"old"), ("directory", b"newer")]


def test_what_does_not_reach_the_disk_leaves_what_was_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError("worn out")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="worn out"):
        write_whole(path, b"newer")
    assert path.read_bytes() == b"old"


def test_file_is_its_owners_alone_whatever_was_left_of_the_last_one(path: Path) -> None:
    left = path.with_name("kept.tmp")
    left.write_bytes(b"torn")
    left.chmod(0o666)
    write_whole(path, b"newer")
    assert (path.read_bytes(), path.stat().st_mode & 0o777, left.exists()) == (b"newer", 0o600, False)
