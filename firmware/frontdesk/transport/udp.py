"""SIP over UDP: one socket for each local address, so that Via and Record-Route can name it (RFC 3261 section 18).

STUN comes over the same sockets: a phone asks whether its flow is still there, and as whom it is seen (RFC 5626 section
8). Such a question is answered here, and goes no further.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
from collections.abc import Callable
from typing import Any

from ..sip import stun
from ..sip.errors import TransportError
from ..sip.wire import Flow, HostPort

READ = 512
"""Datagrams read before others get their turn: some milliseconds, and more than the 200 that a buffer of 208 KiB holds,
which is all that Linux gives to those who are not root."""
ANSWERED = 32
"""Questions by STUN that are answered of those: a phone asks again, and a flood of them takes no time from messages."""
RECEIVE_BUFFER = 4 << 20
"""Bytes asked of the kernel: what may wait while others have their turn."""
KNOWN_FLOWS = 16_384
"""Flows remembered, so that a datagram from a known place costs no new one."""

RECVERR = {socket.AF_INET: (socket.IPPROTO_IP, 11), socket.AF_INET6: (socket.IPPROTO_IPV6, 25)}
"""IP_RECVERR and IPV6_RECVERR of linux/in.h and linux/in6.h: what ICMP says of a datagram comes back (ip(7))."""
UNREACHABLE = (2, 3), (3, 1)
"""SO_EE_ORIGIN_ICMP and _ICMP6 of linux/errqueue.h, and Destination Unreachable of each (RFC 792, RFC 4443)."""
QUOTED = 1500
"""Bytes of the datagram that an ICMP message gives back at most; most hosts give some 500, some none."""
TRIES = 4
"""For a datagram that meets errors of others: even under a flood of forged ICMP one of them goes."""
NOTES = 256
"""Bytes for the struct sock_extended_err beside them, and whose word it is."""

Datagram = tuple[bytes, Flow]


class UdpSocket:
    """Reads all that is there: a callback of the loop for each datagram costs four times as much, and what stays in
    the kernel's buffer is lost unseen when that is full."""

    def __init__(
        self, address: HostPort, arrived: Callable[[list[Datagram]], None], unreached: Callable[[bytes], None]
    ) -> None:
        """Binds; raises OSError. `arrived` is called with what was read, `unreached` with the first bytes of a datagram
        that can't arrive."""
        self._arrived = arrived
        self._unreached = unreached
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
            self._send_again(data, remote, error)

    def _send_again(self, data: bytes, remote: HostPort, failure: OSError) -> None:
        """The error is perhaps an earlier datagram's, and told only now: then this one has not gone."""
        for _ in range(TRIES - 1):
            try:
                self._socket.sendto(data, remote)
                return
            except BlockingIOError:
                return
            except OSError as error:
                failure = error
        if not isinstance(failure, ConnectionRefusedError):  # which is never this one's: lost on the way
            raise TransportError(f"UDP to {remote[0]}:{remote[1]}: {failure.strerror}") from failure

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stops reading and frees the port."""
        loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _drain(self) -> None:
        receive = self._socket.recvfrom
        known = self._flows.get
        datagrams: list[Datagram] = []
        questions: list[tuple[bytes, HostPort]] = []
        try:
            for _ in range(READ):
                data, remote = receive(65_535)
                if data < stun.BEFORE_TEXT:
                    questions.append((data, remote[:2]))
                else:
                    datagrams.append((data, known(remote) or self._flow(remote)))
        except BlockingIOError:  # all is read
            pass
        except OSError:
            self._hear_of_unreached()
        if datagrams:
            self._arrived(datagrams)
        else:  # woken up for an error that a `send` has met already
            self._hear_of_unreached()
        for question in questions[:ANSWERED]:
            self._answer_stun(*question)

    def _answer_stun(self, data: bytes, remote: HostPort) -> None:
        answer = stun.binding_response(data, *remote)
        if answer is not None:
            with contextlib.suppress(TransportError):
                self.send(answer, remote)

    def _hear_of_unreached(self) -> None:
        """What ICMP says is kept apart from datagrams, and wakes the loop up until it is read."""
        for _ in range(READ):
            try:
                quoted, notes, _, _ = self._socket.recvmsg(QUOTED, NOTES, socket.MSG_ERRQUEUE)
            except OSError:  # BlockingIOError: all is read
                return
            if any(is_unreachable(note) for _, _, note in notes):
                self._unreached(quoted)

    def _flow(self, remote: Any) -> Flow:
        if len(self._flows) >= KNOWN_FLOWS:
            self._flows.clear()
        flow = self._flows[remote] = Flow("udp", self.address, remote[:2])  # IPv6 has two more
        return flow


def is_unreachable(note: bytes) -> bool:
    """Whether a struct sock_extended_err tells of a host, network, port or protocol that can't be reached."""
    error, origin, kind = struct.unpack_from("=IBB", note)
    return (origin, kind) in UNREACHABLE and error != errno.EMSGSIZE  # which is on its way, in smaller pieces


def _bind(address: HostPort) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        udp.setsockopt(*RECVERR[family], 1)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        udp.setblocking(False)
        udp.bind(address)
    except OSError:
        udp.close()
        raise
    return udp
