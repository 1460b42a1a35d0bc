"""How long a registration is granted: less a share that is fixed for the device, so that a building's phones do not
renew in one second."""

from __future__ import annotations

from functools import lru_cache
from zlib import crc32

from ..model import Settings

SHARE = 0.05
"""The most that is taken off."""
HOUR = 3600


def shortest(settings: Settings) -> int:
    """Seconds below which nothing is granted. Whoever asks for an hour is never told that it is too brief (RFC 3261
    section 10.3 step 7)."""
    return min(settings.min_expires, HOUR)


def spread(asked: int, last: int, device: str, minimum: int) -> int:
    """Seconds granted. What was granted last is granted again unchanged, so the interval never creeps (asterisk
    #702)."""
    if asked == last:
        return asked
    share = crc32(device.encode("utf-8", "surrogateescape")) / 2**32 * SHARE
    return _same(max(asked - int(asked * share), minimum))


@lru_cache(maxsize=1024)  # what was asked for has few such neighbours: one number for all devices
def _same(seconds: int) -> int:
    return seconds


def mark(instance: str | None, aor: str, contact: str) -> str:
    """What is fixed for a device: its instance, else who and where it is."""
    return instance or f"{aor} {contact}"
