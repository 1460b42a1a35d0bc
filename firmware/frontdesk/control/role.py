"""Who may do what."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Of a verb: who may do it. Of a session or token: who is there."""

    VIEWER = "viewer"
    ADMIN = "admin"

    def may(self, needed: Role) -> bool:
        """Whether this one may do what is another's."""
        return self is Role.ADMIN or needed is Role.VIEWER
