"""Style sheet, scripts and icon: kept by browsers for long, each at an address that names what stands in it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from zlib import crc32

FILES = Path(__file__).parent / "static"
KEPT = "max-age=31536000, immutable"
"""A year: another release has other addresses."""


def address(name: str) -> str:
    """Where a page finds it."""
    return f"/static/{name}?{_checksum(name)}"


def tag(name: str) -> str | bool:
    """Its ETag, quotes included (RFC 9110 section 8.8.3); False where there is no such file."""
    return (FILES / name).is_file() and f'"{_checksum(name)}"'


@cache
def _checksum(name: str) -> str:
    return f"{crc32((FILES / name).read_bytes()):08x}"
