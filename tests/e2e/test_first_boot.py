"""A box's first boot over its serial line, with no network at all; then real phones use the printed passwords."""

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
from tests.e2e.namespace import Namespace
from tests.e2e.wiring import Wiring

_NEW_DOMAIN = "first-boot.test"
_OFFICE = f"""\
[box]
hostname = "reception"
timezone = "Europe/Berlin"
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
_MOST_BYTES = 400_000
"""On the line, both ways together."""


@pytest.fixture
def nowhere() -> Iterator[Namespace]:
    """A place without any network, not even with itself."""
    place = Namespace("nowhere")
    place.ip("link", "set", "lo", "down")
    yield place
    place.remove()


@pytest.fixture
def new_box(tmp_path: Path, nowhere: Namespace, wiring: Wiring) -> Iterator[Box]:
    box = Box(tmp_path / "data", hosts=("0.0.0.0",), namespace=nowhere, options=("--console", wiring.box))
    box.start()
    yield box
    box.kill()


def _provision(place: Namespace, port: str, folder: Path) -> Any:
    office, password = folder / "office.toml", folder / "password"
    office.write_text(_OFFICE)
    password.write_text(f"{_PASSWORD}\n")
    words = ["provision", str(office), "--yes", "--port", port, "--json", "--password-file", str(password)]
    command = [*place.command(), sys.executable, "-m", "deskctl", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_office_file_makes_a_box_whose_phones_call_each_other(
    new_box: Box, nowhere: Namespace, wiring: Wiring, tmp_path: Path, phones: Callable[..., Phone]
) -> None:
    passwords = _provision(nowhere, wiring.panel, tmp_path)["passwords"]
    assert len(passwords) == 20
    assert sum(wiring.carried.values()) <= _MOST_BYTES, wiring.carried
    nowhere.ip("link", "set", "lo", "up")
    server = new_box.address("127.0.0.1")
    caller, called = (phones(user, passwords[user], server, _NEW_DOMAIN, namespace=nowhere) for user in ("102", "101"))
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
    assert _provision(nowhere, wiring.panel, tmp_path)["steps"] == []
