"""Who keeps the network of a Debian, and how each is told of an address: NetworkManager, else systemd-networkd.

Ours is one profile, or one file, that goes before all others. Where nothing but DHCP is wanted it is taken away, and
the interface is again as the computer was set up: so what is tried goes back to what was there before, whatever it was.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Protocol

from .arguments import Wanted
from .host import Foreign, Host, Refused

PROFILE = "frontdesk"
FILE = "/etc/systemd/network/05-frontdesk.network"
UNRESOLVED = "Name servers: systemd-resolved does not run, so /etc/resolv.conf stays as it is."
UP = "20"
"""Seconds in which an interface is to be up with its new address."""


class Network(Protocol):
    """One who keeps interfaces."""

    name: str

    def keeps(self, interface: str) -> bool:
        """Whether this one does."""

    def apply(self, wanted: Wanted) -> list[str]:
        """Makes it so, where it is not plain, and is as without us where that fails; notes. Raises Refused."""

    def forget(self) -> None:
        """As without us. Raises Refused."""


class NetworkManager:
    """nmcli(1). A profile of ours is a copy of the one in use: it has the keys of a wireless network too."""

    name = "NetworkManager"

    def __init__(self, host: Host) -> None:
        self._host = host

    def keeps(self, interface: str) -> bool:
        """Not what it calls unmanaged, such as what ifupdown has."""
        if not self._host.is_active("NetworkManager.service"):
            return False
        lines = self._nmcli("-g", "DEVICE,STATE", "device").splitlines()
        states = dict(line.split(":", 1) for line in lines if ":" in line)
        return states.get(interface, "unmanaged") != "unmanaged"

    def apply(self, wanted: Wanted) -> list[str]:
        """The profile is changed, and taken into use."""
        if not self._is_there():
            self._make(wanted.interface)
        try:
            self._nmcli("connection", "modify", PROFILE, *_words(wanted))
            self._nmcli("--wait", UP, "connection", "up", PROFILE, "ifname", wanted.interface)
        except Refused:
            self.forget()
            raise
        return []

    def forget(self) -> None:
        """NetworkManager takes the profile of before into use by itself."""
        if self._is_there():
            self._nmcli("connection", "delete", PROFILE)

    def _is_there(self) -> bool:
        return PROFILE in self._nmcli("-g", "NAME", "connection", "show").splitlines()

    def _make(self, interface: str) -> None:
        used = self._nmcli("-g", "GENERAL.CON-UUID", "device", "show", interface).strip()
        if used:
            self._nmcli("connection", "clone", "uuid", used, PROFILE)
        elif self._host.path(f"/sys/class/net/{interface}/wireless").exists():
            raise Refused("{interface} is in no wireless network yet.", interface=interface)
        else:
            self._nmcli("connection", "add", "type", "ethernet", "con-name", PROFILE, "ifname", interface)

    def _nmcli(self, *words: str) -> str:
        return self._host.run("nmcli", *words)


def _words(wanted: Wanted) -> Iterator[str]:
    """nm-settings-nmcli(5): each property is said, since a copy has others."""
    yield from ("connection.interface-name", wanted.interface)
    yield from ("connection.autoconnect", "yes", "connection.autoconnect-priority", "100")
    for version in (4, 6):
        fixed = wanted.address if wanted.address and wanted.address.version == version else None
        gateway = wanted.gateway if fixed and wanted.gateway and wanted.gateway.version == version else None
        servers = wanted.servers_of(version)
        yield from (f"ipv{version}.method", "manual" if fixed else "auto")
        yield from (f"ipv{version}.addresses", str(fixed or ""), f"ipv{version}.gateway", str(gateway or ""))
        yield from (f"ipv{version}.dns", ",".join(servers))
        yield from (f"ipv{version}.ignore-auto-dns", "yes" if wanted.servers else "no")
        if version == 4:
            yield from ("ipv4.link-local", "disabled" if fixed else "default")


class Networkd:
    """systemd.network(5)."""

    name = "systemd-networkd"

    def __init__(self, host: Host) -> None:
        self._host = host

    def keeps(self, interface: str) -> bool:
        """Whatever it is not told of by another file yet, too."""
        return self._host.is_active("systemd-networkd.service")

    def apply(self, wanted: Wanted) -> list[str]:
        """The file is written, and read."""
        if self._host.write(FILE, _file(wanted)):
            try:
                self._read(wanted.interface)
            except Refused:
                self._host.remove(FILE)
                with contextlib.suppress(Refused):
                    self._read(wanted.interface)
                raise
        resolved = not wanted.servers or self._host.is_active("systemd-resolved.service")
        return [] if resolved else [UNRESOLVED]

    def forget(self) -> None:
        """The files of others count again."""
        text = self._host.read(FILE)
        if not self._host.remove(FILE):
            return
        try:
            self._read(text.partition("Name=")[2].partition("\n")[0])
        except Refused:
            self._host.write(FILE, text)  # So that it can be tried again.
            raise

    def _read(self, interface: str) -> None:
        self._host.run("networkctl", "reload")
        self._host.run("networkctl", "reconfigure", interface)


def _file(wanted: Wanted) -> str:
    lines = ["# Frontdesk's; it is written anew.", "[Match]", f"Name={wanted.interface}", "", "[Network]"]
    if wanted.address is None:
        lines += ["DHCP=yes", "LinkLocalAddressing=yes"]
    else:
        lines += [f"Address={wanted.address}", *([f"Gateway={wanted.gateway}"] if wanted.gateway else [])]
        lines += ["DHCP=ipv4", "LinkLocalAddressing=yes"] if wanted.address.version == 6 else []
    lines += [f"DNS={each}" for each in wanted.servers]
    if wanted.servers:
        lines += ["", "[DHCPv4]", "UseDNS=no", "", "[DHCPv6]", "UseDNS=no", "", "[IPv6AcceptRA]", "UseDNS=no"]
    return "\n".join([*lines, ""])


def keeper(host: Host, interface: str) -> Network:
    """Who keeps that interface. Raises Foreign."""
    if not host.path(f"/sys/class/net/{interface}").exists():
        raise Refused("There is no network interface {interface}.", interface=interface)
    network: Network
    for network in (NetworkManager(host), Networkd(host)):
        if network.keeps(interface):
            return network
    raise Foreign(
        "The address of {interface} is kept neither by NetworkManager nor by systemd-networkd: it is shown here, and "
        "changed where this computer has it, such as /etc/network/interfaces.",
        interface=interface,
    )
