"""What is tried out of the network; the echo requests themselves are the real `ping`'s."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path
from typing import Any

import ifaddr
import pytest

from frontdesk import RELEASED
from frontdesk.control import VerbError, alarms, host, network, run, text
from frontdesk.control.host import ManagedElsewhere
from tests.control.desk import Desk, phone
from tests.control.test_admin import done
from tests.store.rows import NOW, clock

SAID = """\
PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.
64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.043 ms
64 bytes from 192.0.2.1: icmp_seq=3 ttl=64 time=12 ms

--- 192.0.2.1 ping statistics ---
3 packets transmitted, 2 received, 33% packet loss, time 402ms
"""


class Wired(ManagedElsewhere):
    """With these interfaces."""

    def __init__(self, *interfaces: dict[str, Any]) -> None:
        self._interfaces = list(interfaces)

    def network(self) -> list[dict[str, Any]]:
        return self._interfaces


def interface(link: str = "up", addresses: tuple[str, ...] = (), gateway: str | None = None) -> dict[str, Any]:
    return {"name": "eth0", "link": link, "addresses": list(addresses), "mac": "", "gateway": gateway}


def findings(desk: Desk, *interfaces: dict[str, Any]) -> str:
    desk.box.system = Wired(*interfaces)
    return text.findings(desk.do("test net"))


@pytest.mark.parametrize(
    ("interfaces", "line"),
    [
        ([], "BAD  network   There is no interface"),
        ([interface("down")], "BAD  eth0      There is no link: is the cable in"),
        ([interface("lowerlayerdown")], "BAD  eth0      There is no link: is the cable in"),
        ([interface(addresses=("fe80::1/64",))], "BAD  eth0      It has no address: does a DHCP server answer?"),
        ([interface(addresses=("169.254.3.4/16",))], "BAD  eth0      No DHCP server answered, so it has 169"),
        ([interface(addresses=("192.0.2.5/24",))], "ok   eth0"),
    ],
)
def test_each_finding_has_its_cure(desk: Desk, interfaces: list[dict[str, Any]], line: str) -> None:
    said = " ".join(findings(desk, *interfaces).split())
    assert " ".join(line.split()) in said
    assert "ok listener Phones are heard at udp:127.0.0.1:5060." in said


@pytest.mark.parametrize(("wall", "line"), [(RELEASED - 1, "BAD clock It is not set"), (RELEASED, "ok clock")])
def test_clock_is_set_where_it_is_not_older_than_the_box(desk: Desk, wall: float, line: str) -> None:
    desk.box.clock = clock(NOW, wall)
    assert line in " ".join(findings(desk, interface()).split())
    told = [problem["text"] for problem in desk.do("problems")]
    assert ("The box does not know what time it is" in told) == (wall < RELEASED), "they agree"


def test_times_are_read_off_ping() -> None:
    assert network._times(SAID) == [0.043, 12.0]


def test_address_that_answers_is_told_with_its_times(desk: Desk) -> None:
    answer = asyncio.run(run(desk.box, "ping", {"address": "127.0.0.1"}))
    assert (answer["sent"], answer["received"]) == (3, 3)
    assert text.ping(answer).startswith("127.0.0.1 answers: 3 of 3, ")


def test_silent_address_is_told() -> None:
    answer = {"address": "192.0.2.1", "sent": 3, "received": 0, "milliseconds": []}
    assert text.ping(answer) == "192.0.2.1 does not answer: 3 echo requests, no echo."


def test_what_is_no_address_is_not_asked(desk: Desk) -> None:
    for address in ("-f", "example.com", "1.2.3", "; reboot"):
        with pytest.raises(VerbError, match="is no IP address"):
            done(run(desk.box, "ping", {"address": address}))


def test_last_lines_of_the_log(desk: Desk) -> None:
    desk.box.log = [f"line {number}" for number in range(300)]
    assert desk.do("log")[0] == "line 200"
    assert desk.do("log", limit=2) == ["line 298", "line 299"]
    assert desk.do("log", limit=0) == []


NO_NETWORK = "The box has no network: nobody is reached, and nobody reaches it"
PLACE = "udp:192.0.2.5:5060"
LABELLED = [("eth0", "192.0.2.5"), ("eth0:1", "192.0.2.6")]


@pytest.mark.parametrize(
    ("interfaces", "heard_at", "is_told"),
    [
        ([], PLACE, True),
        ([interface("down", ("192.0.2.5/24",))], PLACE, True),
        ([interface("lowerlayerdown", ("192.0.2.5/24",))], PLACE, True),
        ([interface(addresses=("fe80::1/64",))], PLACE, True),
        ([interface("down"), interface("unknown", ("192.0.2.5/24",))], PLACE, False),
        ([interface(addresses=("169.254.3.4/16",))], PLACE, False),
        ([], "udp:127.0.0.2:5060", False),
        ([], "tcp:[::1]:5060", False),
    ],
)
def test_box_without_network_says_so_before_it_speaks_of_phones(
    desk: Desk, interfaces: list[dict[str, Any]], heard_at: str, is_told: bool
) -> None:
    desk.box.system, desk.box.listeners = Wired(*interfaces), [heard_at, "udp:[::1]:5070"]
    phone(desk).connected = False
    told = [problem["text"] for problem in desk.do("problems")]
    assert (told[0] == NO_NETWORK) == is_told
    assert [problem["text"] for problem in alarms(desk.box)] == [NO_NETWORK] * is_told


def test_box_that_does_not_run_says_nothing_of_its_network(desk: Desk) -> None:
    desk.box.system, desk.box.listeners = Wired(), ()
    assert NO_NETWORK not in [problem["text"] for problem in desk.do("problems")]


def test_network_that_cannot_be_looked_at_keeps_nothing_else_from_being_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file is left for it, as where many connect at once, or there is no /sys: the LED would go dark for ever."""

    def refuse(system: Wired) -> list[dict[str, Any]]:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(Wired, "network", refuse)
    desk.box.system, desk.box.listeners = Wired(), [PLACE]
    phone(desk).connected = False
    assert NO_NETWORK not in [problem["text"] for problem in desk.do("problems")]
    assert list(alarms(desk.box)) == []


def test_address_with_a_label_is_one_of_its_interface(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As `eth0:avahi`, or `eth0:1` of ifupdown: without it the box would have no network."""
    (tmp_path / "eth0").mkdir()
    monkeypatch.setattr(host, "INTERFACES", tmp_path)
    adapters = [ifaddr.Adapter(name, name, [ifaddr.IP(ip, 24, name)]) for name, ip in LABELLED]
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: adapters)
    assert [each["addresses"] for each in ManagedElsewhere().network()] == [["192.0.2.5/24", "192.0.2.6/24"]]
