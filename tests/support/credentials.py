"""A phone's side of Digest, by hashlib and a regular expression alone (RFC 2617 section 3.2.2)."""

from __future__ import annotations

import hashlib
import re


def md5(text: str) -> str:
    """In lower-case hex."""
    return hashlib.md5(text.encode()).hexdigest()


def credentials(challenge: str, user: str, password: str, method: str, uri: str, count: int = 1) -> str:
    """The value of an Authorization header that answers `challenge` with qop auth."""
    realm, nonce = (re.findall(rf'{name}="([^"]*)"', challenge)[0] for name in ("realm", "nonce"))
    nc = f"{count:08x}"
    a1, a2 = md5(f"{user}:{realm}:{password}"), md5(f"{method}:{uri}")
    return (
        f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5, '
        f'qop=auth, nc={nc}, cnonce="c", response="{md5(f"{a1}:{nonce}:{nc}:c:auth:{a2}")}"'
    )
