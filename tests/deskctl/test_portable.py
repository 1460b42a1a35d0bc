"""deskctl runs on Linux, macOS and Windows: it imports nothing that only one of them has."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "host/deskctl").glob("*.py"), *(ROOT / "firmware/panel_link").glob("*.py")])
UNIX = {"termios", "fcntl", "tty", "pty", "pwd", "grp", "resource", "syslog", "curses", "readline", "select", "signal"}
WINDOWS = {"msvcrt", "winreg", "winsound", "ctypes", "_winapi"}
PORTABLE_SERIAL = {"serial", "serial.tools", "serial.tools.list_ports", "serial.tools.miniterm"}


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_file_imports_nothing_that_one_system_alone_has(file: Path) -> None:
    modules = set(imported(file))
    assert not {name.partition(".")[0] for name in modules} & (UNIX | WINDOWS)
    of_serial = {name for name in modules if name.partition(".")[0] == "serial"}
    assert {name for name in of_serial if not name.endswith(("Miniterm", "SerialException"))} <= PORTABLE_SERIAL


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_types_hold_where_the_standard_library_is_that_of_another_system(platform: str, tmp_path: Path) -> None:
    """typeshed has for each platform what is there: `os.fork` is no attribute on Windows."""
    command = [sys.executable, "-m", "mypy", "--platform", platform, "--cache-dir", str(tmp_path), *map(str, FILES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
