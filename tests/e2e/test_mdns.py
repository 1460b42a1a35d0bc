"""NAME.local on a network of the test's own: found by a resolver, never taken from another host, told everywhere."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.box import Box
from tests.e2e.namespace import Namespace, cable

HERE, THERE = "10.81.0.1", "10.81.0.9"
NEIGHBOUR = "tests.e2e.mdns_neighbour"
PATIENCE = 5.0
ROOT = Path(__file__).parents[2]


class Office:
    """The box, and another host on the same cable."""

    def __init__(self, data: Path, places: contextlib.ExitStack) -> None:
        self.desk, self.other = Namespace("desk"), Namespace("other")
        for place in (self.desk, self.other):
            places.callback(place.remove)
        cable(self.desk, "lan", f"{HERE}/24", self.other, "lan", f"{THERE}/24")
        self.box = Box(data, hosts=(HERE,), namespace=self.desk, options=("--web=https:0.0.0.0:443",))
        places.callback(self.box.kill)
        self._places = places

    def hold(self, name: str) -> None:
        """The other host has that name from now on."""
        host = subprocess.Popen(
            [*self.other.command(), sys.executable, "-m", NEIGHBOUR, "hold", name, THERE],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._places.enter_context(host)
        self._places.callback(host.kill)
        assert host.stdout is not None and host.stdout.readline() == "held\n"

    def who_is(self, name: str) -> str:
        """The address of that name, as the other host is told."""
        command = [*self.other.command(), sys.executable, "-m", NEIGHBOUR, "ask", name, THERE]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout.strip()

    def status_of(self, host: str) -> str:
        """What a browser that asks for that host gets."""
        command = ["curl", "-sk", "--resolve", f"{host}:443:{HERE}", "-o", "/dev/null", "-w", "%{http_code}"]
        done = subprocess.run(
            [*self.other.command(), *command, f"https://{host}/healthz"], capture_output=True, text=True, timeout=60,
            check=True,
        )  # fmt: skip
        return done.stdout

    def serves(self, host: str) -> bool:
        """Whether it is the registrar of that name, so that phones can be told it."""
        with self.other.stream() as phone:
            phone.settimeout(PATIENCE)
            phone.connect((HERE, self.box.port))
            phone.sendall(
                f"REGISTER sip:{host} SIP/2.0\r\nVia: SIP/2.0/TCP {THERE};branch=z9hG4bK{host}\r\nMax-Forwards: 70\r\n"
                f"From: <sip:101@{host}>;tag=1\r\nTo: <sip:101@{host}>\r\nCall-ID: {host}\r\nCSeq: 1 REGISTER\r\n"
                "Content-Length: 0\r\n\r\n".encode()
            )
            status = phone.recv(65_535)[8:11]
        assert status in (b"401", b"403"), status
        return status == b"401"

    def certificate(self) -> str:
        """What the box shows to browsers."""
        command = ["openssl", "x509", "-in", str(self.box.data / "tls" / "box.crt"), "-noout", "-ext", "subjectAltName"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    def pages(self) -> list[str]:
        """Where it says that its page is."""
        told: list[str] = json.loads(self.box.run("status", "--json"))["page"]
        return told


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Callable[[], Office]]:
    with contextlib.ExitStack() as places:
        yield lambda: Office(tmp_path / "data", places)


def test_box_is_found_by_its_name(office: Callable[[], Office]) -> None:
    place = office()
    place.box.start()
    assert place.who_is("frontdesk") == HERE
    assert place.pages() == ["https://frontdesk.local/"] and place.status_of("frontdesk.local") == "200"
    assert place.serves("frontdesk.local") and place.serves("frontdesk") and not place.serves("frontdesk-2.local")


def test_name_of_another_host_is_left_to_it(office: Callable[[], Office]) -> None:
    place = office()
    place.hold("frontdesk")
    place.box.start()
    assert place.who_is("frontdesk-2") == HERE
    assert place.who_is("frontdesk") == THERE
    assert place.pages() == ["https://frontdesk-2.local/"]
    assert place.status_of("frontdesk-2.local") == "200" and place.status_of("frontdesk.local") == "421"
    assert "DNS:frontdesk-2.local" in place.certificate() and place.serves("frontdesk-2.local")


def test_name_that_another_host_takes_later_is_let_go(office: Callable[[], Office]) -> None:
    place = office()
    place.box.start()
    assert place.who_is("frontdesk") == HERE
    place.hold("frontdesk")
    assert place.who_is("frontdesk-2") == HERE and place.pages() == ["https://frontdesk-2.local/"]


def test_other_host_name_is_told_from_then_on(office: Callable[[], Office]) -> None:
    place = office()
    place.box.start()
    place.box.run("config", "set", "hostname", "lobby")
    assert place.who_is("lobby") == HERE and place.pages() == ["https://lobby.local/"]
    assert place.serves("lobby.local") and not place.serves("frontdesk.local")
