"""SIP over UDP: one socket for each local address, so that Via and Record-Route can name it (RFC 3261 section 18)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from ..sip.errors import TransportError
from ..sip.wire import Flow, HostPort

READ = 512
"""Datagrams read before others get their turn: some milliseconds, and more than the 200 that a buffer of 208 KiB holds,
which is all that Linux gives to those who are not root."""
RECEIVE_BUFFER = 4 << 20
"""Bytes asked of the kernel: what may wait while others have their turn."""
KNOWN_FLOWS = 16_384
"""Flows remembered, so that a datagram from a known place costs no new one."""

Datagram = tuple[bytes, Flow]


class UdpSocket:
    """Reads all that is there: a callback of the loop for each datagram costs four times as much, and what stays in
    the kernel's buffer is lost unseen when that is full."""

    def __init__(self, address: HostPort, arrived: Callable[[list[Datagram]], None]) -> None:
        """Binds; raises OSError. `arrived` is called with what was read."""
        self._arrived = arrived
        self._flows: dict[Any, Flow] = {}
        """By the remote address as the socket tells it."""
        self._socket = _bind(address)
        self.address: HostPort = self._socket.getsockname()[:2]

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins to read."""
        loop.add_reader(self._socket.fileno(), self._drain)

    def send(self, data: bytes, remote: HostPort) -> None:
        """Sends one datagram. Raises TransportError; a full socket buffer counts as a loss on the way."""
        try:
            self._socket.sendto(data, remote)
        except BlockingIOError:
            return
        except OSError as error:
            raise TransportError(f"UDP to {remote[0]}:{remote[1]}: {error.strerror}") from error

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stops reading and frees the port."""
        loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _drain(self) -> None:
        receive = self._socket.recvfrom
        known = self._flows.get
        datagrams: list[Datagram] = []
        try:
            while len(datagrams) < READ:
                data, remote = receive(65_535)
                datagrams.append((data, known(remote) or self._flow(remote)))
        except OSError:  # BlockingIOError: all is read; others tell of a datagram sent before
            pass
        self._arrived(datagrams)

    def _flow(self, remote: Any) -> Flow:
        if len(self._flows) >= KNOWN_FLOWS:
            self._flows.clear()
        flow = self._flows[remote] = Flow("udp", self.address, remote[:2])  # IPv6 has two more
        return flow


def _bind(address: HostPort) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        udp.setblocking(False)
        udp.bind(address)
    except OSError:
        udp.close()
        raise
    return udp
