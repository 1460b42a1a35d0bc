"""Computers of the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helper.recording import Computer


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    """One whose network is systemd-networkd's."""
    return Computer(tmp_path / "root", "systemd-networkd", "systemd-resolved")


@pytest.fixture
def managed(tmp_path: Path) -> Computer:
    """One whose network is NetworkManager's."""
    computer = Computer(tmp_path / "managed", "NetworkManager")
    computer.says["nmcli -g DEVICE,STATE"] = "eth0:connected\nwlan0:disconnected\nlo:unmanaged\n"
    computer.says["nmcli -g GENERAL.CON-UUID"] = "1b2c\n"
    return computer
