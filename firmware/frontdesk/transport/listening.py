"""Where the box is heard: a UDP socket for each of its addresses, and the listeners of connections (RFC 3261 18)."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from ..listeners import Listener
from ..sip.errors import TransportError
from ..sip.wire import HostPort, hostport
from .interfaces import WILDCARDS, AddressWatch, source_address, stands_for
from .tcp import Connections
from .udp import Datagram, UdpSocket

_log = logging.getLogger("frontdesk.endpoint")


class Heard(Protocol):
    """Who keeps where that is."""

    def listen(self, host: str, port: int, transport: str, /) -> None: ...

    def listen_only(self, ends: Collection[tuple[str, HostPort]], /) -> None: ...


class Listening:
    """The sockets of all listeners, as the machine has addresses for them."""

    def __init__(
        self,
        heard: Heard,
        connections: Connections,
        arrived: Callable[[list[Datagram]], None],
        unreached: Callable[[bytes], None],
    ) -> None:
        """`arrived` and `unreached`: see `UdpSocket`."""
        self._heard = heard
        self._connections = connections
        self._arrived = arrived
        self._unreached = unreached
        self._loop = asyncio.get_running_loop()
        self._watch: AddressWatch | None = None
        self._bound: dict[Listener, HostPort] = {}
        """What was asked for, and the address with its real port."""
        self.udp: dict[HostPort, UdpSocket] = {}
        self.names: list[str] = []
        """As people read them: udp:0.0.0.0:5060."""

    async def listen(self, listeners: Iterable[Listener]) -> None:
        """Listens there and nowhere else: what is new is bound before anything is let go.

        Raises OSError, whose `filename` names the listener that could not be bound; then nothing has changed.
        """
        before, wanted = dict(self._bound), list(dict.fromkeys(listeners))
        if self._watch is None and any(each.host in WILDCARDS for each in wanted):
            self._watch = AddressWatch(self._loop, self.addresses_changed)
        for listener in wanted:
            if listener in before:
                continue
            try:
                self._bound[listener] = await self._bind(listener)
            except OSError as error:
                error.filename = f"{listener.transport}:{hostport((listener.host, listener.port))}"
                self._bound = before
                self._let_go()
                raise
        self._bound = {listener: self._bound[listener] for listener in wanted}
        self._let_go()
        self.names[:] = [f"{each.transport}:{hostport(address)}" for each, address in self._bound.items()]

    def _let_go(self) -> None:
        """Closes what no listener stands for, or whose address is the machine's no more. Open connections stay so."""
        ends = {
            (each.transport, (host, at[1]))  # a wildcard is heard on each of the machine's addresses
            for each, at in self._bound.items()
            for host in stands_for(each.host) or [at[0]]
        }
        for address in self.udp.keys() - {address for transport, address in ends if transport == "udp"}:
            self.udp.pop(address).close(self._loop)
        self._connections.stop_all_but({(each.transport, at) for each, at in self._bound.items()})
        self._heard.listen_only(ends)

    async def _bind(self, listener: Listener) -> HostPort:
        address: HostPort = (listener.host, listener.port)
        if listener.transport != "udp":
            address = await self._connections.listen(listener.transport, address)
        if listener.host in WILDCARDS:
            self._listen_everywhere(listener, address[1])
            return address
        return self._listen_on(listener.transport, address)

    def _listen_everywhere(self, listener: Listener, port: int) -> None:
        """On each of the machine's addresses; the watch comes back to one that is not ready (RFC 4862: tentative)."""
        for host in stands_for(listener.host):
            try:
                self._listen_on(listener.transport, (host, port))
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL and listener not in self._bound:
                    raise  # whoever asks for the listener is told
                _log.warning("cannot listen on %s:%s: %s", listener.transport, host, error.strerror)

    def _listen_on(self, transport: str, address: HostPort) -> HostPort:
        if transport == "udp" and address not in self.udp:
            udp = UdpSocket(address, self._arrived, self._unreached)
            udp.start(self._loop)
            address = udp.address
            self.udp[address] = udp
        self._heard.listen(*address, transport)
        return address

    def addresses_changed(self) -> None:
        """The machine has other addresses: from the new ones it rings phones that have registered at the old ones."""
        for listener, bound in self._bound.items():
            self._listen_everywhere(listener, bound[1])
        self._let_go()
        self._connections.abort_cut_off()

    def towards(self, remote: HostPort) -> UdpSocket:
        """The socket with the address that the system would send from (RFC 3261 section 18.1.1)."""
        same_family = [udp for udp in self.udp.values() if (":" in udp.address[0]) == (":" in remote[0])]
        if len(same_family) > 1:
            source = source_address(remote)
            same_family.sort(key=lambda udp: udp.address[0] != source)
        if not same_family:
            raise TransportError(f"no UDP listener reaches {remote[0]}")
        return same_family[0]

    def close(self) -> None:
        """Hears no datagrams any more, nor of addresses."""
        if self._watch is not None:
            self._watch.close()
        for udp in self.udp.values():
            udp.close(self._loop)
