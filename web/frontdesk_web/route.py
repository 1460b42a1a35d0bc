"""What there is to be asked for: one row each, with who may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SMALL = 64 << 10
"""Bytes of a request's body."""
LARGE = 4 << 20
"""Of a backup or a file of accounts."""


class Need(StrEnum):
    """Who may ask."""

    NOTHING = "nothing"
    CODE = "code"
    """Who has typed the first-boot code, on a box with no admin password."""
    VIEWER = "viewer"
    ADMIN = "admin"
    READ_TOKEN = "read token"
    ADMIN_TOKEN = "admin token"


@dataclass(slots=True, frozen=True)
class Route:
    """One row. `path` is Bottle's."""

    method: str
    path: str
    run: Callable[..., Any]
    """Called with the visit and what the path names."""
    need: Need = Need.VIEWER
    again: Callable[..., Any] | None = None
    """The page that is shown once more, with the sentence that says why it could not be done."""
    typed: bool = True
    """Whether somebody types into its form: what he typed is shown again. Else it is a button."""
    most: int = SMALL
    """Bytes of the body."""
    beside: bool = False
    """Whether plain http has it too, where https is there."""
