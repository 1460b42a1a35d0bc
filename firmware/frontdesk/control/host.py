"""The machine under the box: its network, its name, its clock and its power, behind one small Protocol."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from ..config import HOST, read_zone, text_of
from ..model import Settings
from .errors import Sentence, VerbError

INTERFACES = Path("/sys/class/net")
ROUTES = Path("/proc/net/route")
LOCALTIME = Path("/etc/localtime")
HERE = os.environ.get("TZ", "").removeprefix(":")
"""The time zone that whoever has started the process wants, as for a container; empty: the computer's."""
GATEWAY = 0x0002
"""RTF_GATEWAY of linux/route.h."""


class Managed(VerbError):
    """The machine is somebody else's to change."""

    def __init__(self, what: Sentence) -> None:
        super().__init__("{what}: managed by this computer.", what=what)


class System(Protocol):
    """What a box does to its machine; each raises VerbError where it cannot."""

    @property
    def read_only(self) -> str:
        """Why its address can only be looked at, in a sentence; empty: it can be set."""

    def network(self) -> list[dict[str, Any]]:
        """Its interfaces: name, link, addresses, mac, gateway."""

    async def apply(self, settings: Settings, keys: Sequence[str]) -> list[str]:
        """Takes these of config.HOST into use; notes on what is left to others."""

    async def announce(self, hostname: str, http_port: int, https_port: int) -> None:
        """The computer itself (avahi) tells the network its name and where the page is; 0: it is not there."""

    async def set_clock(self, wall: float) -> None:
        """Sets the wall clock, in Unix seconds."""

    async def reboot(self) -> None:
        """Starts anew."""

    async def poweroff(self) -> None:
        """Ends."""

    async def reset(self) -> None:
        """Network, name and time zone are as they were before the box changed them."""

    def defaults(self, settings: Settings) -> Settings:
        """Those of its board, with what the computer has already in their place."""


class ManagedElsewhere:
    """An ordinary computer: it is looked at, and left as it is."""

    read_only: str = Sentence("The network is managed by this computer: it is shown here, and changed there.")

    def network(self) -> list[dict[str, Any]]:
        """Its interfaces, the loopback left out."""
        import ifaddr

        addresses: dict[str, list[str]] = {}
        for adapter in ifaddr.get_adapters():
            name = adapter.name.partition(":")[0]  # an address may have a label, as `eth0:1`
            texts = (f"{ip.ip if ip.is_IPv4 else ip.ip[0]}/{ip.network_prefix}" for ip in adapter.ips)
            addresses.setdefault(name, []).extend(texts)
        gateways = read_gateways()
        return [
            {
                "name": path.name,
                "link": _read(path / "operstate"),
                "addresses": addresses.get(path.name, []),
                "mac": _read(path / "address"),
                "gateway": gateways.get(path.name),
            }
            for path in sorted(INTERFACES.iterdir())
            if path.name != "lo" and path.is_dir()
        ]

    async def apply(self, settings: Settings, keys: Sequence[str]) -> list[str]:
        """Leaves them; the time zone is one for what the box itself tells."""
        left = [key for key in keys if key != "timezone"]
        sentence = "{keys}: kept, but not used here: managed by this computer."
        return [Sentence(sentence, keys=", ".join(left))] if left else []

    async def announce(self, hostname: str, http_port: int, https_port: int) -> None:
        """Nobody is asked."""

    async def set_clock(self, wall: float) -> None:
        """Refuses."""
        raise Managed(Sentence("The clock"))

    async def reboot(self) -> None:
        """Refuses."""
        raise Managed(Sentence("A reboot"))

    async def poweroff(self) -> None:
        """Refuses."""
        raise Managed(Sentence("Its power"))

    async def reset(self) -> None:
        """Nothing was changed."""

    def defaults(self, settings: Settings) -> Settings:
        """Its name is not the box's, its time zone is."""
        with suppress(ValueError):
            settings = replace(settings, timezone=read_zone(computer_zone()))
        return settings


def computer_zone() -> str:
    """The time zone of the process's surroundings, else that of localtime(5); "" where that is no link."""
    if HERE:
        return HERE
    try:
        return str(LOCALTIME.readlink()).partition("/zoneinfo/")[2]
    except OSError:
        return ""


def _read(path: Path) -> str | None:
    try:
        return path.read_text("ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def read_gateways() -> dict[str, str]:
    """Interface -> its gateway for all other networks, as the kernel's table of IPv4 routes has it."""
    from ipaddress import IPv4Address

    try:
        lines = ROUTES.read_text("ascii").splitlines()[1:]
    except OSError:
        return {}
    gateways = {}
    for line in lines:
        interface, destination, gateway, flags = line.split()[:4]
        if destination == "00000000" and int(flags, 16) & GATEWAY:
            gateways[interface] = str(IPv4Address(bytes.fromhex(gateway)[::-1]))
    return gateways


def reachable(interface: dict[str, Any]) -> list[str]:
    """Its addresses, but those of IPv6 that are good on its own link alone."""
    return [address for address in interface["addresses"] if not address.lower().startswith("fe80:")]


def without_dhcp(interface: dict[str, Any]) -> str:
    """Its own sentence where an interface has but an address of its own making (RFC 3927); else nothing."""
    own = [address for address in interface["addresses"] if ":" not in address]
    if not own or not all(address.startswith("169.254.") for address in own):
        return ""
    return Sentence("No DHCP server answered, so it has {address} of its own making.", address=own[0])


async def take(system: System, old: Settings, new: Settings) -> list[str]:
    """Brings the machine to the new settings; notes. Raises VerbError, and then it is as before."""
    changed = [key for key in HOST if text_of(old, key) != text_of(new, key)]
    if not changed:
        return []
    try:
        return await system.apply(new, changed)
    except VerbError:
        with suppress(VerbError):
            await system.apply(old, changed)
        raise
