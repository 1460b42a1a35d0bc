"""Verbs that try the network out: each finding with its cure."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from ..config import DHCP
from .box import Answer, Box, VerbError
from .checks import checked_address
from .host import reachable, without_dhcp
from .times import is_set

CUT = frozenset({"down", "lowerlayerdown", "notpresent"})
"""What Linux says of an interface without a link (RFC 2863), or of one, as a VLAN, that is on such a one."""
LOOPBACK = ("127.", "[::1]")
"""Where a listener is heard by this computer alone."""
TRIES = 3
"""Echo requests of one ping."""
WAIT = 1
"""Seconds for each answer."""


def is_cut_off(box: Box) -> bool:
    """Whether phones are to reach it from elsewhere, and no interface has both a link and an address. Where that cannot
    be looked at, as no file is left for it, it is not said."""
    is_heard = any(not place.partition(":")[2].startswith(LOOPBACK) for place in box.listeners)
    with contextlib.suppress(OSError):
        return is_heard and not any(each["link"] not in CUT and reachable(each) for each in box.system.network())
    return False


async def ping(box: Box, address: str) -> Answer:
    """Asks an address for an echo, three times."""
    address = checked_address(address)
    times = await _echoes(address)
    return {"address": address, "sent": TRIES, "received": len(times), "milliseconds": times}


async def test(box: Box) -> list[Answer]:
    """Tries the network out: link, address, gateway, name servers, clock."""
    return [finding async for finding in _findings(box)]


async def _findings(box: Box) -> AsyncIterator[Answer]:
    interfaces = box.system.network()
    if not interfaces:
        yield _bad("network", "There is no interface: is the adapter plugged in?")
    for each in interfaces:
        yield _interface(each)
    if box.system.read_only and box.settings.net_address != DHCP:
        yield _bad("net.address", box.system.read_only)
    for gateway in dict.fromkeys(each["gateway"] for each in interfaces if each["gateway"]):
        yield await _reached("gateway", gateway, "is it turned on, and is net.gateway right?")
    for server in box.settings.net_dns:
        yield await _reached("name server", server, "is net.dns right?")
    if not is_set(box.clock.wall()):
        yield _bad("clock", "It is not set; nothing but the times of calls and certificates suffers.")
    else:
        yield _good("clock", "It is set.")
    for listener in box.listeners:
        yield _good("listener", f"Phones are heard at {listener}.")


def _interface(interface: Answer) -> Answer:
    name = interface["name"]
    if interface["link"] in CUT:
        return _bad(name, "There is no link: is the cable in, and is the other end turned on?")
    addresses = reachable(interface)
    if not addresses:
        return _bad(name, "It has no address: does a DHCP server answer? Else `set net.address`.")
    if sentence := without_dhcp(interface):
        return _bad(name, sentence)
    return _good(name, f"It has {', '.join(addresses)}.")


async def _reached(what: str, address: str, cure: str) -> Answer:
    try:
        times = await _echoes(address)
    except VerbError as error:
        return _bad(what, str(error))
    if not times:
        return _bad(what, f"{address} does not answer a ping: {cure}")
    return _good(what, f"{address} answers in {min(times):g} ms.")


def _good(what: str, text: str) -> Answer:
    return {"what": what, "good": True, "text": text}


def _bad(what: str, text: str) -> Answer:
    return {"what": what, "good": False, "text": text}


async def _echoes(address: str) -> list[float]:
    """Milliseconds of each echo that came back. Raises VerbError where this computer cannot ask."""
    import asyncio  # A command where no box runs does without it, and starts sooner.

    command = ["ping", "-n", "-c", str(TRIES), "-i", "0.2", "-W", str(WAIT), address]
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        )  # fmt: skip
    except OSError:
        raise VerbError("There is no `ping` on this computer (Debian: iputils-ping).") from None
    try:
        said, complaint = await asyncio.wait_for(process.communicate(), TRIES * (WAIT + 1))
    except TimeoutError:
        return []
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    if process.returncode not in (0, 1):
        reason = complaint.decode(errors="replace").strip().rpartition("\n")[2].removeprefix("ping: ")
        raise VerbError("{address} cannot be asked: {reason}.", address=address, reason=reason or "ping failed")
    return _times(said.decode(errors="replace"))


def _times(said: str) -> list[float]:
    """Of lines such as `64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.043 ms`."""
    return [float(line.partition(" time=")[2].split()[0]) for line in said.splitlines() if " time=" in line]
