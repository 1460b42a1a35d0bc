"""A UDP socket of the box on the loopback: what ICMP gives back is heard, and harms nothing that goes or comes."""

from __future__ import annotations

import asyncio
import errno
import select
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from frontdesk.sip.errors import TransportError
from frontdesk.sip.stun import binding_response
from frontdesk.sip.wire import HostPort
from frontdesk.transport.udp import ANSWERED, TRIES, Datagram, UdpSocket, is_unreachable
from tests.support.served import run

HOSTS = pytest.mark.parametrize("host", ["127.0.0.1", "::1"])


def bare_socket(host: str) -> socket.socket:
    bare = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    bare.setblocking(False)
    bare.bind((host, 0))
    return bare


def closed_port(host: str) -> HostPort:
    with bare_socket(host) as bare:
        address: HostPort = bare.getsockname()[:2]
    return address


class Place:
    """A socket of the box, a phone, and what the box hears."""

    def __init__(self, host: str) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue()
        self.unreached: asyncio.Queue[bytes] = asyncio.Queue()
        self.nobody = closed_port(host)
        self.udp = UdpSocket((host, 0), self._arrived, self.unreached.put_nowait)
        self.phone = bare_socket(host)
        self.phone.connect(self.udp.address)

    def _arrived(self, datagrams: list[Datagram]) -> None:
        for data, _ in datagrams:
            self.came.put_nowait(data)

    async def heard_by_phone(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.phone, 65_535)

    def is_quiet(self) -> bool:
        """Whether nothing wakes the loop up."""
        poll = select.poll()
        poll.register(self.udp._socket.fileno(), select.POLLIN)
        return not poll.poll(0)


@asynccontextmanager
async def place_at(host: str) -> AsyncIterator[Place]:
    place = Place(host)
    loop = asyncio.get_running_loop()
    place.udp.start(loop)
    try:
        yield place
    finally:
        place.udp.close(loop)
        place.phone.close()


@HOSTS
def test_what_nobody_listens_for_is_given_back(host: str) -> None:
    async def case() -> None:
        async with place_at(host) as place:
            place.udp.send(b"INVITE" * 1000, place.nobody)
            given_back = await place.unreached.get()
            assert len(given_back) > 400 and (b"INVITE" * 1000).startswith(given_back)
            assert place.is_quiet() and place.unreached.empty()

    run(case)


@HOSTS
def test_a_datagram_goes_though_one_before_it_could_not_arrive(host: str) -> None:
    async def case() -> None:
        async with place_at(host) as place:
            place.udp.send(b"lost", place.nobody)
            place.udp.send(b"goes", place.phone.getsockname()[:2])
            assert await place.heard_by_phone() == b"goes"
            assert await place.unreached.get() == b"lost"
            assert place.is_quiet(), "the error that the second send has met would wake the loop up for ever"

    run(case)


@HOSTS
def test_a_phone_that_asks_by_stun_is_answered_and_what_comes_with_it_goes_on(host: str) -> None:
    """RFC 5626 section 8."""

    async def case() -> None:
        async with place_at(host) as place:
            question = b"\0\1\0\0\x21\x12\xa4\x42abcdefghijkl"
            for data in (b"before", question, b"\0\0\0\0", b"after"):
                place.phone.send(data)
            answer = await place.heard_by_phone()
            assert answer == binding_response(question, *place.phone.getsockname()[:2])
            assert [await place.came.get(), await place.came.get()] == [b"before", b"after"]
            assert place.came.empty()

    run(case)


def test_a_flood_of_stun_is_read_and_not_answered() -> None:
    async def case() -> None:
        async with place_at("127.0.0.1") as place:
            for _ in range(ANSWERED + 10):
                place.phone.send(b"\0\1\0\0\x21\x12\xa4\x42abcdefghijkl")
            place.phone.send(b"after")
            assert await place.came.get() == b"after"
            for _ in range(ANSWERED):
                await place.heard_by_phone()
            with pytest.raises(BlockingIOError):
                place.phone.recv(100)

    run(case)


class _Struck:
    """A socket that meets the error of some earlier datagram each time that it is to send."""

    def __init__(self, error: int, times: int) -> None:
        self._errors = [error] * times
        self.sent: list[bytes] = []

    def sendto(self, data: bytes, remote: HostPort) -> None:
        if self._errors:
            raise OSError(self._errors.pop(), "told only now")
        self.sent.append(data)


@pytest.mark.parametrize(
    ("error", "times", "fails"),
    [
        (errno.EHOSTUNREACH, TRIES - 1, False),
        (errno.EHOSTUNREACH, TRIES, True),
        (errno.ENETUNREACH, TRIES, True),
        (errno.ECONNREFUSED, 100, False),
    ],
)
def test_a_flood_of_errors_of_others_fails_no_datagram(error: int, times: int, fails: bool) -> None:
    """That nobody listens is never the word on the datagram that is being sent: it counts as lost, and is repeated."""
    udp = UdpSocket.__new__(UdpSocket)
    struck = _Struck(error, times)
    udp._socket = struck  # type: ignore[assignment]
    if fails:
        with pytest.raises(TransportError):
            udp.send(b"INVITE", ("192.0.2.1", 5060))
    else:
        udp.send(b"INVITE", ("192.0.2.1", 5060))
    assert struck.sent == ([b"INVITE"] if times < TRIES else [])


@HOSTS
@pytest.mark.parametrize("sent_between", [False, True])
def test_what_comes_at_the_same_time_is_read(host: str, sent_between: bool) -> None:
    async def case() -> None:
        async with place_at(host) as place:
            place.udp.send(b"lost", place.nobody)
            if sent_between:
                place.udp.send(b"goes", place.phone.getsockname()[:2])
            place.phone.send(b"hello")
            assert await place.came.get() == b"hello"
            assert await place.unreached.get() == b"lost"
            assert place.is_quiet()

    run(case)


@pytest.mark.parametrize(
    ("error", "origin", "kind", "unreachable"),
    [
        (errno.ECONNREFUSED, 2, 3, True),
        (errno.EHOSTUNREACH, 2, 3, True),
        (errno.ECONNREFUSED, 3, 1, True),
        (errno.EHOSTUNREACH, 2, 11, False),
        (errno.EHOSTUNREACH, 3, 3, False),
        (errno.EMSGSIZE, 2, 3, False),
        (errno.EMSGSIZE, 1, 0, False),
    ],
    ids=["port", "host", "port, IPv6", "time exceeded", "time exceeded, IPv6", "too large", "too large, own word"],
)
def test_what_is_slow_or_too_large_is_not_unreachable(error: int, origin: int, kind: int, unreachable: bool) -> None:
    """RFC 3261 section 18.4."""
    assert is_unreachable(struct.pack("=IBBBBII", error, origin, kind, 0, 0, 0, 0)) == unreachable
