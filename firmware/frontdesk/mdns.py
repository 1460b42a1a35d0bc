"""NAME.local, told and defended by multicast DNS where no other program of the machine does it (RFC 6762).

The zeroconf library answers and announces, in a thread of its own: who is chatty there keeps no call waiting. What it
leaves out is done here: the name itself is probed for before it is taken (section 8.1), and where another host has it
the box is NAME-2, NAME-3 and so on (section 9).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # Where there is nobody to tell a name to, the library is not loaded.
    from zeroconf import DNSOutgoing, ServiceInfo

AVAHI = Path("/run/avahi-daemon/pid")
"""There while Avahi runs: it tells the name then."""
PROBES = 3
PROBE_TIME = 0.25
"""Seconds between two probes, and at most before the first one (section 8.1)."""
LONGEST_WAIT = 8.0
"""Seconds before the first probe where names go on being lost: two boxes that start together come apart."""
END_TIME = 3.0
_IN, _ANY, _A, _AAAA = 1, 255, 1, 28

_log = logging.getLogger("frontdesk")


class Claim(NamedTuple):
    """What is told."""

    wanted: str
    """A host name with no domain."""
    scheme: str
    port: int
    addresses: frozenset[str]


class LocalName:
    """Holds a name as long as it is open. `told`: called, in another thread, with the host name that was taken."""

    def __init__(self, told: Callable[[str], None]) -> None:
        from zeroconf import IPVersion, Zeroconf

        self._told = told
        self._claim: Claim | None = None
        self._number = 1
        self._tries = 0
        self._info: ServiceInfo | None = None
        self._conflict = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._zeroconf = Zeroconf(ip_version=IPVersion.V4Only, use_asyncio=False)
        assert self._zeroconf.loop is not None
        self._loop = self._zeroconf.loop
        self._zeroconf.add_listener(_listener(self._heard), None)

    def hold(self, claim: Claim) -> None:
        """Takes it, unless it is held already."""
        self._loop.call_soon_threadsafe(self._begin, claim)

    def close(self) -> None:
        """Lets it go, and says so."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(END_TIME)
        self._zeroconf.close()

    # -- in the library's thread ---------------------------------------------------------------------------------------

    def _begin(self, claim: Claim) -> None:
        if claim == self._claim:
            return
        if self._claim is None or claim.wanted != self._claim.wanted:
            self._number = 1
        self._claim = claim
        self._again()

    def _again(self) -> None:
        before, self._task = self._task, self._loop.create_task(self._take())
        self._task.add_done_callback(_tell_failure)
        if before is not None:
            before.cancel()

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _take(self) -> None:
        """Finds a name that is free, and tells it until somebody else does."""
        claim = self._claim
        assert claim is not None
        await self._zeroconf.async_update_interfaces()
        if self._info is not None:
            self._zeroconf.registry.async_remove(self._info)
        for number in count(self._number):
            host = claim.wanted if number == 1 else f"{claim.wanted}-{number}"
            self._number, self._info = number, (info := service(host, claim))
            if await self._is_free(info):
                break
        await self._zeroconf.async_register_service(info, cooperating_responders=True)  # It was probed for.
        _log.info("this box is %s.local", host)
        self._told(host)
        await self._conflict.wait()
        _log.warning("another host calls itself %s.local", host)
        self._tries += 1
        self._again()

    async def _is_free(self, info: ServiceInfo) -> bool:
        """Probes (section 8.1)."""
        self._conflict.clear()
        await asyncio.sleep(random.uniform(0.0, min(PROBE_TIME * 2**self._tries, LONGEST_WAIT)))
        for _ in range(PROBES):
            self._zeroconf.async_send(probe(info))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._conflict.wait(), PROBE_TIME)
                return False
        return True

    def _heard(self, name: str, address: str) -> None:
        """Another host says that this name has this address."""
        info, claim = self._info, self._claim
        if info and claim and name.lower() == info.server_key and address not in claim.addresses:
            self._conflict.set()


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("the name of the box is told to nobody", exc_info=task.exception())


def service(host: str, claim: Claim) -> ServiceInfo:
    """What is announced: the page, and the addresses of its host."""
    from zeroconf import ServiceInfo

    kind = f"_{claim.scheme}._tcp.local."
    return ServiceInfo(
        kind, f"{host}.{kind}", claim.port, server=f"{host}.local.", parsed_addresses=sorted(claim.addresses)
    )


def probe(info: ServiceInfo) -> DNSOutgoing:
    """Asks who has the name, and says which addresses are about to have it. Addresses are asked for by their types
    too: the library answers no question for ANY."""
    from zeroconf import DNSOutgoing, DNSQuestion

    out = DNSOutgoing(0)
    for kind in (_ANY, _A, _AAAA):
        question = DNSQuestion(str(info.server), kind, _IN)
        question.unicast = True
        out.add_question(question)
    out.authorities.extend(info.dns_addresses())  # type: ignore[arg-type]  # Its method takes nothing but pointers.
    return out


def _listener(heard: Callable[[str, str], None]) -> Any:
    from zeroconf import DNSAddress, RecordUpdate, RecordUpdateListener, Zeroconf

    class Addresses(RecordUpdateListener):
        """Hears which host has which address."""

        def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:
            """All addresses of an answer that are not taken back."""
            for record in (update.new for update in records):
                if isinstance(record, DNSAddress) and record.ttl:
                    heard(record.name, _text(record.address))

    return Addresses()


def _text(address: bytes) -> str:
    from ipaddress import ip_address

    return str(ip_address(address))
