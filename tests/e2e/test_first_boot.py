"""A box's first boot over its serial console, with no network; then real phones use the printed passwords."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.baresip import Phone
from tests.e2e.box import Box

_NEW_DOMAIN = "first-boot.test"
_OFFICE = f"""\
[box]
hostname = "reception"
domain = "{_NEW_DOMAIN}"
[network]
address = "192.0.2.10/24"
gateway = "192.0.2.1"
dns = ["192.0.2.1"]
[[account]]
user = "101"
name = "Front desk"
aliases = ["desk", "9"]
[[account]]
range = "102-120"
name = "Room {{user}}"
"""
_PASSWORD = "a good password"
_PATIENCE = 60


@pytest.fixture
def new_box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path / "data", options=("--console", "pty"))
    box.start()
    yield box
    box.kill()


def _deskctl(box: Box, folder: Path, *words: str) -> Any:
    [port] = [line.removeprefix("console: ") for line in box.log().splitlines() if line.startswith("console: ")]
    password = folder / "password"
    password.write_text(f"{_PASSWORD}\n")
    command = [sys.executable, "-m", "deskctl", *words, "--port", port, "--json", "--password-file", str(password)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_office_file_makes_a_box_whose_phones_call_each_other(
    new_box: Box, tmp_path: Path, phones: Callable[..., Phone]
) -> None:
    office = tmp_path / "office.toml"
    office.write_text(_OFFICE)
    passwords = _deskctl(new_box, tmp_path, "provision", str(office), "--yes")["passwords"]
    assert len(passwords) == 20
    caller, called = (phones(user, passwords[user], new_box.address(), _NEW_DOMAIN) for user in ("102", "101"))
    for phone in (caller, called):
        phone.register()
    caller.dial("desk")
    called.expect("CALL_INCOMING")
    called.accept()
    for phone in (caller, called):
        phone.expect("CALL_ESTABLISHED")
        phone.expect("CALL_RTPESTAB")
    caller.hang_up()
    called.expect("CALL_CLOSED")
    assert _deskctl(new_box, tmp_path, "provision", str(office), "--yes")["steps"] == []
