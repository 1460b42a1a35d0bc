"""What an installation does to a computer that has one already, and what is left when it is interrupted."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from frontdesk.board import load
from frontdesk_helper.machine import AVAHI
from install import __main__ as program
from install import environment, system
from install.layout import layout

BOARD = load("rpi-4b")
DROP_IN = "usr/local/lib/systemd/system/frontdesk.service.d"
LIVE = Namespace(destdir="", wheels="")
SERVICES = "frontdesk-helper.service frontdesk.service"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A system with the box in it."""
    assert program.put(layout(BOARD), tmp_path)
    return tmp_path


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a running system is asked to do; there the environment is as it is to be."""
    steps: list[str] = []
    monkeypatch.setattr(system, "is_running", lambda: True)
    monkeypatch.setattr(system, "to_do", lambda board, live: [])
    monkeypatch.setattr(system, "_run", lambda *command: steps.append(" ".join(command)))
    monkeypatch.setattr(os, "sync", lambda: steps.append("sync"))
    monkeypatch.setattr(environment, "install", lambda place, wheels: False)
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    return steps


def files(root: Path) -> list[str]:
    """All that is not a directory."""
    return [str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()]


def test_what_is_there_already_is_not_written_again(root: Path) -> None:
    before = {path: path.lstat().st_ino for path in root.rglob("*")}
    assert not program.put(layout(BOARD), root)
    assert {path: path.lstat().st_ino for path in root.rglob("*")} == before


@pytest.mark.parametrize("change", [lambda path: path.write_text("mine"), lambda path: path.chmod(0o600), os.remove])
def test_what_was_changed_by_hand_is_made_good(root: Path, change: object) -> None:
    path = root / DROP_IN / "board.conf"
    content = path.read_bytes()
    change(path)  # type: ignore[operator]
    assert program.put(layout(BOARD), root)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (content, 0o644)


def test_a_box_that_has_nothing_new_is_not_started_anew(root: Path, steps: list[str]) -> None:
    assert program._install(BOARD, root, LIVE) == 0
    assert steps[-1] == f"systemctl start {SERVICES}"
    (root / DROP_IN / "board.conf").write_text("another board's")
    program._install(BOARD, root, LIVE)
    assert steps[-1] == f"systemctl restart {SERVICES}"


def test_a_box_whose_environment_is_new_is_started_anew(
    root: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program._install(BOARD, root, LIVE)
    monkeypatch.setattr(environment, "install", lambda place, wheels: True)
    program._install(BOARD, root, LIVE)
    assert steps[-1] == f"systemctl restart {SERVICES}"


@pytest.mark.parametrize("failing", ["systemd-sysusers", f"systemctl restart {SERVICES}"])
def test_what_was_installed_and_not_started_is_started_anew_the_next_time(
    root: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(*command: str) -> None:
        if " ".join(command) == failing:
            raise subprocess.CalledProcessError(1, command)

    (root / DROP_IN / "board.conf").write_text("another board's")
    with monkeypatch.context() as patched, pytest.raises(subprocess.CalledProcessError):
        patched.setattr(system, "_run", fail)
        program._install(BOARD, root, LIVE)
    for word in ("restart", "start"):
        program._install(BOARD, root, LIVE)
        assert steps[-1] == f"systemctl {word} {SERVICES}"


@pytest.mark.parametrize("place", ["/root/.pyenv/versions/3.13", "/home/anna/python"])
def test_python_that_the_service_could_not_read_is_refused(
    root: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    monkeypatch.setattr(sys, "base_prefix", place)
    assert program._install(BOARD, root, LIVE) == 2 and not steps
    assert place in capsys.readouterr().err


def test_where_no_systemd_runs_nothing_is_begun(
    root: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system, "is_running", lambda: False)
    assert program._install(BOARD, root, LIVE) == 2 and not steps and not (root / "run").exists()
    assert "DESTDIR" in capsys.readouterr().err


def test_all_is_on_the_disk_before_the_box_starts(root: Path, steps: list[str]) -> None:
    program._install(BOARD, root, LIVE)
    assert steps.index("sync") < steps.index(f"systemctl start {SERVICES}")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("systemd-sysusers", "systemd-tmpfiles --create"),  # Its directory is the user's.
        ("systemd-tmpfiles --create", "systemctl start"),
        ("systemctl daemon-reload", "systemctl start"),
        ("systemctl stop serial-getty@ttyAMA0.service", "udevadm trigger"),  # It took the port for root.
        ("udevadm control --reload", "udevadm trigger"),
        ("udevadm trigger", "systemctl start"),
    ],
)
def test_the_system_is_ready_before_the_box_starts(root: Path, steps: list[str], first: str, then: str) -> None:
    program._install(BOARD, root, LIVE)
    place = {step: at for at, each in enumerate(steps) for step in (first, then) if each.startswith(step)}
    assert place[first] < place[then]


def test_another_environment_is_on_the_disk_and_in_place_before_the_old_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "frontdesk"
    seen: list[str] = []
    remove = shutil.rmtree

    def look(path: Path, ignore_errors: bool) -> None:
        if path.exists():
            seen.append((place / environment.STAMP).read_text())
        remove(path, ignore_errors=ignore_errors)

    monkeypatch.setattr(environment, "_fill", lambda fresh, wheels: fresh.mkdir())
    monkeypatch.setattr(shutil, "rmtree", look)
    monkeypatch.setattr(os, "sync", lambda: seen.append("sync"))
    for version in ("one", "two"):
        monkeypatch.setattr(environment, "source_hash", lambda version=version: version)
        assert environment.install(place, "")
    assert seen == ["sync", "sync", "two"]
    assert list(tmp_path.iterdir()) == [place] and (place / environment.STAMP).read_text() == "two"


def test_what_is_left_of_another_environment_goes_with_the_next_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "frontdesk"
    monkeypatch.setattr(environment, "_fill", lambda fresh, wheels: fresh.mkdir())
    environment.install(place, "")
    for end in (environment.FRESH, environment.OLD):
        (tmp_path / f"frontdesk{end}" / "lib").mkdir(parents=True)
    assert not environment.install(place, "")
    assert list(tmp_path.iterdir()) == [place]


def test_power_cut_between_two_environments_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise subprocess.CalledProcessError(1, "pip")

    place, old = tmp_path / "frontdesk", tmp_path / f"frontdesk{environment.OLD}"
    old.mkdir()
    monkeypatch.setattr(environment, "_fill", fail)
    with pytest.raises(subprocess.CalledProcessError):
        environment.install(place, "")
    assert list(tmp_path.iterdir()) == [place]


# -- and away again ----------------------------------------------------------------------------------------------------


def test_what_is_gone_by_hand_keeps_nothing_else_there(root: Path) -> None:
    shutil.rmtree(root / DROP_IN)
    shutil.rmtree(root / "usr/local/bin")
    assert program._uninstall(root, live=False) == 0
    assert files(root) == []


def test_taking_away_that_was_interrupted_can_be_ended(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remove, count = program._remove, len(files(root))
    for left in range(1, count, 4):

        def cut(path: Path, left: int = left) -> None:
            if len(files(root)) == left:
                raise KeyboardInterrupt
            remove(path)

        monkeypatch.setattr(program, "_remove", cut)
        with pytest.raises(KeyboardInterrupt):
            program._uninstall(root, live=False)
        monkeypatch.setattr(program, "_remove", remove)
        assert program._uninstall(root, live=False) == 0
        assert files(root) == []
        program.put(layout(BOARD), root)


@pytest.mark.parametrize("end", ["", environment.FRESH, environment.OLD])
def test_installing_that_was_interrupted_leaves_nothing_that_cannot_be_taken_away(tmp_path: Path, end: str) -> None:
    (tmp_path / f"opt/frontdesk{end}/lib").mkdir(parents=True)
    assert program._uninstall(tmp_path, live=False) == 0
    assert list((tmp_path / "opt").iterdir()) == []
    assert program._uninstall(tmp_path, live=False) == 2


def test_files_of_an_installation_that_was_interrupted_can_be_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def cut(path: Path, data: bytes) -> int:
        write(path, data[:9])
        if len(files(tmp_path)) == most:
            raise KeyboardInterrupt
        return write(path, data)

    for most in (2, 7):  # noqa: B007 - that is when it is cut
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Path, "write_bytes", cut)
            program.put(layout(BOARD), tmp_path)
        assert program._uninstall(tmp_path, live=False) == 0
        assert files(tmp_path) == []


def test_a_service_that_is_gone_keeps_nothing_else_there_and_one_that_does_not_end_does(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = 1

    def run(*command: str) -> None:
        if command[1] == "stop":
            raise subprocess.CalledProcessError(status, command)

    monkeypatch.setattr(system, "_run", run)
    before = files(root)
    with pytest.raises(subprocess.CalledProcessError):
        program._uninstall(root, live=True)
    assert files(root) == before
    status = system.NOT_INSTALLED
    assert program._uninstall(root, live=True) == 0
    assert files(root) == []


def test_a_disk_that_takes_nothing_is_one_sentence(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(path: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    monkeypatch.setattr(program, "_remove", refuse)
    monkeypatch.setattr(sys, "argv", ["install", "--uninstall", "--destdir", str(root)])
    assert program.main() == 2
    assert capsys.readouterr().err.endswith("frontdesk.conf: Read-only file system.\n")


def test_a_full_disk_is_told_without_a_file_where_the_system_names_none(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fill(*arguments: object) -> bool:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(environment, "install", fill)
    monkeypatch.setattr(sys, "argv", ["install", "--board", BOARD.name, "--destdir", str(root)])
    assert program.main() == 2
    assert capsys.readouterr().err == "install: No space left on device.\n"


def test_nobody_is_told_of_a_page_that_is_gone(root: Path) -> None:
    told = root / AVAHI.lstrip("/")
    told.parent.mkdir(parents=True)
    told.write_text("<service-group/>")
    program.put(layout(BOARD), root)
    assert told.exists()
    program._uninstall(root, live=False)
    assert not told.exists() and told.parent.exists()
