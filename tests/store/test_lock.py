"""One box, one process."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from frontdesk.store import DirectoryLock, StoreError


def test_second_serve_is_refused_at_once_and_told_by_whom(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path, serve=True), pytest.raises(StoreError, match=r"process \d+\) already serves"):
        DirectoryLock(tmp_path, serve=True, patience=60)


def test_command_at_work_is_waited_for(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path, serve=False), pytest.raises(StoreError, match="still at work"):
        DirectoryLock(tmp_path, serve=True, patience=0.05)


def test_lock_is_free_after_release(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path, serve=True)
    lock.release()
    lock.release()
    assert not (tmp_path / "lock").read_text().strip()
    DirectoryLock(tmp_path, serve=False).release()


def test_a_disk_that_is_full_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DirectoryLock(tmp_path, serve=True).release()
    length = (tmp_path / "lock").stat().st_size
    with DirectoryLock(tmp_path, serve=True):
        assert (tmp_path / "lock").stat().st_size == length
    (tmp_path / "lock").write_bytes(b"")

    def full(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    with DirectoryLock(tmp_path, serve=True), pytest.raises(StoreError):
        DirectoryLock(tmp_path, serve=True, patience=0)


def test_lock_dies_with_its_process(tmp_path: Path) -> None:
    code = "import sys, os, pathlib; from frontdesk.store import DirectoryLock; "
    code += "lock = DirectoryLock(pathlib.Path(sys.argv[1]), serve=True); os._exit(0)"
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)
    DirectoryLock(tmp_path, serve=False, patience=0).release()


def test_words_of_a_box_that_was_killed_are_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("serve 1\n")
    with DirectoryLock(tmp_path, serve=False):
        assert not (tmp_path / "lock").read_text().strip()
