"""What a certificate is for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_network

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


@cache
def is_private(text: str) -> bool:
    """Whether the box's CA is good for that address."""
    address = ip_address(text)
    return any(address in ip_network(network) for network in PRIVATE)
