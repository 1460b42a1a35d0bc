"""The ACK to a refusal that was sent without a transaction, known by its bytes (RFC 3261 section 26.3.2.4)."""

from __future__ import annotations

import re
from functools import lru_cache

from .errors import ParseError
from .host import parse_sent_by

_HEAD = re.compile(
    rb"ACK sip:(?:[^@\s]{1,23}@)?[^@\s]+ SIP/2\.0\r\n"
    rb"Via: SIP/2\.0/[A-Z]+ ([-.\w\[\]:]{1,64})(?:;(?!(?i:branch)=)[-.=:\w\[\]]+)*;branch=(z9hG4bK[-.\w]+)[;\r]"
)


def stray_ack_key(data: bytes) -> str | None:
    """The INVITE server transaction that it may be for. Without that one nobody wants this ACK: it has no Route.

    None where it is no ACK, or not of the usual form. It saves the parsing of one message in each call.
    """
    found = _HEAD.match(data) if data.startswith(b"ACK ") and b"\r\nRoute: " not in data else None
    if found is None or b"\nroute" in data.lower():
        return None
    before = _before_branch(found[1])
    return before and before + found[2].decode("ascii")


@lru_cache(256)
def _before_branch(sent_by: bytes) -> str | None:
    """Of a key; None where that is no sent-by."""
    try:
        host, port = parse_sent_by(sent_by.decode("ascii"))
    except ParseError:
        return None
    return f"INVITE {host}:{port} "
