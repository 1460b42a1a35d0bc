"""Messages to names and over connections: each goes out once, and not for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from frontdesk.sip.errors import TransportError
from frontdesk.sip.wire import Destination, Flow, HostPort, Send, Target
from frontdesk.transport import deliveries
from frontdesk.transport.deliveries import Deliveries

BOX = ("192.0.2.1", 5060)
NAME = Destination("pbx.test", 5060, None)
BY_TCP = NAME._replace(transport="tcp")
ONE, TWO = ("192.0.2.20", 5060), ("192.0.2.21", 5060)
INVITE = Send(b"INVITE", NAME, "key")


class Wires:
    """Ways that note what goes over them. `open` has the connections, by number; "dead" ones take nothing."""

    def __init__(self, transport: str = "udp") -> None:
        self.transport = transport
        self.wanted = {"key"}
        self.sent: list[tuple[bytes, HostPort, int]] = []
        self.told: list[Target] = []
        self.others: Sequence[Destination] = ()
        self.lost: list[str] = []
        self.refusing: set[HostPort] = set()
        self.connection = 0
        self.places: list[Destination] = []
        self.names: asyncio.Event = asyncio.Event()
        self.deliveries = Deliveries(self)

    async def resolve(self, destination: Destination) -> list[tuple[str, HostPort]]:
        await self.names.wait()
        return [(self.transport, ONE), (self.transport, TWO)]

    async def way_to(self, place: Destination) -> tuple[Flow, bool]:
        address, transport = (place.host, place.port or 0), place.transport or ""
        self.places.append(place)
        if address in self.refusing:
            raise TransportError("refused")
        reused = self.connection > 0
        self.connection = self.connection or 1
        return Flow(transport, BOX, address, self.connection if transport == "tcp" else 0), reused

    def send_over(self, data: bytes, flow: Flow) -> None:
        self.sent.append((data, flow.remote, flow.connection))

    def is_wanted(self, key: str) -> bool:
        return not key or key in self.wanted

    def sent_over(self, key: str, target: Target, others: Sequence[Destination] = ()) -> None:
        self.told.append(target)
        self.others = others

    def failed(self, key: str) -> None:
        self.lost.append(key)

    async def settle(self) -> None:
        """Until nothing is under way."""
        self.names.set()
        while tasks := list(self.deliveries._tasks.values()):
            await asyncio.wait(tasks)


def run(case: Callable[[Wires], Awaitable[None]], monkeypatch: pytest.MonkeyPatch, transport: str = "udp") -> None:
    async def with_wires() -> None:
        wires = Wires(transport)
        monkeypatch.setattr(deliveries, "resolve", wires.resolve)
        await case(wires)

    asyncio.run(with_wires())


def test_copies_of_what_waits_for_a_name_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def case(wires: Wires) -> None:
        for _ in range(5):
            wires.deliveries.deliver(INVITE, NAME)
        await wires.settle()
        assert wires.sent == [(b"INVITE", ONE, 0)] and wires.lost == []
        assert wires.others == [Destination(*TWO, "udp", "pbx.test")]

    run(case, monkeypatch)


@pytest.mark.parametrize(
    "place", [NAME._replace(transport="tls"), Destination("192.0.2.20", 5060, "tls", "pbx.test")]
)
def test_whose_certificate_is_asked_for_stays_with_each_address(
    monkeypatch: pytest.MonkeyPatch, place: Destination
) -> None:
    """RFC 5922 section 7.3: it is of the name that was called, not of what that leads to."""

    async def case(wires: Wires) -> None:
        wires.refusing.add(ONE)
        wires.deliveries.deliver(INVITE, place)
        await wires.settle()
        assert wires.places == [Destination(*each, "tls", "pbx.test") for each in (ONE, TWO)]

    run(case, monkeypatch, "tls")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_what_was_given_up_meanwhile_does_not_go_out(monkeypatch: pytest.MonkeyPatch, transport: str) -> None:
    async def case(wires: Wires) -> None:
        wires.deliveries.deliver(INVITE, NAME)
        await asyncio.sleep(0)
        wires.wanted.clear()
        await wires.settle()
        assert wires.sent == [] and wires.lost == ["key"]

    run(case, monkeypatch, transport)


def test_an_address_that_refuses_leads_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async def case(wires: Wires) -> None:
        wires.refusing = {ONE}
        wires.deliveries.deliver(INVITE, BY_TCP)
        await wires.settle()
        assert wires.sent == [(b"INVITE", TWO, 1)] and wires.others == []
        wires.refusing = {ONE, TWO}
        wires.deliveries.deliver(INVITE, BY_TCP)
        await wires.settle()
        assert wires.lost == ["key"]

    run(case, monkeypatch, "tcp")


@pytest.mark.parametrize("answered", [False, True])
def test_what_went_over_a_connection_that_was_dead_goes_over_another(
    monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    async def case(wires: Wires) -> None:
        wires.connection = 7
        wires.deliveries.deliver(INVITE, BY_TCP)
        await wires.settle()
        if answered:
            wires.wanted.clear()
        wires.connection = 0  # it is closed: the next is a new one
        wires.deliveries.closed(Flow("tcp", BOX, ONE, 7))
        await wires.settle()
        assert wires.sent == [(b"INVITE", ONE, 7), *([] if answered else [(b"INVITE", ONE, 1)])]
        assert (BY_TCP in wires.told) is not answered
        wires.deliveries.closed(Flow("tcp", BOX, ONE, 1))
        await wires.settle()
        assert len(wires.sent) == (1 if answered else 2), "a new connection that fails is no old one"

    run(case, monkeypatch, "tcp")


def test_whatever_goes_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def case(wires: Wires) -> None:
        async def broken(destination: Destination) -> list[tuple[str, HostPort]]:
            raise RuntimeError("of the resolver")

        monkeypatch.setattr(deliveries, "resolve", broken)
        wires.deliveries.deliver(INVITE, NAME)
        await wires.settle()
        assert wires.lost == ["key"]

    run(case, monkeypatch)


@pytest.mark.parametrize("found", [("tcp", ONE), ("udp", ("2001:db8::20", 5060))], ids=["TCP", "IPv6"])
def test_what_was_not_written_for_where_its_name_leads_is_asked_for_anew(
    monkeypatch: pytest.MonkeyPatch, found: tuple[str, HostPort]
) -> None:
    """Its Via and Record-Route say UDP and IPv4: no answer would come back by them (RFC 3261 section 18.1.1)."""

    async def case(wires: Wires) -> None:
        async def resolve(destination: Destination) -> list[tuple[str, HostPort]]:
            return [found, ("udp", TWO)]

        monkeypatch.setattr(deliveries, "resolve", resolve)
        wires.deliveries.deliver(INVITE, NAME)
        await wires.settle()
        transport, address = found
        places = [Destination(*address, transport, "pbx.test"), Destination(*TWO, "udp", "pbx.test")]
        assert (wires.sent, wires.told, wires.others, wires.lost) == ([], [NAME], places, ["key"])
        monkeypatch.setattr(deliveries, "resolve", lambda place: asyncio.sleep(0, [(place.transport, place[:2])]))
        wires.deliveries.deliver(INVITE, places[0])
        await wires.settle()
        assert wires.sent == [(b"INVITE", address, int(transport == "tcp"))]

    run(case, monkeypatch)


def test_an_ack_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def case(wires: Wires) -> None:
        wires.connection = 7
        wires.deliveries.deliver(Send(b"ACK", NAME, ""), NAME)
        await wires.settle()
        assert wires.sent == [(b"ACK", ONE, 7)] and not wires.deliveries._reused

    run(case, monkeypatch, "tcp")


def test_what_was_answered_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def case(wires: Wires) -> None:
        wires.connection = 7
        for number in range(3):
            wires.wanted = {f"call {number}"}
            wires.deliveries.deliver(Send(b"INVITE", BY_TCP, f"call {number}"), BY_TCP)
            await wires.settle()
        [kept] = wires.deliveries._reused[7]
        assert kept[0].key == "call 2"

    run(case, monkeypatch, "tcp")
