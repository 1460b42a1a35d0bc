"""Header names: compact forms and the way that they are written (RFC 3261 sections 7.3.1, 7.3.3 and 20)."""

from __future__ import annotations

from functools import lru_cache

from .grammar import is_token

COMPACT = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition", "e": "content-encoding",
    "f": "from", "i": "call-id", "j": "reject-contact", "k": "supported", "l": "content-length", "m": "contact",
    "n": "identity-info", "o": "event", "r": "refer-to", "s": "subject", "t": "to", "u": "allow-events", "v": "via",
    "x": "session-expires", "y": "identity",
}
"""Compact form -> long name in lower case (the registry of RFC 3261 section 27.3 and its later entries)."""

_SPELLINGS = {
    "call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate", "mime-version": "MIME-Version",
    "sip-etag": "SIP-ETag", "sip-if-match": "SIP-If-Match", "rack": "RAck", "rseq": "RSeq",
}  # fmt: skip

KEYS: dict[str, str] = {}
"""How names come -> key; filled with the usual spellings only, so it does not grow."""


def header_key(name: str) -> str:
    """The long name in lower case of a header as it was written; "" where that is no token."""
    key = KEYS.get(name)
    if key is None:
        key = name.rstrip(" \t")
        key = COMPACT.get(key.lower(), key.lower()) if is_token(key) else ""
    return key


@lru_cache(256)  # the box writes the same few again and again
def canonical_name(key: str) -> str:
    """How a header's name is written: Max-Forwards, Call-ID."""
    return _SPELLINGS.get(key) or "-".join(word.capitalize() for word in key.split("-"))


for _name in (
    *("via", "from", "to", "call-id", "cseq", "contact", "max-forwards", "content-length", "content-type", "expires"),
    *("route", "record-route", "authorization", "proxy-authorization", "user-agent", "server", "supported", "allow"),
    *("accept", "allow-events", "require", "proxy-require", "path", "date", "event", "session-expires"),
):
    KEYS[_name] = KEYS[canonical_name(_name)] = _name
for _short, _long in COMPACT.items():
    KEYS[_short] = KEYS[_short.upper()] = _long
