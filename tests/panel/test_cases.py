"""The panel's own cases, in MicroPython with the RP2040's memory; and what is to be flashed."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

from frontdesk import __version__
from tests.e2e.pico import HEAP, MICROPYTHON, PATH, PICTURES, ROOT, png

CASES = sorted((Path(__file__).parent / "cases").glob("*.py"))
FRONT_PANEL = ROOT / "firmware/front-panel"
MPY_CROSS = MICROPYTHON.with_name("mpy-cross")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_case(case: Path, tmp_path: Path) -> None:
    command = [str(MICROPYTHON), "-X", f"heapsize={HEAP}", str(case)]
    place = {"MICROPYPATH": PATH, "PANEL_PICTURE": str(tmp_path / "shown"), "PANEL_STORED": str(PICTURES)}
    done = subprocess.run(command, env=place, capture_output=True, text=True, timeout=60)
    for shown in tmp_path.glob("*.pbm"):
        shown.with_suffix(".png").write_bytes(png(shown.read_bytes()))
    assert done.stdout == "ok\n", f"{done.stdout}{done.stderr} (what was shown: {tmp_path})"


def test_manifest_and_package_name_the_same_files_and_libraries() -> None:
    package = json.loads((FRONT_PANEL / "package.json").read_text())
    manifest = (FRONT_PANEL / "manifest.py").read_text()
    required = re.findall(r'require\("([^"]+)"\)', manifest)
    names = re.search(r"for name in (\(.*?\)):", manifest)
    assert names is not None
    modules = {f"{name}.py" for name in ast.literal_eval(names[1])}
    assert [name for name, _ in package["deps"]] == required
    assert {name for name, _ in package["urls"] if "/" not in name} == modules
    assert modules == {path.name for path in FRONT_PANEL.glob("*.py")} - {"manifest.py", "build.py"}
    assert all((FRONT_PANEL / place).is_file() for _, place in package["urls"])


def test_release_is_the_boxs() -> None:
    assert f'RELEASE = "{__version__}"' in (FRONT_PANEL / "release.py").read_text()
    assert json.loads((FRONT_PANEL / "package.json").read_text())["version"] == __version__


def test_compiler_makes_what_the_named_firmware_reads(tmp_path: Path) -> None:
    told = re.search(r"mpy version (\d+)\.(\d+)", (FRONT_PANEL / "manifest.py").read_text())
    assert told is not None
    into = tmp_path / "keys.mpy"
    subprocess.run([MPY_CROSS, "-march=armv6m", "-o", into, FRONT_PANEL / "keys.py"], check=True)
    head = into.read_bytes()[:3]
    # MicroPython's docs, reference/mpyfiles: "M", version, then flags whose two lowest bits are the sub-version.
    assert (head[0], head[1]) == (ord("M"), int(told[1]))
    said = subprocess.run([MPY_CROSS, "--version"], capture_output=True, text=True, check=True).stdout
    assert said.strip().endswith(f"mpy v{told[1]}.{told[2]}")
