"""A host beside the box, to be run in its own network namespace: `hold NAME ADDRESS` tells a name until its input ends;
`ask NAME ADDRESS` prints who has the name, as somebody with that address hears it."""

from __future__ import annotations

import socket
import sys

import dns.message
import dns.rdatatype
from zeroconf import ServiceInfo, Zeroconf

GROUP = ("224.0.0.251", 5353)  # RFC 6762 section 3
TRIES = 40
PATIENCE = 0.5
"""Seconds for one answer."""


def hold(name: str, address: str) -> None:
    """Another box, or a computer of that name."""
    kind = "_http._tcp.local."
    with Zeroconf(interfaces=[address]) as zeroconf:
        zeroconf.register_service(
            ServiceInfo(kind, f"other.{kind}", 80, server=f"{name}.local.", parsed_addresses=[address])
        )
        print("held", flush=True)  # noqa: T201
        sys.stdin.read()


def ask(name: str, address: str) -> None:
    """One-shot queries (RFC 6762 section 5.1), until one is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        for _ in range(TRIES):
            sock.sendto(dns.message.make_query(f"{name}.local", "A").to_wire(), GROUP)
            try:
                answer = dns.message.from_wire(sock.recv(9000), continue_on_error=True).answer
            except TimeoutError:
                continue
            print(*(str(each) for rrset in answer for each in rrset if each.rdtype == dns.rdatatype.A))  # noqa: T201
            return


if __name__ == "__main__":
    {"hold": hold, "ask": ask}[sys.argv[1]](*sys.argv[2:])
