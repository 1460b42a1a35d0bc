"""Network namespaces that a test makes and removes: places with addresses, routes and a router of their own."""

import ctypes
import os
import secrets
import socket
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

_CLONE_NEWNET = 0x40000000  # linux/sched.h
_MASQUERADE = """
table ip router {{
    chain postrouting {{
        type nat hook postrouting priority srcnat;
        oifname "{outside}" meta l4proto {{ tcp, udp }} masquerade to :{ports}
    }}
    chain forward {{
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "{inside}" accept
    }}
}}
"""


def run(*command: str, stdin: str = "") -> str:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
    return done.stdout


class Namespace:
    """One place on the network."""

    def __init__(self, role: str):
        assert os.geteuid() == 0, "a network namespace can only be made by root: run these tests as root"
        self.name = f"fd-{role}-{secrets.token_hex(3)}"
        run("ip", "netns", "add", self.name)
        run("ip", "-n", self.name, "link", "set", "lo", "up")

    def remove(self) -> None:
        run("ip", "netns", "del", self.name)

    def command(self) -> list[str]:
        """What stands before a command that is to run here."""
        return ["ip", "netns", "exec", self.name]

    def ip(self, *words: str) -> None:
        run("ip", "-n", self.name, *words)

    def stream(self) -> socket.socket:
        """A socket belongs to the namespace of the thread that made it: a thread goes there, makes one and is done."""
        made: list[socket.socket | OSError] = []
        thread = threading.Thread(target=lambda: made.append(self._made_inside()))
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def _made_inside(self) -> socket.socket | OSError:
        libc = ctypes.CDLL(None, use_errno=True)
        with Path("/run/netns", self.name).open() as place:
            if libc.setns(place.fileno(), _CLONE_NEWNET) != 0:
                return OSError(ctypes.get_errno(), f"cannot enter the network namespace {self.name}")
            return socket.socket()


def cable(one: Namespace, port: str, address: str, other: Namespace, far: str, far_address: str) -> None:
    """Two places and what lies between them."""
    one.ip("link", "add", port, "type", "veth", "peer", "name", far, "netns", other.name)
    for place, name, own in ((one, port, address), (other, far, far_address)):
        place.ip("address", "add", own, "dev", name)
        place.ip("link", "set", name, "up")


class Street:
    """The box on a public network, a router on it, and a phone at home behind that router.

    box 10.77.0.1 -- 10.77.0.2 router 10.78.0.1 -- 10.78.0.2 phone. Only the router knows the way to the phone's
    network: it masquerades what goes out, and lets in only answers to it. An office with both kinds of addresses has a
    cable of its own to the box: box 10.79.0.1, fd79::1 -- office 10.79.0.2, fd79::2.
    """

    box_address, neighbour_address, phone_address = "10.77.0.1", "10.77.0.3", "10.78.0.2"
    router_address, router_ports = "10.77.0.2", range(20000, 30000)  # none of them a port that a phone takes itself

    office_address, office_address6, office_interface = "10.79.0.1", "fd79::1", "lan"

    def __init__(self) -> None:
        self.places: list[Namespace] = []
        try:
            self.box, self.router = self._place("box"), self._place("router")
            self.phone, self.office = self._place("phone"), self._place("office")
            self._build()
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        for place in self.places:
            place.remove()

    def _place(self, role: str) -> Namespace:
        self.places.append(Namespace(role))
        return self.places[-1]

    def _build(self) -> None:
        cable(self.box, "wan", f"{self.box_address}/24", self.router, "outside", f"{self.router_address}/24")
        cable(self.router, "inside", "10.78.0.1/24", self.phone, "lan", f"{self.phone_address}/24")
        self.box.ip("address", "add", f"{self.neighbour_address}/24", "dev", "wan")
        cable(self.box, "office", f"{self.office_address}/24", self.office, self.office_interface, "10.79.0.2/24")
        self.box.ip("address", "add", f"{self.office_address6}/64", "dev", "office", "nodad")
        self.office.ip("address", "add", "fd79::2/64", "dev", self.office_interface, "nodad")
        self.phone.ip("route", "add", "default", "via", "10.78.0.1")
        run(*self.router.command(), "tee", "/proc/sys/net/ipv4/ip_forward", stdin="1")
        ports = f"{self.router_ports[0]}-{self.router_ports[-1]}"
        rules = _MASQUERADE.format(outside="outside", inside="inside", ports=ports)
        run(*self.router.command(), "nft", "-f", "-", stdin=rules)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.remove()
