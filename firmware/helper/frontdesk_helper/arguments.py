"""What a verb may be told: each value checked by itself, whoever sent it. Every check raises Refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address, ip_interface
from typing import Any

from .host import Refused

DHCP = "dhcp"
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""A host name of one label (RFC 1123 section 2.1)."""
ZONE = re.compile(r"[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}")
INTERFACE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,14}")
"""IFNAMSIZ of linux/if.h, and what cannot be mistaken in a file or on a command line."""
SERVERS = 8
EARLIEST, LATEST = 1_767_225_600, 4_102_444_800
"""2026 and 2100: no clock is to be set to anything else."""
Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Wanted:
    """An interface as it is to be."""

    interface: str
    address: IPv4Interface | IPv6Interface | None
    """None: by DHCP."""
    gateway: Address | None
    servers: tuple[Address, ...]

    @property
    def is_plain(self) -> bool:
        """Whether nothing is wanted but what a computer does by itself."""
        return self.address is None and not self.servers

    def servers_of(self, version: int) -> list[str]:
        """The name servers of that address family."""
        return [str(each) for each in self.servers if each.version == version]


def host_name(value: Any) -> str:
    """One label in small letters, and no number."""
    if not isinstance(value, str) or not LABEL.fullmatch(value) or value.isdecimal() or value == "localhost":
        raise Refused("A host name has up to 63 small letters, digits and dashes.")
    return value


def zone(value: Any) -> str:
    """The form of a time zone's name."""
    if not isinstance(value, str) or not ZONE.fullmatch(value):
        raise Refused("A time zone is a name such as Europe/Berlin.")
    return value


def port(value: Any) -> int:
    """0: there is none."""
    if type(value) is not int or not 0 <= value <= 65535:
        raise Refused("A port is a number from 0 to 65535.")
    return value


def wall(value: Any) -> float:
    """Unix seconds of this century."""
    if type(value) not in (int, float) or not EARLIEST <= value <= LATEST:
        raise Refused("The clock is set to Unix seconds between 2026 and 2100.")
    return float(value)


def interface(value: Any) -> str:
    """The form of an interface's name."""
    if not isinstance(value, str) or not INTERFACE.fullmatch(value) or value == "lo":
        raise Refused("That is no name of a network interface.")
    return value


def address(value: Any) -> IPv4Interface | IPv6Interface | None:
    """`dhcp`, or an address with the length of its prefix."""
    if value == DHCP:
        return None
    text, slash, length = value.partition("/") if isinstance(value, str) else ("", "", "")
    if not slash or not length.isdecimal():
        raise Refused("An address is dhcp, or has the length of its prefix, such as 192.0.2.10/24.")
    try:
        found = ip_interface(f"{host(text)}/{int(length)}")
    except ValueError:
        raise Refused("The length of that prefix cannot be.") from None
    if not is_of_a_host(found):
        raise Refused("{address} is no address of a host in its network.", address=str(found))
    return found


def is_of_a_host(interface: IPv4Interface | IPv6Interface) -> bool:
    """Whether it is neither the network itself nor all of its hosts; in a network of two, both are (RFC 3021, 6164)."""
    network = interface.network
    if network.prefixlen >= network.max_prefixlen - 1:
        return True
    return interface.ip != network[0] and (interface.version == 6 or interface.ip != network[-1])


def gateway(value: Any) -> Address | None:
    """An address, or an empty text."""
    return None if value == "" else host(value)


def servers(value: Any) -> tuple[Address, ...]:
    """A list of addresses."""
    if not isinstance(value, list) or len(value) > SERVERS:
        raise Refused("Name servers are a list of up to {most} addresses.", most=str(SERVERS))
    return tuple(map(host, value))


def host(value: Any) -> Address:
    """An address that a host can have."""
    try:
        if not isinstance(value, str) or "%" in value:
            raise ValueError
        found = ip_address(value)
    except ValueError:
        raise Refused("That is no IP address.") from None
    if found.is_loopback or found.is_multicast or found.is_unspecified:
        raise Refused("{address} is no address of a host.", address=str(found))
    return found
