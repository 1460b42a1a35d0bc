"""What a certificate is for, and how people tell it from others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_network
from ssl import PEM_FOOTER, PEM_HEADER, PEM_cert_to_DER_cert
from typing import Any

LOCAL = "local"
"""All names of multicast DNS (RFC 6762)."""
PRIVATE = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "fc00::/7",
    "fe80::/10", "::1/128",
)  # fmt: skip
"""Addresses that a box may have in its own network (RFC 1918, 3927, 6598, 4193): its CA is good for no others."""


@dataclass(slots=True, frozen=True)
class Names:
    """Host names in small letters, and addresses."""

    hosts: frozenset[str]
    addresses: frozenset[str]
    wanted: frozenset[str] = frozenset()
    """Those of the hosts that somebody has asked a certificate for: the CA has to be good for them."""

    @property
    def said(self) -> dict[str, Any]:
        """As JSON."""
        return {"hosts": sorted(self.hosts), "addresses": sorted(self.addresses), "wanted": sorted(self.wanted)}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Names:
        """The inverse of `said`. Raises KeyError, TypeError."""
        return cls(*(frozenset(said[key]) for key in ("hosts", "addresses", "wanted")))


@cache
def is_private(text: str) -> bool:
    """Whether the box's CA is good for that address."""
    address = ip_address(text)
    return any(address in ip_network(network) for network in PRIVATE)


def fingerprint(pem: bytes) -> str:
    """SHA-256 of a chain's first certificate, as browsers show it. Raises ValueError."""
    text = pem.decode("ascii")
    end = text.index(PEM_FOOTER) + len(PEM_FOOTER)
    der = PEM_cert_to_DER_cert(text[text.index(PEM_HEADER) : end])
    return hashlib.sha256(der).digest().hex(":").upper()
