"""Messages whose way takes a while: a name is looked up, a connection is opened (RFC 3263 section 4)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from ..sip.errors import TransportError
from ..sip.wire import Destination, Flow, Send, Target
from .resolver import resolve

UNSENT = 1000
"""Messages that may wait for names and connections at once."""

_log = logging.getLogger("frontdesk.endpoint")


class Ways(Protocol):
    """Sockets and connections, and the transactions whose messages they take."""

    async def way_to(self, place: Destination) -> tuple[Flow, bool]:
        """The flow there, and whether it is a connection that was open already. Raises TransportError."""

    def send_over(self, data: bytes, flow: Flow) -> None:
        """Raises TransportError."""

    def is_wanted(self, key: str) -> bool:
        """Whether what is sent with that key is still to go out."""

    def sent_over(self, key: str, target: Target, others: Sequence[Destination] = ()) -> None:
        """It has gone there, and there are others; or it is on the way there once more."""

    def failed(self, key: str) -> None:
        """It has not gone out."""


class Deliveries:
    """All that are under way."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self._tasks: dict[tuple[str, bytes], asyncio.Task[None]] = {}
        self._reused: dict[int, list[tuple[Send, Destination]]] = {}
        """Connection -> requests that went over it when it was open already, and were not answered yet. An ACK has no
        key and is none."""

    def deliver(self, send: Send, destination: Destination) -> None:
        """Sends it once its way is known; a copy of what is still under way is none too many."""
        name = (send.key, send.data)
        if name in self._tasks:
            return
        if len(self._tasks) >= UNSENT:
            self._ways.failed(send.key)
            return
        task = self._tasks[name] = asyncio.get_running_loop().create_task(self._deliver(send, destination))
        task.add_done_callback(lambda _: self._tasks.pop(name, None))

    def closed(self, flow: Flow) -> None:
        """A connection is gone. One that was open already may have been dead for long, as after a power cut at its
        other end: what went over it and was not answered goes over another one before it fails."""
        for send, destination in self._reused.pop(flow.connection, ()):
            if self._ways.is_wanted(send.key):
                self._ways.sent_over(send.key, destination)
                self.deliver(send, destination)

    def close(self) -> None:
        """Forgets what was still to be sent."""
        self._reused.clear()
        for task in self._tasks.values():
            task.cancel()

    async def _deliver(self, send: Send, destination: Destination) -> None:
        """To the first of its addresses that takes it (section 4.3)."""
        try:
            name = destination.name or destination.host
            found = [Destination(*address, transport, name) for transport, address in await resolve(destination)]
            for number, place in enumerate(found, 1):
                if not self._ways.is_wanted(send.key):
                    break  # answered or given up meanwhile: it would ring a phone for nobody
                if send.key and not _is_written_for(destination, place):
                    self._ways.sent_over(send.key, destination, found[number - 1 :])
                    break
                if await self._deliver_to(send, destination, place, found[number:]):
                    return
        except TransportError as error:
            _log.info("%s", error)
        except Exception:  # whatever it is, whoever waits for it is told
            _log.exception("a message could not be delivered")
        self._ways.failed(send.key)

    async def _deliver_to(
        self, send: Send, destination: Destination, place: Destination, others: Sequence[Destination]
    ) -> bool:
        try:
            flow, reused = await self._ways.way_to(place)
            if not self._ways.is_wanted(send.key):
                return False
            self._ways.send_over(send.data, flow)
            self._ways.sent_over(send.key, flow, others)
        except TransportError as error:
            _log.info("%s", error)
            return False
        if reused and send.key:
            waiting = self._reused.get(flow.connection, [])
            still = [each for each in waiting if self._ways.is_wanted(each[0].key)]
            self._reused[flow.connection] = [*still, (send, destination)]
        return True


def _is_written_for(destination: Destination, place: Destination) -> bool:
    """Whether its Via and Record-Route lead back from there (RFC 3261 section 18.1.1): until a name is looked up they
    say UDP, unless it names its transport, and IPv4. Where they do not, its sender asks each place anew."""
    is_so_far = place.transport == (destination.transport or "udp") and ":" not in place.host
    return is_so_far or place.host == destination.host
