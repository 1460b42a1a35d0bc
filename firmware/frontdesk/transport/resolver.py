"""A destination to addresses to try, in order (RFC 3263 sections 4.1 and 4.2; NAPTR is left out: a box's peers have
SRV or none)."""

from __future__ import annotations

import ipaddress

from ..sip.errors import TransportError
from ..sip.response_target import DEFAULT_PORTS
from ..sip.wire import Destination, HostPort

PATIENCE = 5.0
"""Seconds for one name to be resolved."""


def numeric(destination: Destination) -> tuple[str, HostPort] | None:
    """(transport, address) where the host is an address; no transport means UDP (section 4.1)."""
    try:
        ipaddress.ip_address(destination.host)
    except ValueError:
        return None
    transport = destination.transport or "udp"
    return transport, (destination.host, destination.port or DEFAULT_PORTS[transport])


async def resolve(destination: Destination) -> list[tuple[str, HostPort]]:
    """All (transport, address) to try. Raises TransportError where the name leads nowhere."""
    known = numeric(destination)
    if known is not None:
        return [known]
    if destination.host.lower().rstrip(".") == "localhost":
        return await resolve(destination._replace(host="127.0.0.1"))
    found = [] if destination.port is not None else await _services(destination)
    if not found:
        transport = destination.transport or "udp"
        port = destination.port or DEFAULT_PORTS[transport]
        found = [(transport, (address, port)) for address in await _addresses(destination.host)]
    if not found:
        raise TransportError(f"{destination.host} has no address")
    return found


async def _services(destination: Destination) -> list[tuple[str, HostPort]]:
    from dns.rdtypes.IN.SRV import SRV

    found: list[tuple[str, HostPort]] = []
    for transport in [destination.transport] if destination.transport else ["udp", "tcp"]:
        records = [each for each in await _ask(f"_sip._{transport}.{destination.host}", "SRV") if isinstance(each, SRV)]
        for record in sorted(records, key=lambda each: (each.priority, -each.weight)):
            target = record.target.to_text(omit_final_dot=True)
            found += [(transport, (address, record.port)) for address in await _addresses(target)]
    return found


async def _addresses(host: str) -> list[str]:
    return [str(record) for kind in ("A", "AAAA") for record in await _ask(host, kind)]


async def _ask(name: str, kind: str) -> list[object]:
    import dns.asyncresolver  # imported where a name is met: most boxes never meet one
    import dns.exception

    try:
        return list(await dns.asyncresolver.resolve(name, kind, lifetime=PATIENCE))
    except (dns.exception.DNSException, OSError):
        return []
