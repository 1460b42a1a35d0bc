"""`make install DESTDIR=` into an empty root: twice the same, units that systemd finds nothing wrong with, and gone
again."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = "usr/local/lib/systemd/system"
START = """
import pwd, runpy, sys
def nobody(name): raise KeyError(name)
pwd.getpwnam = nobody
runpy.run_path(sys.argv[1], run_name="__main__")
"""
EXPOSURE = 30
"""Of 100, the most that `systemd-analyze security` may find (its overall level is a tenth of that)."""


def make(target: str, destination: Path, board: str = "rpi-4b") -> str:
    """What `make` prints, given by somebody whose files nobody else may read."""
    command = ["make", "-s", target, f"DESTDIR={destination}", f"BOARD={board}", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=300, umask=0o077)
    return done.stdout


def picture(root: Path) -> dict[str, tuple[int, bytes | str]]:
    """Every path below: its mode, and what it holds or where it leads."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in sorted(root.rglob("*")):
        mode = stat.S_IMODE(path.lstat().st_mode)
        what = os.readlink(path) if path.is_symlink() else "" if path.is_dir() else path.read_bytes()
        found[str(path.relative_to(root))] = (mode, what)
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with the box in it."""
    root = tmp_path_factory.mktemp("root")
    make("install", root)
    return root


def test_twice_is_the_same_as_once(installed: Path) -> None:
    before = picture(installed)
    assert "config.txt" in make("install", installed)
    assert picture(installed) == before


def test_the_installed_command_runs_and_knows_its_boards(installed: Path) -> None:
    python = installed / "opt/frontdesk/bin/python"
    answer = subprocess.run([python, "-I", "-m", "frontdesk", "boards"], capture_output=True, text=True, check=True)
    assert "rpi-zero-2w" in answer.stdout


def test_nothing_of_the_installation_can_be_written_by_others(installed: Path) -> None:
    writable = {name for name, (mode, _) in picture(installed).items() if mode & 0o022 and mode != 0o777}
    assert writable == set()


def test_the_service_can_read_all_of_its_program(installed: Path) -> None:
    modes = {name: mode for name, (mode, _) in picture(installed).items() if name.startswith("opt")}
    assert len(modes) > 1000 and [name for name, mode in modes.items() if not mode & 0o004] == []


def test_no_login_prompt_is_left_on_a_console(installed: Path) -> None:
    masked = installed / "etc/systemd/system/serial-getty@ttyAMA0.service"
    drop_in = (installed / UNITS / "frontdesk.service.d/board.conf").read_text()
    assert os.readlink(masked) == "/dev/null"
    assert "Conflicts=serial-getty@ttyAMA0.service\n" in drop_in and "Environment=BOARD=rpi-4b\n" in drop_in


def test_the_hardware_watchdog_is_systemds(installed: Path) -> None:
    text = (installed / "usr/local/lib/systemd/system.conf.d/frontdesk-watchdog.conf").read_text()
    assert text == "[Manager]\nRuntimeWatchdogSec=15\n"


def test_systemd_finds_nothing_wrong_with_the_units(installed: Path, tmp_path: Path) -> None:
    # The programs stand below the scratch root: the units are looked at with these names.
    for path in (installed / UNITS).glob("*.service"):
        text = re.sub(r"/opt/frontdesk/", f"{installed}/opt/frontdesk/", path.read_text())
        (tmp_path / path.name).write_text(text)
    units = sorted(map(str, tmp_path.glob("*.service")))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["frontdesk.service", "frontdesk-helper.service"])
def test_both_services_are_exposed_little(installed: Path, name: str) -> None:
    unit = installed / UNITS / name
    command = ["systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSURE}", str(unit)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert found.returncode == 0, found.stdout


def test_the_helper_is_installed_whole_and_starts_from_there(installed: Path) -> None:
    place = installed / "usr/local/lib/frontdesk-helper"
    sources = {path.name for path in (ROOT / "firmware/helper/frontdesk_helper").glob("*.py")}
    assert {path.name for path in (place / "frontdesk_helper").iterdir()} == sources
    # Where there is no user frontdesk it says so; as a user of this computer it would serve for ever.
    command = [sys.executable, "-I", "-c", START, str(place / "frontdesk-helper")]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    complaint = "frontdesk-helper: There is no user frontdesk: `make install` makes it.\n"
    assert (found.returncode, found.stderr) == (1, complaint)


def test_no_answer_of_dhcp_is_a_link_local_address(installed: Path) -> None:
    networkd = (installed / "usr/local/lib/systemd/network/99-frontdesk.network").read_text().splitlines()
    manager = (installed / "etc/NetworkManager/conf.d/frontdesk.conf").read_text().splitlines()
    assert {"DHCP=yes", "LinkLocalAddressing=yes"} <= set(networkd)
    assert {"ipv4.link-local=3", "ipv4.dhcp-timeout=2147483647"} <= set(manager)


@pytest.mark.parametrize("name", ["frontdesk.service", "frontdesk-helper.service"])
def test_both_services_are_started_again_for_ever(installed: Path, name: str) -> None:
    lines = (installed / UNITS / name).read_text().splitlines()
    assert {"StartLimitIntervalSec=0", "Restart=always"} <= {*lines}


def test_the_service_is_no_root_and_writes_to_its_data_alone(installed: Path) -> None:
    lines = (installed / UNITS / "frontdesk.service").read_text().splitlines()
    wanted = {
        "Type=notify", "User=frontdesk", "NoNewPrivileges=yes", "ProtectSystem=strict", "WatchdogSec=20",
        "StateDirectory=frontdesk", "AmbientCapabilities=CAP_NET_BIND_SERVICE",
        "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
    }  # fmt: skip
    assert wanted <= set(lines)
    assert not [line for line in lines if line.startswith("ReadWritePaths")]


def test_another_board_takes_what_was_the_first_ones_away_and_uninstall_leaves_only_data(installed: Path) -> None:
    data = installed / "var/lib/frontdesk/frontdesk.db"
    data.parent.mkdir(parents=True)
    data.write_text("accounts")
    make("install", installed, "generic")
    assert not (installed / "usr/local/lib/modules-load.d/frontdesk.conf").exists()
    assert not (installed / "etc/systemd/system/serial-getty@ttyAMA0.service").is_symlink()
    assert "/var/lib/frontdesk" in make("uninstall", installed)
    assert [path for path in installed.rglob("*") if not path.is_dir()] == [data]


def test_a_board_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as error:
        make("install", tmp_path, "rpi-6")
    assert error.value.stderr.startswith("install: There is no board 'rpi-6'; there are auto, generic, ")
    assert list(tmp_path.iterdir()) == []
