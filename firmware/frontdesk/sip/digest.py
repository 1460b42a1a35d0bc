"""Digest access authentication (RFC 7616 section 3, RFC 8760, RFC 2617 section 3.2, RFC 3261 section 22.4).

Only qop auth and no qop: auth-int and the -sess algorithms are never offered, and refused with a reason.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

from .errors import ParseError
from .grammar import quote, unescape


def _present(candidates: dict[str, Callable[[bytes], Any]]) -> dict[str, Callable[[bytes], Any]]:
    """Those that this machine's OpenSSL has: some lack SHA-512/256, a strict one forbids MD5."""
    present: dict[str, Callable[[bytes], Any]] = {}
    for name, function in candidates.items():
        try:
            function(b"")
        except ValueError:
            continue
        present[name] = function
    return present


HASHES = _present(
    {"MD5": hashlib.md5, "SHA-256": hashlib.sha256, "SHA-512-256": partial(hashlib.new, "sha512_256")},
)
"""Algorithm (RFC 7616 section 6.1) -> its hash function. SHA-512-256 is that of FIPS 180-4, not SHA-512 cut off."""


def h(algorithm: str, data: str) -> str:
    """H(data) in lower-case hex (RFC 8760 section 2.2)."""
    digest: str = HASHES[algorithm](data.encode("utf-8", "surrogateescape")).hexdigest()
    return digest


def kd(algorithm: str, secret: str, data: str) -> str:
    """KD(secret, data) = H(secret ":" data) (RFC 7616 section 3.3)."""
    return h(algorithm, f"{secret}:{data}")


def ha1(algorithm: str, username: str, realm: str, password: str) -> str:
    """H(A1), all that is kept of a password (RFC 7616 section 3.4.2)."""
    return h(algorithm, f"{username}:{realm}:{password}")


def challenge(realm: str, nonce: str, algorithm: str, stale: bool = False) -> str:
    """The value of one WWW-Authenticate or Proxy-Authenticate (RFC 7616 section 3.3)."""
    head, tail = _around_nonce(realm, algorithm, stale)
    return f"{head}{nonce}{tail}"


@lru_cache(maxsize=16)  # all but the nonce is the same for months
def _around_nonce(realm: str, algorithm: str, stale: bool) -> tuple[str, str]:
    # 3.3: realm, nonce and qop are always quoted, algorithm and stale never.
    said = ", stale=true" if stale else ""
    return f'Digest realm={quote(realm)}, nonce="', f'", algorithm={algorithm}, qop="auth"{said}'


@dataclass(slots=True)
class Credentials:
    """One Authorization or Proxy-Authorization (RFC 7616 section 3.4) without its quotes; "" for what is missing."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    """In upper case; MD5 where none is named."""
    cnonce: str
    nc: str
    qop: str
    opaque: str
    count: int
    """`nc` as a number; it has 8 hexadecimal digits (fewer are let in), -1 stands for anything else."""

    @classmethod
    def parse(cls, value: str) -> Credentials:
        """Parses a header's value. Raises ParseError where it is no Digest or its quotes do not match."""
        words = value.split(None, 1)
        if len(words) != 2 or words[0].lower() != "digest":
            raise ParseError("not Digest credentials")
        username, realm, nonce, uri, response, algorithm, cnonce, nc, qop, opaque = _values(words[1])
        count = int(nc, 16) if 0 < len(nc) <= 8 and _HEX.issuperset(nc) else -1
        return cls(username, realm, nonce, uri, response, algorithm.upper(), cnonce, nc, qop, opaque, count)

    def defect(self) -> str | None:
        """Why these can never be right, or None: a directive is improper or missing (a 400 by RFC 7616 section 3.4)."""
        if not (self.username and self.uri and self.response):
            return "Digest credentials without username, uri or response"
        if self.algorithm.endswith("-SESS"):
            return "Digest session algorithms (-sess) are not supported"
        if not self.qop:
            return None
        if self.qop.lower() != "auth":
            return "Digest qop is not auth"
        if not self.cnonce or not self.nc:
            return "Digest qop without cnonce or nc"
        return None if self.count >= 0 else "Digest nc is not a number in hexadecimal"

    def data(self, algorithm: str, method: str) -> str:
        """What KD hashes behind H(A1) (RFC 7616 section 3.4.1; without qop RFC 2617 section 3.2.2.1)."""
        ha2 = h(algorithm, f"{method}:{self.uri}")
        return f"{self.nonce}:{self.nc}:{self.cnonce}:{self.qop}:{ha2}" if self.qop else f"{self.nonce}:{ha2}"


