"""Who may import whom, and how long files and functions may be: firmware/ARCHITECTURE.md against every file."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
ARCHITECTURE = (ROOT / "firmware" / "ARCHITECTURE.md").read_text(encoding="utf-8")
PACKAGES = (
    *("firmware/frontdesk", "firmware/helper/frontdesk_helper", "firmware/panel_link", "host/deskctl"),
    *("firmware/front-panel", "web/frontdesk_web", "install"),
)
OURS = {Path(package).name for package in PACKAGES}
FILES = sorted(path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
BARE = {path.stem: path.parent.name for path in FILES if not (ROOT / path.parent / "__init__.py").exists()}
"""Module -> its folder, which is no package: its files import one another by their bare names."""

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40


class Row(NamedTuple):
    """What one room may import; `rooms` is None where it may import all of ours."""

    rooms: frozenset[str] | None
    packages: frozenset[str]
    never: frozenset[str]


def code_words(text: str) -> frozenset[str]:
    """The words between backticks."""
    return frozenset(re.findall(r"`([\w.]+)`", text))


def read_table(text: str) -> dict[str, Row]:
    """Room -> its row of the table below "Who may import whom"."""
    section = text.split("## Who may import whom")[1].split("\n## ")[0]
    io = code_words(section.split("\nIO, ")[1].split("\n\n")[0])
    table = {}
    for line in section.splitlines():
        if line.startswith("| `"):
            room, rooms, packages, never = (cell.strip() for cell in line.strip("|").split("|"))
            allowed = None if rooms == "everything" else code_words(rooms)
            table[room.strip("`")] = Row(allowed, code_words(packages), io if never == "IO" else code_words(never))
    return table


TABLE = read_table(ARCHITECTURE)


def dotted_name(path: Path) -> str:
    """firmware/frontdesk/sip/uri.py -> frontdesk.sip.uri; __init__ stays, so that relative imports come out right."""
    parts = path.with_suffix("").parts
    return ".".join(parts[next(index for index, part in enumerate(parts) if part in OURS) :])


def room_of(name: str) -> str:
    """frontdesk.sip.uri -> sip; deskctl.main -> deskctl."""
    package, _, rest = name.partition(".")
    return rest.partition(".")[0] if package == "frontdesk" else package


def imports(tree: ast.AST, importer: str) -> Iterator[str]:
    """The full dotted name of all that is imported, wherever in the file, relative imports resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = importer.split(".")[: -node.level] if node.level else []
            base = [*above, *([node.module] if node.module else [])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def may_import(room: str, row: Row, target: str) -> bool:
    """Whether the room's row lets `target` (a full dotted name) in."""
    top = target.partition(".")[0]
    if top in OURS:
        inside = target.removeprefix("frontdesk.")
        own = room_of(target) in (room, "__version__", "RELEASED")
        return own or row.rooms is None or any(f"{inside}.".startswith(f"{allowed}.") for allowed in row.rooms)
    named = top in row.packages or BARE.get(top) == room or row.rooms is None
    return named or (top in sys.stdlib_module_names and top not in row.never)


def forbidden_imports(source: str, name: str) -> list[str]:
    """One sentence for each import of the file that the table does not allow."""
    room = room_of(name)
    if room == "__init__":  # The package's own __init__ holds the version and nothing else.
        return [f"{name} imports {target}: it imports nothing" for target in imports(ast.parse(source), name)]
    if room not in TABLE:
        return [f"{name} is in the room {room}, which has no row in firmware/ARCHITECTURE.md"]
    bad = {target for target in imports(ast.parse(source), name) if not may_import(room, TABLE[room], target)}
    return [f"{name} imports {target}, but {room} may not" for target in sorted(bad)]


def long_parts(source: str, name: str) -> list[str]:
    """One sentence for a file over its budget, and one for each function."""
    lines = len(source.splitlines())
    found = [f"{name} has {lines} lines, over {MAX_FILE_LINES}"] if lines > MAX_FILE_LINES else []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                found.append(f"{name}: {node.name} has {length} lines, over {MAX_FUNCTION_LINES}")
    return found


@pytest.mark.parametrize("path", FILES, ids=str)
def test_file_keeps_to_the_table_and_the_budgets(path: Path) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    assert forbidden_imports(source, dotted_name(path)) + long_parts(source, dotted_name(path)) == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("frontdesk.sip.uri", "import socket"),
        ("frontdesk.sip.uri", "import asyncio.streams as streams"),
        ("frontdesk.sip.uri", "def now():\n    from time import monotonic"),
        ("frontdesk.sip.uri", "from ..model import Binding"),
        ("frontdesk.sip.__init__", "from ..model import Binding"),
        ("frontdesk.location", "from .auth import Nonce"),
        ("frontdesk.proxy.calls", "from .. import registrar"),
        ("frontdesk.proxy.calls", "import frontdesk.registrar"),
        ("frontdesk.store.journal", "from ..sip.parser import parse"),
        ("frontdesk.store.journal", "import dns.resolver"),
        ("frontdesk.console.commands", "from frontdesk.sip import uri"),
        ("frontdesk.attic", "import string"),
        ("frontdesk.__init__", "import frontdesk.cli"),
        ("frontdesk_web.pages", "from frontdesk import store"),
        ("panel_link.codec", "from typing import Any"),
        ("deskctl.main", "from frontdesk.control import status"),
        ("frontdesk_helper.machine", "from frontdesk.config import LABEL"),
        ("frontdesk_helper.machine", "import serial"),
        ("front-panel.keys", "import asyncio"),
        ("front-panel.keys", "from frontdesk.pins import button"),
        ("frontdesk.console.panel", "import usb_port"),
        ("install.layout", "from frontdesk.config import SETTINGS"),
    ],
)
def test_forbidden_import_is_found(name: str, source: str) -> None:
    assert len(forbidden_imports(source, name)) == 1


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("frontdesk.sip.parser", "import re\nfrom .errors import ParseError\nfrom . import grammar"),
        ("frontdesk.sip.__init__", "from .errors import ParseError"),
        ("frontdesk.store.rows", "import sqlite3, sqlite_utils\nfrom ..sip.wire import Flow\nfrom ..sip import wire"),
        ("frontdesk.core", "from . import __version__\nfrom .proxy.calls import Call\nimport frontdesk.auth"),
        ("frontdesk.cli", "import rich\nfrom .store import journal"),
        ("deskctl.main", "import serial\nfrom panel_link import codec"),
        ("front-panel.keys", "import pins\nfrom machine import Pin\nfrom panel_link import channels"),
        ("install.layout", "from frontdesk.board import Board\nfrom . import system"),
    ],
)
def test_allowed_import_passes(name: str, source: str) -> None:
    assert forbidden_imports(source, name) == []


def test_table_allows_only_rooms_that_it_names() -> None:
    named = {allowed.partition(".")[0] for row in TABLE.values() for allowed in row.rooms or ()}
    assert named <= set(TABLE)


@pytest.mark.parametrize("room", TABLE)
def test_table_allows_nothing_that_its_room_does_not_import(room: str) -> None:
    used = {
        f"{target.removeprefix('frontdesk.')}."
        for path in FILES
        if room_of(dotted_name(path)) == room
        for target in imports(ast.parse((ROOT / path).read_text()), dotted_name(path))
    }
    allowed = (TABLE[room].rooms or frozenset()) | TABLE[room].packages
    assert {each for each in allowed if not any(target.startswith(f"{each}.") for target in used)} == set()


def test_long_file_and_long_function_are_found() -> None:
    function = "def f():\n" + "    pass\n" * MAX_FUNCTION_LINES
    assert long_parts(function, "x") == ["x: f has 41 lines, over 40"]
    assert long_parts("pass\n" * MAX_FILE_LINES, "x") == []
    assert long_parts("pass\n" * (MAX_FILE_LINES + 1), "x") == ["x has 401 lines, over 400"]
