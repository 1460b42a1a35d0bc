"""Where the rooms of `control` keep what is no account: tables of two columns."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

Pair = tuple[str, str, str | None]
"""A table (`meta`, `settings` or `peers`), a key, and its value or None to take it away."""


class Kept(Protocol):
    """The store, as far as these need it."""

    def change(self, *, pairs: Sequence[Pair] = ()) -> Awaitable[None]: ...
    def pairs(self, table: str) -> Awaitable[dict[str, str]]: ...
