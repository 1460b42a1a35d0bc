"""Bytes sealed with a passphrase: scrypt (RFC 7914) makes the key, AES-256-GCM (RFC 5116) seals, zlib packs."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator, Sequence

from . import scrypt
from .errors import VerbError

NONCE = 12
"""Bytes (RFC 5116 section 5.2)."""
LONGEST = 256 << 20
"""Bytes of what was sealed."""
PIECE = 64 << 10
"""Bytes of it that are unpacked at once."""


def seal(plain: bytes, passphrase: str, context: bytes) -> tuple[list[str], bytes]:
    """The words that opening it needs, and the sealed bytes; `context` has to be the same then."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce, cost = secrets.token_bytes(scrypt.SALT), secrets.token_bytes(NONCE), scrypt.COST
    words = ["scrypt", str(cost.n), str(cost.r), str(cost.p), salt.hex(), "aes-256-gcm", nonce.hex()]
    key = scrypt.derive(passphrase, salt, cost)
    return words, AESGCM(key).encrypt(nonce, zlib.compress(plain, 9), context + " ".join(words).encode())


def unseal(words: Sequence[str], sealed: bytes, passphrase: str, context: bytes) -> Iterator[bytes]:
    """What was sealed, piece by piece: a small file may unpack to more than a small board's memory has. Raises
    VerbError, while it is read too."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce, cost = _read(words)
    key = scrypt.derive(passphrase, salt, cost)
    try:
        packed = AESGCM(key).decrypt(nonce, sealed, context + " ".join(words).encode())
    except InvalidTag:
        raise VerbError(
            "The passphrase is not the one it was sealed with: type that one, capital letters and spaces alike."
        ) from None
    return _unpacked(packed)


def _unpacked(packed: bytes) -> Iterator[bytes]:
    unpacking, left = zlib.decompressobj(), LONGEST
    while packed and not unpacking.eof:
        try:
            piece = unpacking.decompress(packed, PIECE)
        except zlib.error:
            raise VerbError("What was sealed is damaged: choose another backup.") from None
        left -= len(piece)
        if left < 0:
            raise VerbError("What was sealed has more than {longest} bytes: choose another backup.", longest=LONGEST)
        yield piece
        packed = unpacking.unconsumed_tail


def _read(words: Sequence[str]) -> tuple[bytes, bytes, scrypt.Cost]:
    try:
        name, n, r, p, salt, cipher, nonce = words
        cost = scrypt.Cost(int(n), int(r), int(p))
        read = bytes.fromhex(salt), bytes.fromhex(nonce), cost
    except ValueError:
        raise VerbError("It does not say how it was sealed: choose another backup.") from None
    if (name, cipher) != ("scrypt", "aes-256-gcm") or not cost.bearable or not salt or len(read[1]) != NONCE:
        raise VerbError("It was sealed in a way that this Frontdesk does not know: update this box first.")
    return read
