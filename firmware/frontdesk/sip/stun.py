"""STUN as a phone's keep-alive over UDP: how a binding request is answered (RFC 5626 section 8, RFC 8489)."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from struct import Struct

BEFORE_TEXT = b"\2"
"""A message of STUN is less than that, as bytes are compared; none of SIP is."""
LONGEST = 548
"""Bytes that go anywhere in one piece (RFC 8489 section 6.1). A keep-alive takes 20 or a few more; one of 64 KiB with
its thousands of attributes took the time of calls."""

_COOKIE = b"\x21\x12\xa4\x42"
_HEADER = Struct("!HH4s12s")
"""Type, length of what follows, cookie, transaction (RFC 8489 section 5)."""
_ATTRIBUTE = Struct("!HH")
_REQUEST, _SUCCESS, _ERROR = 0x0001, 0x0101, 0x0111
_XOR_MAPPED_ADDRESS, _ERROR_CODE, _UNKNOWN_ATTRIBUTES = 0x0020, 0x0009, 0x000A
_OPTIONAL = 0x8000
"""From here on an attribute may be left alone (section 14)."""
_KNOWN = frozenset({0x0006, 0x0008, 0x0014, 0x0015, 0x001C, 0x001D, 0x001E})
"""Of who asks, and to prove it: a keep-alive needs no proof (RFC 5626 section 8)."""
_REFUSAL = b"\0\0\4\x14Unknown Attribute"
"""420, as ERROR-CODE has it."""


def binding_response(data: bytes, host: str, port: int) -> bytes | None:
    """The answer to a binding request from there; None for whatever else it is."""
    if not _HEADER.size <= len(data) <= LONGEST:
        return None
    kind, length, cookie, transaction = _HEADER.unpack_from(data)
    if kind != _REQUEST or cookie != _COOKIE or length % 4 or length != len(data) - _HEADER.size:
        return None
    try:
        unknown = [kind for kind in _attributes(data) if kind < _OPTIONAL and kind not in _KNOWN]
    except ValueError:
        return None
    if unknown:
        return _message(_ERROR, transaction, (_ERROR_CODE, _REFUSAL), (_UNKNOWN_ATTRIBUTES, _numbers(unknown)))
    return _message(_SUCCESS, transaction, (_XOR_MAPPED_ADDRESS, _xored(host, port, transaction)))


def _attributes(data: bytes) -> Iterator[int]:
    """Their types (section 14). Raises ValueError where they are cut off."""
    at = _HEADER.size
    while at < len(data):
        kind, length = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size + length + -length % 4
        if at > len(data):
            raise ValueError("an attribute is cut off")
        yield kind


def _message(kind: int, transaction: bytes, *attributes: tuple[int, bytes]) -> bytes:
    written = [_ATTRIBUTE.pack(kind, len(value)) + value + b"\0" * (-len(value) % 4) for kind, value in attributes]
    body = b"".join(written)
    return _HEADER.pack(kind, len(body), _COOKIE, transaction) + body


def _numbers(kinds: list[int]) -> bytes:
    return b"".join(kind.to_bytes(2, "big") for kind in kinds)


def _xored(host: str, port: int, transaction: bytes) -> bytes:
    """Section 14.2: routers that rewrite addresses do not know it again."""
    address = ip_address(host)
    mask = _COOKIE + transaction
    hidden = bytes(a ^ b for a, b in zip(port.to_bytes(2, "big") + address.packed, mask[:2] + mask, strict=False))
    return bytes((0, 1 if address.version == 4 else 2)) + hidden
