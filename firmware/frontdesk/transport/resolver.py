"""A destination to addresses to try, in order (RFC 3263 sections 4.1 and 4.2)."""

from __future__ import annotations

import asyncio
import ipaddress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ..sip.errors import TransportError
from ..sip.response_target import DEFAULT_PORTS
from ..sip.wire import Destination, HostPort

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

SERVERS = Path("/etc/resolv.conf")
PATIENCE = 5.0
"""Seconds for one name to be resolved."""
LATE = 1.0
"""Seconds that other records of a name have once its address is known."""
SERVICES = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}
"""What SRV records are asked for, by transport (section 4.1)."""
OFFERED = {b"sip+d2u": "udp", b"sip+d2t": "tcp"}
"""Transports by the services of NAPTR records. That of TLS is for SIPS, which names its transport itself."""
CACHED = 128
"""Answers that are kept for as long as they say."""


class Record(Protocol):
    """A record of SRV (RFC 2782)."""

    target: Any
    port: int


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
    services, addresses = await _look_up(destination)
    found = [place for places in await asyncio.gather(*(_servers(*each) for each in services)) for place in places]
    if not found:
        transport = destination.transport or "udp"
        port = destination.port or DEFAULT_PORTS[transport]
        found = [(transport, (address, port)) for address in addresses]
    if not found:
        raise TransportError(f"{destination.host} has no address")
    return found


async def _look_up(destination: Destination) -> tuple[list[tuple[str, Record]], list[str]]:
    """The SRV records, each with its transport, and the addresses of the name itself."""
    host = destination.host
    transports = [destination.transport] if destination.transport else ["udp", "tcp"]
    if destination.port is not None:
        transports = []
    asked = [(f"{SERVICES[each]}.{host}", "SRV") for each in transports]
    chosen = [(host, "NAPTR")] if transports and destination.transport is None else []
    *services, four, six = await _ask([*chosen, *asked, (host, "A"), (host, "AAAA")])
    preferred = await _preferred(services.pop(0)) if chosen else []
    found = [(transport, record) for transport, records in zip(transports, services, strict=True) for record in records]
    return preferred or found, [str(record) for record in (*four, *six)]


async def _preferred(records: list[Any]) -> list[tuple[str, Record]]:
    """The SRV records that NAPTR records lead to, each with its transport, the domain's favourite first (section 4.1).
    Where these have no answer, those of the usual names do."""
    ways = [each for each in records if each.flags.lower() == b"s" and each.service.lower() in OFFERED]
    ways.sort(key=lambda each: (each.order, each.preference))
    answers = await asyncio.gather(*(_answer(each.replacement.to_text(omit_final_dot=True), "SRV") for each in ways))
    found = zip(ways, answers, strict=True)
    return [(OFFERED[way.service.lower()], record) for way, answer in found for record in _sorted(answer)]


async def _servers(transport: str, record: Record) -> list[tuple[str, HostPort]]:
    target = record.target.to_text(omit_final_dot=True)
    four, six = await _ask([(target, "A"), (target, "AAAA")])
    return [(transport, (str(address), record.port)) for address in (*four, *six)]


async def _ask(questions: list[tuple[str, str]]) -> list[list[Any]]:
    """The answers, all asked for at once. The last but one is for A: where that is known, a router that leaves the
    others unanswered, as cheap ones do with SRV and AAAA, holds a call up for no longer than LATE."""
    tasks = [asyncio.ensure_future(_answer(*question)) for question in questions]
    try:
        if await tasks[-2]:
            await asyncio.wait(tasks, timeout=LATE)
        else:
            await asyncio.wait(tasks)
        return [_sorted(task.result()) if task.done() else [] for task in tasks]
    finally:
        for task in tasks:
            task.cancel()


def _sorted(records: list[Any]) -> list[Any]:
    """SRV records by their priority, then by weight (RFC 2782); in the same order each time, whatever order they came
    in: what is said in a call goes to the server that its INVITE went to (RFC 3263 section 4.4)."""
    return sorted(records, key=lambda each: (getattr(each, "priority", 0), -getattr(each, "weight", 0), str(each)))


async def _answer(name: str, kind: str) -> list[Any]:
    import dns.exception  # imported where a name is met: most boxes never meet one

    try:
        return list(await _name_servers(SERVERS, _changed()).resolve(name, kind, lifetime=PATIENCE))
    except (dns.exception.DNSException, OSError, ValueError):  # the last for a file that makes no sense
        return []


def _changed() -> int:
    return SERVERS.stat().st_mtime_ns


@lru_cache(1)
def _name_servers(file: Path, changed: int) -> Resolver:
    """Those of resolv.conf as it is now: with another network come others."""
    import dns.asyncresolver
    import dns.resolver

    resolver = dns.asyncresolver.Resolver(str(file))
    resolver.cache = dns.resolver.LRUCache(CACHED)
    return resolver
