"""The machine's own addresses, and word of their changes (rtnetlink(7)): a box is often switched on before its
network."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterable
from ipaddress import ip_address

import ifaddr

from ..sip.wire import HostPort

_RTMGRP_IPV4_IFADDR = 0x10
_RTMGRP_IPV6_IFADDR = 0x100
WILDCARDS = {"0.0.0.0": socket.AF_INET, "::": socket.AF_INET6}
ELSEWHERE = "192.0.2.1"
"""In no network that there is (RFC 5737); nothing is sent to it."""
SETTLE = 0.5
"""Seconds: addresses come in bursts, and an IPv6 address may be tentative at first."""


def local_addresses(family: int) -> list[str]:
    """All addresses of that family (AF_INET, AF_INET6) but IPv6 link-local ones, which no Via can name."""
    found: list[str] = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            if family == socket.AF_INET and ip.is_IPv4:
                found.append(str(ip.ip))
            elif family == socket.AF_INET6 and ip.is_IPv6 and not ip.ip[0].lower().startswith("fe80:"):
                found.append(ip.ip[0])
    return found


def wildcards() -> list[str]:
    """Those that stand for all addresses; without IPv6 where the kernel has none."""
    hosts = ["0.0.0.0"]
    with contextlib.suppress(OSError):
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close()
        hosts.append("::")
    return hosts


def stands_for(host: str) -> list[str]:
    """The machine's addresses, where `host` is a wildcard; else none."""
    return local_addresses(WILDCARDS[host]) if host in WILDCARDS else []


def is_own(host: str) -> bool:
    """Whether the machine has that address. An IPv6 link-local one, whose zone is not told, counts as had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError as error:
            return error.errno != errno.EADDRNOTAVAIL
    return True


def not_here(listeners: Iterable[str]) -> list[str]:
    """Those, as settings write them (`udp:192.0.2.1:5060`, `https:[::]:443`), whose address the machine has not."""
    named = [(each, each.partition(":")[2].rpartition(":")[0].strip("[]")) for each in listeners]
    return [each for each, host in named if host and not is_own(host)]


def source_address(remote: HostPort) -> str:
    """The local address that a datagram to `remote` would leave from; "" where there is no way, or no file to look."""
    family = socket.AF_INET6 if ":" in remote[0] else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(remote)
            return str(probe.getsockname()[0])
    except OSError:
        return ""


def way_out(host: str) -> str:
    """The local address that what is sent to that host would leave from; for a name, what goes to other networks."""
    try:
        ip_address(host)
    except ValueError:
        host = ELSEWHERE
    return source_address((host, 9))


class AddressWatch:
    """Calls `changed` when the machine's addresses may have changed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, changed: Callable[[], None]) -> None:
        self._loop = loop
        self._changed = changed
        self._due: asyncio.TimerHandle | None = None
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        self._socket.bind((0, _RTMGRP_IPV4_IFADDR | _RTMGRP_IPV6_IFADDR))
        loop.add_reader(self._socket.fileno(), self._readable)

    def _readable(self) -> None:
        with contextlib.suppress(OSError):
            while self._socket.recv(65_535):
                pass
        if self._due is not None:
            self._due.cancel()
        self._due = self._loop.call_later(SETTLE, self._changed)

    def close(self) -> None:
        """Stops watching."""
        if self._due is not None:
            self._due.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
