"""Compiles the panel's program for the RP2040 and lays out what `deskctl panel flash` copies (`make panel`)."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
ARCHITECTURE = "armv6m"
"""Of the RP2040's Cortex-M0+."""
MAIN = "main.py"
"""MicroPython starts it as it is, not compiled."""


def main() -> None:
    """`build.py --mpy-cross TOOL --libraries FOLDER INTO`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mpy-cross", required=True)
    parser.add_argument("--libraries", type=Path, required=True)
    parser.add_argument("into", type=Path)
    options = parser.parse_args()
    if options.into.exists():
        shutil.rmtree(options.into)
    for name, path in sources(options.libraries).items():
        target = options.into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name == MAIN:
            shutil.copy(path, target)
        else:
            command = [options.mpy_cross, f"-march={ARCHITECTURE}", "-s", name, "-o", target.with_suffix(".mpy"), path]
            subprocess.run(command, check=True)


def sources(libraries: Path) -> dict[str, Path]:
    """Name on the Pico -> source: what package.json names, and what there is of micropython-lib."""
    package = json.loads((HERE / "package.json").read_text())
    ours = {name: HERE / place for name, place in package["urls"]}
    return ours | {path.relative_to(libraries).as_posix(): path for path in sorted(libraries.rglob("*.py"))}


if __name__ == "__main__":
    main()
