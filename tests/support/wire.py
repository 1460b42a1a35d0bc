"""A wire without sockets: messages in the time of a fake clock. Datagrams may get lost, repeated, reordered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random

from frontdesk.sip.wire import HostPort

from .clock import FakeClock

DELAY = 0.01
"""Seconds that every datagram takes."""
Receive = Callable[[bytes, HostPort], None]


@dataclass(frozen=True)
class Packet:
    """One datagram as it was sent."""

    at: float
    source: HostPort
    destination: HostPort
    data: bytes


@dataclass(frozen=True)
class Weather:
    """What happens to datagrams: shares lost and repeated, and the seconds by which each may be late."""

    seed: int = 0
    loss: float = 0.0
    repeated: float = 0.0
    late: float = 0.0


FINE = Weather()


class Wire:
    """`packets` is all that was sent, delivered or not."""

    def __init__(self, clock: FakeClock, weather: Weather = FINE) -> None:
        self.packets: list[Packet] = []
        self._clock = clock
        self._weather = weather
        self._random = Random(weather.seed)
        self._names: dict[HostPort, str] = {}
        self._transports: dict[HostPort, str] = {}
        self._receivers: dict[HostPort, Receive] = {}
        self._under_way: list[tuple[float, int, Packet]] = []
        self._order = 0
        clock.drive(self._next, self._deliver)

    def attach(self, name: str, address: HostPort, receive: Receive, transport: str = "udp") -> None:
        """What is sent to that address goes to `receive(data, source)`; `name` stands for it in the ladder."""
        self._names[address] = name
        self._transports[address] = transport
        self._receivers[address] = receive

    def transport(self, address: HostPort) -> str:
        """What is spoken there; a connection is known by its far end."""
        return self._transports.get(address, "udp")

    def receiver(self, address: HostPort) -> Receive:
        """Who hears what is sent there."""
        return self._receivers[address]

    def detach(self, address: HostPort) -> None:
        """Nobody hears any more what is sent there; the ladder still knows the name."""
        self._receivers.pop(address, None)

    def post(self, source: HostPort, destination: HostPort, data: bytes) -> None:
        """Sends a message, which may never arrive where one end speaks UDP alone."""
        packet = Packet(self._clock.now, source, destination, data)
        self.packets.append(packet)
        weather = FINE if "tcp" in (self.transport(source), self.transport(destination)) else self._weather
        copies = 0 if self._chance(weather.loss) else 2 if self._chance(weather.repeated) else 1
        for _ in range(copies):
            self._order += 1
            at = packet.at + DELAY + self._random.random() * weather.late
            heappush(self._under_way, (at, self._order, packet))

    def ladder(self) -> list[str]:
        """All that was sent as lines of a message flow: `alice > box: INVITE`, `box > alice: 407 INVITE`."""
        return [f"{self._name(p.source)} > {self._name(p.destination)}: {_title(p.data)}" for p in self.packets]

    def sent(self, line: str) -> list[Packet]:
        """The datagrams that such a line of the ladder stands for."""
        return [packet for packet, written in zip(self.packets, self.ladder(), strict=True) if written == line]

    def last(self, line: str) -> bytes:
        """The last of them."""
        return self.sent(line)[-1].data

    def _name(self, address: HostPort) -> str:
        return self._names.get(address, address[0])

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _next(self) -> float | None:
        return self._under_way[0][0] if self._under_way else None

    def _deliver(self, now: float) -> None:
        packet = heappop(self._under_way)[2]
        receive = self._receivers.get(packet.destination)
        if receive is not None:
            receive(packet.data, packet.source)


def _title(data: bytes) -> str:
    lines = data.decode("utf-8", "surrogateescape").split("\r\n")
    first, second, _ = lines[0].split(" ", 2)
    if first != "SIP/2.0":
        return first
    cseq = next(line for line in lines if line.startswith("CSeq:"))
    return f"{second} {cseq.split()[-1]}"
