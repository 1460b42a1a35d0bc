"""What is known of the box's own pairs without looking into them: DIR/tls/box.json, believed while no file differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .names import Names

NOTE = "box.json"
FILES = ("ca.crt", "ca.key", "box.crt", "box.key")


@dataclass(slots=True, frozen=True)
class Settled:
    """For which files and names it is so, from when until when the leaf is used, and the CA's fingerprint if that is
    new."""

    files: str
    names: Names
    since: datetime
    until: datetime
    new: str = ""

    def write(self, directory: Path) -> None:
        """Notes it beside the files. Raises OSError."""
        (directory / NOTE).write_text(json.dumps(self.said))

    @property
    def said(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "files": self.files,
            "names": self.names.said,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "new": self.new,
        }


def read(said: Mapping[str, Any]) -> Settled:
    """The inverse of `said`. Raises KeyError, TypeError, ValueError."""
    since, until = (datetime.fromisoformat(said[key]) for key in ("since", "until"))
    return Settled(str(said["files"]), Names.read(said["names"]), since, until, str(said["new"]))


def noted(directory: Path, names: Names, now: datetime) -> Settled | None:
    """What was noted, where it holds for the files that are there, for these names and now."""
    try:
        settled = read(json.loads((directory / NOTE).read_text()))
    except (OSError, KeyError, TypeError, ValueError):
        return None
    good = (settled.files, settled.names) == (of_files(directory), names) and settled.since <= now < settled.until
    return settled if good else None


def of_files(directory: Path) -> str:
    """What tells these files from others."""
    hashes = hashlib.sha256()
    for name in FILES:
        try:
            content = (directory / name).read_bytes()
        except OSError:
            return ""
        hashes.update(b"%d " % len(content) + content)
    return hashes.hexdigest()
