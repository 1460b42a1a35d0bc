"""Times as people and programs read them."""

from __future__ import annotations

import time

from .. import RELEASED


def is_set(wall: float) -> bool:
    """Whether a wall clock can be right: a board without a battery starts in 1970."""
    return wall >= RELEASED


def iso(wall: float) -> str:
    """Unix seconds as ISO 8601 in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(max(0.0, wall)))


def ago(seconds: float) -> str:
    """A duration in its two largest units, for people."""
    whole = int(seconds)
    for unit, length, smaller, part in (("d", 86_400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= length:
            return f"{whole // length}{unit} {whole % length // part}{smaller}"
    return f"{whole}s"
