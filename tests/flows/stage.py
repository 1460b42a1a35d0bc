"""The stage of the flows: one box, phones, a wire in some weather, and what has to be so when the curtain falls."""

from __future__ import annotations

from frontdesk.model import Settings
from frontdesk.sip.wire import HostPort
from tests.support.box import Box
from tests.support.clock import FakeClock
from tests.support.phone import Phone
from tests.support.wire import FINE, Weather, Wire

ALICE, BOB = ("192.0.2.101", 5060), ("192.0.2.201", 5060)

STORMS = [Weather(seed, loss=0.15, repeated=0.15, late=0.7) for seed in range(12)]
"""The weather of the lossy runs; its seed is in the name of the test that fails."""


class Stage:
    """Alice, Bob and the box that they have accounts on."""

    def __init__(self, weather: Weather = FINE, settings: Settings | None = None) -> None:
        self.clock = FakeClock()
        self.wire = Wire(self.clock, weather)
        self.box = Box(self.clock, self.wire, settings, weather.seed)
        self.alice = self.phone("alice", ALICE)
        self.bob = self.phone("bob", BOB)
        self._mark = 0

    def phone(self, name: str, address: HostPort, seen: HostPort | None = None) -> Phone:
        """One more phone of that account; `seen`: where its router puts it."""
        phone = Phone(name, address, self.clock, self.wire, seen=seen)
        self.box.add_account(name, phone.password)
        return phone

    def registered(self) -> Stage:
        """Both phones have registered, and all is quiet."""
        for phone in (self.alice, self.bob):
            phone.register(expires=86400)
        self.clock.advance(60)
        assert self.alice.results == self.bob.results == [200]
        self._mark = len(self.wire.packets)
        return self

    def ladder(self) -> list[str]:
        """What was sent since `registered`."""
        return self.wire.ladder()[self._mark :]

    def ended(self) -> None:
        """A while later no call is on, and no transaction is left anywhere."""
        self.clock.advance(250)
        assert not [call for phone in (self.alice, self.bob) for call in phone.calls if call.state != "over"]
        assert len(self.box.core.layer) == len(self.box.core.layer.finished) == 0
        assert len(self.alice.layer) == len(self.bob.layer) == 0
        assert len(self.box.core.proxy.calls) == 0
