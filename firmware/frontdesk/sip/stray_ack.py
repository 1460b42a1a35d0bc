"""The ACK to a refusal that was sent without a transaction, known by its bytes (RFC 3261 section 26.3.2.4)."""

from __future__ import annotations

import re

from .errors import ParseError
from .host import parse_sent_by

_HEAD = re.compile(
    rb"ACK sip:(?:[^@\s]{1,23}@)?[^@\s]+ SIP/2\.0\r\n"
    rb"Via: SIP/2\.0/[A-Z]+ ([-.\w\[\]:]+)(?:;(?!(?i:branch)=)[-.=:\w\[\]]+)*;branch=(z9hG4bK[-.\w]+)[;\r]"
)


def stray_ack_key(data: bytes) -> str | None:
    """The INVITE server transaction that it may be for. Without that one nobody wants this ACK: it has no Route.

    None where it is no ACK, or not of the usual form. It saves the parsing of one message in each call.
    """
    found = _HEAD.match(data) if data.startswith(b"ACK ") and b"\r\nRoute: " not in data else None
    if found is None or b"\nroute" in data.lower():
        return None
    try:
        host, port = parse_sent_by(found[1].decode("ascii"))
    except ParseError:
        return None
    return f"INVITE {host}:{port} {found[2].decode('ascii')}"
