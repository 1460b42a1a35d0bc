"""Tokens of programs that speak to the box over HTTP: 256 bits, of which a hash is kept; each has a name and an end."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from .errors import NotThere, VerbError
from .parts import Records
from .role import Role

PREFIX = "token:"
"""Of their keys in the table meta."""
LIFETIME = 90 * 86_400.0
"""Seconds."""
MOST = 32
NAME = re.compile(r"[A-Za-z0-9_.-]{1,32}")
BITS = 256


@dataclass(slots=True, frozen=True)
class Token:
    """What is kept of one. Times are Unix seconds."""

    digest: str
    """SHA-256: the token has 256 bits of its own, so nothing slower is needed."""
    role: Role
    made: float
    ends: float


class Tokens:
    """All that were made and not revoked."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self.kept: dict[str, Token] = {}

    def load(self, meta: Mapping[str, str]) -> None:
        """Takes what is on disk for true."""
        rows = ((key.removeprefix(PREFIX), _read(row)) for key, row in meta.items() if key.startswith(PREFIX))
        self.kept = {name: token for name, token in rows if token is not None}

    async def make(self, name: str, role: Role, wall: float) -> str:
        """A new token; nobody can read it out of the box again. Raises VerbError."""
        if not NAME.fullmatch(name):
            raise VerbError(
                "{name!r} cannot be a token's name: up to 32 letters, digits and _ . - are possible.", name=name
            )
        if name in self.kept:
            raise VerbError("There is a token {name!r} already.", name=name)
        if len(self.kept) >= MOST:
            raise VerbError("There are {most} tokens already; more are not possible.", most=MOST)
        text = secrets.token_urlsafe(BITS // 8)
        token = Token(_digest(text), role, wall, wall + LIFETIME)
        await self._records.change(pairs=[("meta", PREFIX + name, json.dumps(asdict(token)))])
        self.kept[name] = token
        return text

    async def revoke(self, name: str) -> None:
        """It is worth nothing from now on. Raises VerbError."""
        if name not in self.kept:
            raise NotThere("There is no token {name!r}.", name=name)
        await self._records.change(pairs=[("meta", PREFIX + name, None)])
        del self.kept[name]

    def role(self, text: str, wall: float) -> Role | None:
        """What its bearer may do; None: it is no token, or its time is over."""
        digest = _digest(text)
        for token in self.kept.values():
            if secrets.compare_digest(token.digest, digest):
                return token.role if token.made - LIFETIME <= wall < token.ends else None
        return None

    def gone(self) -> list[tuple[str, str, str | None]]:
        """What takes all of them off the disk."""
        return [("meta", PREFIX + name, None) for name in self.kept]


def _read(row: str) -> Token | None:
    try:
        fields = json.loads(row)
        return Token(str(fields["digest"]), Role(fields["role"]), float(fields["made"]), float(fields["ends"]))
    except (ValueError, KeyError, TypeError):  # Somebody with another tool was here: it opens nothing.
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
