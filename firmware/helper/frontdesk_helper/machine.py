"""What the verbs do to this computer."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

from .arguments import Wanted
from .host import Host, Refused
from .networks import Network, Networkd, NetworkManager, keeper

BEFORE = "/var/lib/frontdesk-helper/before.json"
"""Name and time zone as they were before the first change: a factory reset brings them back."""
AVAHI = "/etc/avahi/services/frontdesk.service"
ZONES = "/usr/share/zoneinfo"
UTC = "Etc/UTC"
HOSTS = "/etc/hosts"
OWN = "127.0.1.1"
"""Where Debian has a computer's own name in /etc/hosts."""
CLOUD = "/etc/cloud/cloud.cfg.d/99-frontdesk.cfg"
"""For cloud-init, which Raspberry Pi OS has: it gives the computer its first name again at each start, if it may."""
SERVICE = """\
<?xml version="1.0" standalone="no"?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group>
  <name replace-wildcards="yes">Frontdesk on %h</name>
{services}</service-group>
"""
Answer = dict[str, Any]


class Machine:
    """One method for each verb; all raise Refused."""

    def __init__(self, host: Host) -> None:
        self._host = host

    # -- network -------------------------------------------------------------------------------------------------------

    def look(self, interface: str) -> Answer:
        """Who keeps it."""
        return {"by": keeper(self._host, interface).name}

    def network(self, wanted: Wanted) -> Answer:
        """The address is as wanted; what a computer does by itself is left to it."""
        network = keeper(self._host, wanted.interface)
        if wanted.is_plain:
            network.forget()
            return {"by": network.name, "notes": []}
        return {"by": network.name, "notes": network.apply(wanted)}

    # -- name ----------------------------------------------------------------------------------------------------------

    def hostname(self, name: str, http: int, https: int) -> Answer:
        """The computer's name; avahi tells it, and where the page is."""
        if name != self._name().partition(".")[0].lower():
            self._remember()
            self._rename(name)
        if not self._host.is_active("avahi-daemon.service"):
            self._host.remove(AVAHI)
            return {}
        kinds = [("_http._tcp", http), ("_https._tcp", https)]
        services = "".join(
            f"  <service><type>{kind}</type><port>{port}</port></service>\n" for kind, port in kinds if port
        )
        if services:
            self._host.write(AVAHI, SERVICE.format(services=services))
        else:
            self._host.remove(AVAHI)
        return {}

    def _name(self) -> str:
        return self._host.read("/etc/hostname").strip()

    def _rename(self, name: str) -> None:
        lines = self._host.read(HOSTS).splitlines()
        own = [index for index, line in enumerate(lines) if line.split()[:1] == [OWN]]
        if own:  # sudo looks the name up there.
            lines[own[0]] = _renamed(lines[own[0]], self._name(), name)
            self._host.write(HOSTS, "\n".join([*lines, ""]))
        if self._host.path(CLOUD).parent.is_dir():
            self._host.write(CLOUD, "# Frontdesk's.\npreserve_hostname: true\n")
        # Behind what may fail: while the computer has another name, all of this is done again.
        self._host.run("hostnamectl", "set-hostname", name)
        if self._host.is_active("avahi-daemon.service"):
            self._host.run("systemctl", "try-restart", "avahi-daemon.service")  # It reads the name at its start alone.

    # -- time ----------------------------------------------------------------------------------------------------------

    def timezone(self, zone: str) -> Answer:
        """The time zone."""
        if not self._host.path(f"{ZONES}/{zone}").is_file():
            raise Refused("There is no time zone {zone} on this computer.", zone=zone)
        if zone != self._zone():
            self._remember()
            self._host.run("timedatectl", "set-timezone", zone)
        return {}

    def _zone(self) -> str:
        """Of localtime(5)."""
        with contextlib.suppress(OSError):
            return str(self._host.path("/etc/localtime").readlink()).partition("/zoneinfo/")[2] or UTC
        return UTC

    def set_clock(self, wall: float) -> Answer:
        """The wall clock, where no time server sets it."""
        if self._host.run("timedatectl", "show", "--property=NTPSynchronized", "--value").strip() == "yes":
            raise Refused("The clock is set by a time server already.")
        self._host.set_clock(wall)
        return {}

    # -- power ---------------------------------------------------------------------------------------------------------

    def reboot(self) -> Answer:
        """Starts anew, a moment after the answer."""
        self._host.run("systemctl", "--no-block", "reboot")
        return {}

    def poweroff(self) -> Answer:
        """Ends, a moment after the answer."""
        self._host.run("systemctl", "--no-block", "poweroff")
        return {}

    # -- the way back --------------------------------------------------------------------------------------------------

    def factory_reset(self) -> Answer:
        """All of the above is as it was before us; the box's data are not ours."""
        networks: tuple[Network, ...] = (NetworkManager(self._host), Networkd(self._host))
        running = [each for each in networks if self._host.is_active(f"{each.name}.service")]
        for network in running:
            network.forget()
        self._host.remove(AVAHI)
        before = self._before()
        if before.get("name") not in ("", None, self._name()):
            self._rename(before["name"])
        self._host.remove(CLOUD)
        if before.get("zone") not in ("", None, self._zone()):
            self._host.run("timedatectl", "set-timezone", before["zone"])
        self._host.remove(BEFORE)
        return {}

    def _remember(self) -> None:
        if not self._before():
            self._host.write(BEFORE, json.dumps({"name": self._name(), "zone": self._zone()}))

    def _before(self) -> dict[str, str]:
        try:
            found = json.loads(self._host.read(BEFORE) or "{}")
        except ValueError:
            return {}
        return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _renamed(line: str, old: str, new: str) -> str:
    """A line of /etc/hosts with another name of the computer; its other names, and what is said of them, stay."""
    if new in line.split():
        return line
    renamed, found = re.subn(rf"(?<=\s){re.escape(old)}(?=[.\s]|$)", new, line) if old else (line, 0)
    return renamed if found else "\t".join([OWN, " ".join([new, *line.split()[1:]])])