_HEX = frozenset(string.hexdigits)

# Characters that no decoded text can hold stand in for an escaped backslash and an escaped quotation mark; in a form,
# for the nonce count and for each quoted value.
_BACKSLASH, _QUOTE, _COUNT, _QUOTED = "\ud800", "\ud801", "\ud802", "\ud803"
_MAX_QUOTED = 16
_MAX_CACHED = 192
"""Characters of the longest form that is remembered."""
_NAMES = ("username", "realm", "nonce", "uri", "response", "algorithm", "cnonce", "nc", "qop", "opaque")
_Form = tuple[Callable[[tuple[str, ...]], tuple[str, ...]], tuple[str, ...]]
"""What picks those of _NAMES out of the nonce count, the quoted values and what is the same each time; and that."""


def _values(text: str) -> tuple[str, ...]:
    """Those of _NAMES. A phone writes all but the nonce count and what is quoted alike each time, and in one order."""
    pieces = text.split('"')
    before, _, rest = '"'.join(pieces[::2]).partition("nc=")
    count, comma, after = rest.partition(",")
    if count.isalnum() and len(pieces) % 2 and "\\" not in text and len(before) + len(after) <= _MAX_CACHED:
        form = _form(before, comma + after)
        if form is not None:
            pick, fixed = form
            return pick((count, *pieces[1::2], *fixed))
    return _picked(_parameters(text))


def _picked(parameters: dict[str, str]) -> tuple[str, ...]:
    get = parameters.get
    values = [get(name, "") for name in _NAMES]
    values[0] = parameters["username"] if "username" in parameters else _extended(get("username*", ""))
    values[5] = get("algorithm", "MD5")
    return tuple(values)


@lru_cache(maxsize=64)
def _form(before: str, after: str) -> _Form | None:
    """Of what stands outside of quotes, a quotation mark for each quoted value, around the nonce count; None where that
    is not the value of nc, or where it cannot be read."""
    pieces = f"{before}nc={_COUNT}{after}".split('"')
    quoted = [chr(ord(_QUOTED) + number) for number in range(len(pieces) - 1)]
    text = "".join(f'{piece}"{value}"' for piece, value in zip(pieces, quoted, strict=False)) + pieces[-1]
    try:
        parameters = _parameters(text)
    except ParseError:
        return None
    if parameters.get("nc") != _COUNT or "username" not in parameters or len(quoted) > _MAX_QUOTED:
        return None
    values, moving = _picked(parameters), [_COUNT, *quoted]
    fixed = [value for value in values if value not in moving]
    return itemgetter(*map([*moving, *fixed].index, values)), tuple(fixed)


def _parameters(text: str) -> dict[str, str]:
    """`a="1", b=2` as {"a": "1", "b": "2"}: names in lower case; the first of a name counts.

    Cut at the quotation marks, every second piece is a quoted value. The others are put together again with one mark
    and a comma for each of these, so a comma is no harm where it is quoted or missing (RFC 3665 section 2.1 F3).
    """
    escaped = "\\" in text
    if escaped:
        text = text.replace("\\\\", _BACKSLASH).replace('\\"', _QUOTE)
    pieces = text.split('"')
    if len(pieces) % 2 == 0:
        raise ParseError("a quoted string is not closed")
    quoted = iter(pieces[1::2])
    parameters: dict[str, str] = {}
    for part in '",'.join(pieces[::2]).split(","):
        if part:
            name, _, value = part.partition("=")
            value = value.strip()
            parameters.setdefault(name.strip().lower(), next(quoted) if value == '"' else value)
    if next(quoted, None) is not None:
        raise ParseError("a quoted string has no name")
    if escaped:
        parameters = {name: _unescaped(value) for name, value in parameters.items()}
    return parameters


def _unescaped(value: str) -> str:
    return value.replace("\\", "").replace(_BACKSLASH, "\\").replace(_QUOTE, '"')


def _extended(value: str) -> str:
    """The text of a `username*`, charset'language'percent-encoded (RFC 5987 section 3.2.1); "" unless it is UTF-8."""
    charset, _, rest = value.partition("'")
    return unescape(rest.partition("'")[2]) if charset.lower() == "utf-8" else ""
