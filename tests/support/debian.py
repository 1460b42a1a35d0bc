"""A bare Debian of any suite and processor, in a tar that is kept for the next time, and a system made of it."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".debian"
SUITE = "trixie"
"""Debian 13, which the Raspberry Pi OS of today is made from."""
PYTHON = "3.13"
"""Of that suite."""
SOURCE = "usr/src/frontdesk"


def bare_debian(architecture: str, packages: str, *options: str) -> Path:
    """A tar of it, kept for the next time. `options` are mmdebstrap's."""
    recipe = " ".join([SUITE, architecture, packages, *options])
    kept = CACHE / f"{SUITE}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}.tar"
    if not kept.exists():
        CACHE.mkdir(exist_ok=True)
        fresh = kept.with_suffix(".new.tar")
        run(
            "mmdebstrap", "--quiet", "--mode=root", f"--architectures={architecture}", "--variant=minbase",
            f"--include={packages}", *options, SUITE, fresh, *_mirror(),
        )  # fmt: skip
        fresh.rename(kept)
    return kept


def _mirror() -> list[str]:
    """Where this computer has its own Debian from; else mmdebstrap knows one."""
    release = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    words = ("--format", "$(REPO_URI)", "Identifier: Packages", "Component: main", f"Release: {release}")
    return run("apt-get", "indextargets", *words).split()[:1]


def unpack(tar: Path, root: Path) -> None:
    """A system of its own, with this source in it."""
    root.mkdir(parents=True)
    run("tar", "-x", "--numeric-owner", "-f", tar, "-C", root)
    git = ("git", "-c", f"safe.directory={ROOT}", "-C", ROOT)  # Root may look at another one's clone.
    listed = run(*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            place = root / SOURCE / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place)


def run(*command: str | Path, env: dict[str, str] | None = None) -> str:
    """What it prints. Raises AssertionError, with what it said."""
    done = subprocess.run(
        [str(word) for word in command], env=env or dict(os.environ), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AssertionError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
