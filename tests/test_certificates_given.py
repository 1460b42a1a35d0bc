"""A pair that somebody has put there and that is not used: why is told, and never in the way of anything else."""

from __future__ import annotations

import errno
import os
import time
from datetime import timedelta
from math import inf
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from frontdesk.certificates import Certificates, Names, making, released

PAIR = "given.crt", "given.key"


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path, lambda: Names(frozenset(), frozenset()), time.time)


def test_there_is_nothing_to_tell_where_nobody_put_anything(certificates: Certificates) -> None:
    assert certificates.unused == ""


@pytest.mark.parametrize("name", PAIR)
def test_half_a_pair_is_told(certificates: Certificates, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("PEM")
    assert certificates.unused == f"{name} is there alone"


@pytest.mark.parametrize("error", [errno.EACCES, errno.ENOENT])
def test_links_that_the_box_may_not_follow_or_that_lead_nowhere_are_told(
    certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    for name in PAIR:
        (tmp_path / name).symlink_to(tmp_path / "kept" / name)
    stat = Path.stat

    def shut(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if follow_symlinks and path.is_symlink():
            raise OSError(error, os.strerror(error), str(path))
        return stat(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", shut)
    assert certificates.unused == f"given.crt: {os.strerror(error)}" and not certificates.is_given


def test_key_with_a_password_is_told_and_nobody_is_asked_for_it(certificates: Certificates, tmp_path: Path) -> None:
    pair = making.authority(frozenset({"given"}), released(), released() + timedelta(days=100))
    key = load_pem_private_key(pair.key_pem, None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / "given.crt").write_bytes(pair.pem)
    (tmp_path / "given.key").write_bytes(locked)
    certificates.context()
    assert certificates.unused == "given.key has a password" and certificates.ends == inf
