"""Keys out of passwords and passphrases: scrypt (RFC 7914), its cost kept beside each so that it can grow."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass

SALT = 16
"""Bytes (RFC 8018 section 4.1 asks for at least 8)."""
KEY = 32
"""Bytes of the result: a key for AES-256."""


@dataclass(slots=True, frozen=True)
class Cost:
    """The parameters N, r and p; it takes 128 * N * r bytes of memory."""

    n: int
    r: int
    p: int

    @property
    def bearable(self) -> bool:
        """What comes from a file may not ask for all of a small board's memory, or for a minute of its time."""
        power = self.n >= 2 and self.n & (self.n - 1) == 0
        return power and 1 <= self.r <= 32 and 1 <= self.p <= 16 and 128 * self.n * self.r <= 64 << 20


COST = Cost(1 << 14, 8, 5)
"""16 MB; one of the equal choices of the OWASP Password Storage Cheat Sheet."""


def derive(text: str, salt: bytes, cost: Cost) -> bytes:
    """The key that a password gives, in whatever way its accents were typed."""
    password = unicodedata.normalize("NFC", text).encode("utf-8", "surrogateescape")
    memory = 256 * cost.n * cost.r  # twice what it takes, for what OpenSSL counts beside it
    return hashlib.scrypt(password, salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=KEY)


def keep(text: str) -> str:
    """What is kept of a password."""
    salt = secrets.token_bytes(SALT)
    return f"scrypt {COST.n} {COST.r} {COST.p} {salt.hex()} {derive(text, salt, COST).hex()}"


def matches(kept: str, text: str) -> bool:
    """Whether it is the password of which that was kept."""
    salt, key, cost = parse(kept)
    return hmac.compare_digest(derive(text, salt, cost), key)


def parse(kept: str) -> tuple[bytes, bytes, Cost]:
    """Salt, key and cost. Raises ValueError."""
    name, *numbers, salt, key = kept.split(" ")
    n, r, p = map(int, numbers)
    if name != "scrypt" or not Cost(n, r, p).bearable or len(bytes.fromhex(key)) != KEY or not salt:
        raise ValueError("is no scrypt hash")
    return bytes.fromhex(salt), bytes.fromhex(key), Cost(n, r, p)
