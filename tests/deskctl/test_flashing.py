"""The panel's program goes to a MicroPython over its raw REPL; here the one of the unix port, behind a pty."""

from __future__ import annotations

import os
import pty
import tty
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from deskctl import flashing
from deskctl.cable import Cable
from deskctl.flashing import NoPanel
from deskctl.screen import Screen
from tests.e2e.pico import blank


@pytest.fixture
def pico(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Port and flash of a Pico."""
    flash = tmp_path / "flash"
    flash.mkdir()
    with blank(flash) as port:
        yield port, flash


@pytest.fixture
def program(tmp_path: Path) -> dict[str, bytes]:
    folder = tmp_path / "build"
    (folder / "panel_link").mkdir(parents=True)
    (folder / "main.py").write_text("print('hello')\n")
    (folder / "panel_link" / "frames.mpy").write_bytes(bytes(range(256)) * 5)
    (folder / "display.mpy").write_bytes(b"M\6")
    return flashing.files(folder)


def flash(port: str, files: dict[str, bytes]) -> list[str]:
    with closing(Cable(port)) as cable:
        cable.open()
        return flashing.flash(cable, files, Screen(as_json=True))


def on(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_program_is_copied_whole_with_main_last(pico: tuple[str, Path], program: dict[str, bytes]) -> None:
    port, folder = pico
    assert flash(port, program) == ["display.mpy", "panel_link/frames.mpy", "main.py"]
    assert on(folder) == program


def test_only_what_differs_is_copied_again(pico: tuple[str, Path], program: dict[str, bytes]) -> None:
    port, folder = pico
    (folder / "panel_link").mkdir()
    (folder / "panel_link" / "frames.mpy").write_bytes(program["panel_link/frames.mpy"])
    (folder / "display.mpy").write_bytes(b"old")
    assert flash(port, program) == ["display.mpy", "main.py"]
    assert on(folder) == program


def test_sources_that_were_copied_before_are_not_run_instead(
    pico: tuple[str, Path], program: dict[str, bytes]
) -> None:
    port, folder = pico
    (folder / "panel_link").mkdir()
    for name in ("display.py", "panel_link/frames.py", "notes.py"):
        (folder / name).write_text("old")
    flash(port, program)
    assert on(folder) == {**program, "notes.py": b"old"}


def test_what_the_pico_complains_of_is_one_sentence(pico: tuple[str, Path], program: dict[str, bytes]) -> None:
    port, folder = pico
    (folder / "new.tmp").mkdir()
    with pytest.raises(NoPanel, match="The Pico says: OSError"):
        flash(port, program)


def test_port_with_no_micropython_is_named() -> None:
    near, far = pty.openpty()
    tty.setraw(far)
    port = os.ttyname(far)
    with pytest.raises(NoPanel, match=f"No MicroPython answers at {port}"):
        flash(port, {"main.py": b""})
    os.close(near)
    os.close(far)


def test_folder_without_a_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoPanel, match="holds no main"):
        flashing.files(tmp_path)
