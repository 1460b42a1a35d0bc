"""The virtual environment of an installation, made beside the old one and put into its place whole."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = ("firmware", "host", "web", "boards", "pyproject.toml", "README.md", "LICENSE")
STAMP = "installed-from"
"""A file in the environment: the hash of what it was made from."""
FRESH, OLD = ".new", ".old"
"""What stands behind its name until it is whole, and until it is gone."""
WITH_WHEELS = ("aarch64", "x86_64")
"""Processors for which gpiod 2 comes as a wheel; elsewhere the LED and the button stay unused."""


def install(place: Path, wheels: str) -> bool:
    """Makes it anew where anything has changed; whether it did. `wheels`: a directory of packages, for no network."""
    wanted = source_hash()
    old = place.with_name(place.name + OLD)
    if old.exists() and not place.exists():
        old.rename(place)  # A power cut came between the two names.
    stamp = place / STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        for path in parts(place)[1:]:
            shutil.rmtree(path)
        return False
    fresh = place.with_name(place.name + FRESH)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.parent.mkdir(parents=True, exist_ok=True)
    _fill(fresh, wheels)
    (fresh / STAMP).write_text(wanted)
    os.sync()  # A power cut would leave the names, and empty files.
    _put_in_place(fresh, place)
    return True


def parts(place: Path) -> list[Path]:
    """The environment, and what is left beside it where an installation was interrupted; those that are there."""
    return [path for path in (place, *(place.with_name(place.name + end) for end in (FRESH, OLD))) if path.exists()]


def _put_in_place(fresh: Path, place: Path) -> None:
    """To take away thousands of files takes a while, in which there would be no program."""
    old = place.with_name(place.name + OLD)
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    fresh.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def source_hash() -> str:
    """Of all that an environment is made from."""
    total = hashlib.sha256(f"{sys.version} {platform.machine()}".encode())
    for path in [ROOT / _requirements(), *_files()]:
        total.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest() + "\n"


def _files() -> list[Path]:
    found = [path for name in SOURCES for path in [ROOT / name, *(ROOT / name).rglob("*")]]
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def _requirements() -> str:
    return "requirements-board.txt" if platform.machine() in WITH_WHEELS else "requirements.txt"


def _fill(place: Path, wheels: str) -> None:
    _run(sys.executable, "-m", "venv", str(place))
    python = str(place / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
    pip += ["--no-index", "--find-links", wheels] if wheels else []
    _run(*pip, "--require-hashes", "-r", str(ROOT / _requirements()))
    _run(*pip, "--no-build-isolation", str(ROOT))
    # The service's user can't write here: what Python would keep for the next start is made now.
    _run(python, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", str(place / "lib"))
    # Everything is started by `python -m`: scripts would name the place where they were made.
    for path in (place / "bin").iterdir():
        if not path.name.startswith("python"):
            path.unlink()
    _name_the_place(place)


def _name_the_place(place: Path) -> None:
    """pyvenv.cfg says by which command it was made: that names a place which is none later."""
    path = place / "pyvenv.cfg"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("command")]
    path.write_text("\n".join([*lines, ""]))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
