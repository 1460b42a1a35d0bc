"""Times as people and programs read them."""

from __future__ import annotations

import time

from .. import RELEASED


def is_set(wall: float) -> bool:
    """Whether a wall clock can be right: a board without a battery starts in 1970."""
    return wall >= RELEASED


def iso(wall: float) -> str:
    """Unix seconds as ISO 8601, in the time of where the box stands (`process.keep_time`)."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(max(0.0, wall)))
    return f"{at[:-2]}:{at[-2:]}".replace("+00:00", "Z")


def moment(text: str) -> str:
    """The same for people."""
    return text[:19].replace("T", " ")


def ago(seconds: float) -> str:
    """A duration in its two largest units, for people."""
    whole = int(seconds)
    for unit, length, smaller, part in (("d", 86_400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= length:
            return f"{whole // length}{unit} {whole % length // part}{smaller}"
    return f"{whole}s"
