"""Host and port of a URI and of a Via (RFC 3261 section 25.1)."""

from __future__ import annotations

import string
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

from .errors import ParseError
from .grammar import LWS, parse_number

SIP_PORT = 5060
"""Where SIP is heard that is not encrypted, and nothing says otherwise (section 19.1.2)."""
SIPS_PORT = 5061
"""The same over TLS."""
MAX_HOSTPORT = 255 + 6
"""Characters of a host (RFC 1035 section 2.3.4), a colon and a port."""

_NAME = frozenset(string.ascii_letters + string.digits + "-._")
"""What a name may hold; the underscore is no part of the grammar, but of many a network's names."""


@lru_cache(1024)  # saves 1 us for each address of a message: its hosts are few, and the box's own is among them
def parse_hostport(text: str) -> tuple[str, int | None]:
    """`host`, `host:port`, `[v6]:port` -> the host in lower case (IPv6 in its brackets) and the port or None.

    Raises ParseError for what is no name, IPv4 address or IPv6 reference, and for a port over 65535.
    """
    if text[:1] == "[":
        host, bracket, rest = text.partition("]")
        host += bracket
    else:
        host, colon, rest = text.partition(":")
        rest = colon + rest
    port = parse_number(rest[1:], 65_535) if rest else None
    if (rest and (rest[0] != ":" or port is None)) or len(text) > MAX_HOSTPORT or not is_host(host):
        raise ParseError(f"not a host and port: {text[:60]!r}")
    return host.lower(), port


def parse_sent_by(text: str) -> tuple[str, int | None]:
    """As `parse_hostport`, with white space around it and around its colon (sent-by of section 20.42)."""
    text = text.strip(LWS)
    if " " in text or "\t" in text:  # section 25.1 allows it here
        text = ":".join(piece.strip(LWS) for piece in text.split(":"))
    return parse_hostport(text)


def is_host(text: str) -> bool:
    """Whether `text` is a name, an IPv4 address or an IPv6 reference in brackets."""
    if text[:1] == "[":
        return text[-1] == "]" and _is_ipv6(text[1:-1])
    labels = text.removesuffix(".").split(".")
    if not _NAME.issuperset(text) or not all(labels):
        return False
    if not labels[-1].isdigit():
        return True
    return len(labels) == 4 and all(parse_number(label, 255) is not None for label in labels)


def _is_ipv6(text: str) -> bool:
    return "%" not in text and canonical_ipv6(text) is not None


def canonical_ipv6(text: str) -> str | None:
    """The one spelling of an IPv6 address, or None. Three colons in a row count as two (RFC 5118 section 4.10)."""
    try:
        return str(IPv6Address(text.replace(":::", "::")))
    except AddressValueError:
        return None


def same_host(one: str, other: str) -> bool:
    """Whether two hosts from `parse_hostport` are the same; a name is never the same as an address (section 19.1.4)."""
    if one == other or one[:1] != "[" or other[:1] != "[":
        return one == other
    return canonical_ipv6(one[1:-1]) == canonical_ipv6(other[1:-1])


def bare(host: str) -> str:
    """A URI's host as addresses are written elsewhere: IPv6 without its brackets."""
    return host[1:-1] if host.startswith("[") else host


def bracketed(host: str) -> str:
    """The inverse."""
    return f"[{host}]" if ":" in host else host
