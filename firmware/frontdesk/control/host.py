"""The machine under the box: its network, its name, its clock and its power, behind one small Protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from ..config import HOST, text_of
from ..model import Settings
from .errors import VerbError

INTERFACES = Path("/sys/class/net")
ROUTES = Path("/proc/net/route")
GATEWAY = 0x0002
"""RTF_GATEWAY of linux/route.h."""


class Managed(VerbError):
    """The machine is somebody else's to change."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: managed by this computer.")


class System(Protocol):
    """What a box does to its machine; each raises VerbError where it cannot."""

    def network(self) -> list[dict[str, Any]]:
        """Its interfaces: name, link, addresses, mac, gateway."""

    async def apply(self, settings: Settings) -> None:
        """Takes the settings of config.HOST into use."""

    async def set_clock(self, wall: float) -> None:
        """Sets the wall clock, in Unix seconds."""

    async def reboot(self) -> None:
        """Starts anew."""


class ManagedElsewhere:
    """An ordinary computer: it is looked at, and left as it is."""

    def network(self) -> list[dict[str, Any]]:
        """Its interfaces, the loopback left out."""
        import ifaddr

        addresses = {
            adapter.name: [f"{ip.ip if ip.is_IPv4 else ip.ip[0]}/{ip.network_prefix}" for ip in adapter.ips]
            for adapter in ifaddr.get_adapters()
        }
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

    async def apply(self, settings: Settings) -> None:
        """Refuses."""
        raise Managed("Network, host name and time zone")

    async def set_clock(self, wall: float) -> None:
        """Refuses."""
        raise Managed("The clock")

    async def reboot(self) -> None:
        """Refuses."""
        raise Managed("A reboot")


def _read(path: Path) -> str | None:
    try:
        return path.read_text("ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def read_gateways(path: Path = ROUTES) -> dict[str, str]:
    """Interface -> its gateway for all other networks, as the kernel's table of IPv4 routes has it."""
    from ipaddress import IPv4Address

    try:
        lines = path.read_text("ascii").splitlines()[1:]
    except OSError:
        return {}
    gateways = {}
    for line in lines:
        interface, destination, gateway, flags = line.split()[:4]
        if destination == "00000000" and int(flags, 16) & GATEWAY:
            gateways[interface] = str(IPv4Address(bytes.fromhex(gateway)[::-1]))
    return gateways


async def take(system: System, old: Settings, new: Settings) -> list[str]:
    """Brings the machine to the new settings; what it leaves to others is a note, anything else raises VerbError."""
    changed = [key for key in HOST if text_of(old, key) != text_of(new, key)]
    if not changed:
        return []
    try:
        await system.apply(new)
    except Managed:
        return [f"{', '.join(changed)}: kept, but not used here: managed by this computer."]
    return []


