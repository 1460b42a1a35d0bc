"""The box and its helper: what is committed reaches the computer, and what is tried goes back, with real addresses."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontdesk import machine
from frontdesk.config import OWED
from frontdesk.control import VerbError, host, run
from frontdesk.control.errors import Sentence
from frontdesk.control.host import ManagedElsewhere, System
from frontdesk.control.owed import read
from frontdesk.control.start import started
from frontdesk.machine import Machine, NextStart
from frontdesk.model import Settings
from frontdesk_helper.machine import AVAHI
from frontdesk_helper.networks import FILE
from tests.control.desk import Desk
from tests.e2e.namespace import Namespace
from tests.helper.listening import Listening
from tests.helper.recording import Computer

DHCP = "10.80.0.99/24"
"""What the DHCP server of the test's network would give."""


class Wired(Computer):
    """Its cable is real, in a namespace; `networkctl` is ours: it gives the cable what the file says, by ip(8)."""

    def __init__(self, root: Path, place: Namespace) -> None:
        super().__init__(root, "systemd-networkd", "systemd-resolved")
        self._place = place

    def run(self, *command: str) -> str:
        said = super().run(*command)
        if command[:2] == ("networkctl", "reconfigure"):
            lines = dict(line.split("=", 1) for line in self.read(FILE).splitlines() if "=" in line)
            self._place.ip("address", "flush", "dev", "eth0", "scope", "global")
            self._place.ip("address", "add", lines.get("Address", DHCP), "dev", "eth0")
        return said

    @property
    def addresses(self) -> list[str]:
        command = ["ip", "-n", self._place.name, "-j", "-4", "address", "show", "eth0"]
        (shown,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        return [f"{each['local']}/{each['prefixlen']}" for each in shown["addr_info"]]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield Desk(tmp_path / "data")
    Desk.close()


@pytest.fixture
def place() -> Iterator[Namespace]:
    place = Namespace("board")
    place.ip("link", "add", "eth0", "type", "veth", "peer", "name", "far")
    place.ip("link", "set", "eth0", "up")
    place.ip("address", "add", DHCP, "dev", "eth0")
    yield place
    place.remove()


@pytest.fixture
def socket_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine, "INTERFACES", tmp_path / "root/sys/class/net")
    return tmp_path / "helper.sock"


@pytest.fixture
def wired(tmp_path: Path, desk: Desk, place: Namespace, socket_path: Path) -> Iterator[Wired]:
    computer = Wired(tmp_path / "root", place)
    helping = Listening(socket_path, computer)
    desk.box.system = Machine(socket_path, "eth0")
    yield computer
    helping.close()


@pytest.fixture
def computer(tmp_path: Path, desk: Desk, socket_path: Path) -> Iterator[Computer]:
    computer = Computer(tmp_path / "root", "systemd-networkd", "systemd-resolved")
    helping = Listening(socket_path, computer)
    desk.box.system = Machine(socket_path, "eth0")
    yield computer
    helping.close()


def do(desk: Desk, words: str, **arguments: Any) -> Any:
    return asyncio.run(run(desk.box, words, arguments))


def look_at(computer: Computer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name and time zone are those of the machine."""
    monkeypatch.setattr(host, "LOCALTIME", computer.path("/etc/localtime"))
    names = lambda: os.uname_result(("Linux", computer.read("/etc/hostname").strip(), "", "", ""))  # noqa: E731
    monkeypatch.setattr(os, "uname", names)


def start(desk: Desk) -> None:
    """The box has just been started."""
    asyncio.run(started(desk.box, read(desk.store.meta)))


def ring(desk: Desk) -> None:
    """The time is over for all that was to be done later."""
    bells, desk.bells = desk.bells, []
    for bell in bells:
        if not bell.cancelled:
            asyncio.run(bell.work())


def try_address(desk: Desk, address: str = "10.80.0.5/24") -> None:
    do(desk, "config stage", key="net.address", value=address)
    do(desk, "config commit", confirm=60)


def test_address_on_trial_is_real_and_goes_back(desk: Desk, wired: Wired) -> None:
    try_address(desk)
    assert wired.addresses == ["10.80.0.5/24"]
    ring(desk)
    assert wired.addresses == [DHCP] and not wired.path(FILE).exists()


def test_address_that_is_confirmed_stays_and_the_next_trial_goes_back_to_it(desk: Desk, wired: Wired) -> None:
    try_address(desk)
    do(desk, "config commit")
    ring(desk)
    assert wired.addresses == ["10.80.0.5/24"]
    try_address(desk, "10.80.0.6/24")
    assert wired.addresses == ["10.80.0.6/24"]
    ring(desk)
    assert wired.addresses == ["10.80.0.5/24"]


def test_helper_that_is_away_when_the_time_is_over_is_asked_again(desk: Desk, wired: Wired) -> None:
    try_address(desk)
    wired.fails.add("networkctl reload")
    ring(desk)
    assert wired.addresses == ["10.80.0.5/24"]
    wired.fails.clear()
    ring(desk)
    assert wired.addresses == [DHCP]
    assert desk.box.candidate.trial is None and not desk.bells


def test_restart_in_the_middle_of_a_trial_brings_the_address_back(desk: Desk, wired: Wired) -> None:
    try_address(desk)
    again = desk.restart()
    again.box.system = desk.box.system
    start(again)
    assert wired.addresses == [DHCP]


def test_address_that_cannot_be_used_leaves_the_one_of_before(desk: Desk, wired: Wired) -> None:
    try_address(desk)
    do(desk, "config commit")
    wired.fails.add("hostnamectl")
    do(desk, "config stage", key="net.address", value="10.80.0.7/24")
    do(desk, "config stage", key="hostname", value="lobby")
    with pytest.raises(VerbError, match="hostnamectl"):
        do(desk, "config commit")
    assert wired.addresses == ["10.80.0.5/24"]


def test_box_gives_name_zone_and_clock_and_takes_them_back_at_a_factory_reset(
    desk: Desk, computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at(computer, monkeypatch)
    before = computer.picture()
    for key, value in (("hostname", "lobby"), ("timezone", "Europe/Berlin"), ("net.address", "10.80.0.5/24")):
        do(desk, "config set", key=key, value=value)
    assert computer.read("/etc/hostname") == "lobby\n"
    do(desk, "clock set", time="2027-01-31T14:05")
    assert computer.clock == [1801400700.0], "in the box's time zone"
    do(desk, "factory-reset", yes=True)
    assert computer.picture() == before


@pytest.mark.parametrize("time", ["soon", "14:05", "1999-01-01T00:00"])
def test_time_that_cannot_be_is_one_sentence(desk: Desk, computer: Computer, time: str) -> None:
    with pytest.raises(VerbError):
        do(desk, "clock set", time=time)
    assert computer.clock == []


@pytest.mark.parametrize("verb", ["reboot", "poweroff"])
def test_power_is_the_helpers(desk: Desk, computer: Computer, verb: str) -> None:
    do(desk, verb)
    assert computer.changes() == [f"systemctl --no-block {verb}"]


def test_network_of_another_one_is_shown_read_only_with_a_sentence(desk: Desk, computer: Computer) -> None:
    computer.active.clear()
    start(desk)
    assert "neither by NetworkManager nor by systemd-networkd" in desk.box.system.read_only
    said = desk.box.system.read_only
    assert isinstance(said, Sentence) and said.words == {"interface": "eth0"} and "{interface}" in said.template
    (note,) = do(desk, "config set", key="net.address", value="10.80.0.5/24")["notes"]
    assert note.startswith("net.address: kept, but not used here. The address of eth0 is kept neither by")


def test_avahi_is_told_where_it_runs_that_the_box_has_no_page(desk: Desk, computer: Computer) -> None:
    computer.active.add("avahi-daemon.service")
    computer.write(AVAHI, "a page")
    start(desk)
    assert not computer.path(AVAHI).exists()


def test_start_brings_to_the_computer_what_was_set_while_no_box_ran(desk: Desk, computer: Computer) -> None:
    at_work, desk.box.system = desk.box.system, NextStart(desk.records)
    desk.box.core = None
    assert do(desk, "config set", key="timezone", value="Europe/Berlin")["notes"] == [
        "timezone: kept, and used when the box starts."
    ]
    again = desk.restart()
    again.box.system = at_work
    start(again)
    assert computer.changes()[0] == "timedatectl set-timezone Europe/Berlin"


def test_start_after_a_reset_while_no_box_ran_leaves_the_computer_as_it_was_before_the_box(
    desk: Desk, computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at(computer, monkeypatch)
    before = computer.picture()
    at_work = desk.box.system
    for key, value in (("hostname", "lobby"), ("timezone", "Europe/Berlin"), ("net.address", "10.80.0.5/24")):
        do(desk, "config set", key=key, value=value)
    desk.box.system, desk.box.core = NextStart(desk.records), None
    do(desk, "factory-reset", yes=True)
    again = desk.restart()
    again.box.system = at_work
    start(again)
    assert computer.picture() == before
    assert OWED not in again.restart().store.meta


@pytest.mark.parametrize("words", ["config set", "factory-reset"])
def test_start_takes_back_an_address_that_was_given_up_while_no_box_ran(desk: Desk, wired: Wired, words: str) -> None:
    do(desk, "config set", key="net.address", value="10.80.0.5/24")
    assert wired.addresses == ["10.80.0.5/24"]
    at_work, desk.box.system = desk.box.system, NextStart(desk.records)
    desk.box.core = None
    do(desk, words, **({"yes": True} if words == "factory-reset" else {"key": "net.address", "value": "default"}))
    again = desk.restart()
    again.box.system = at_work
    start(again)
    assert wired.addresses == [DHCP]
    assert OWED not in again.restart().store.meta


def test_restart_in_the_middle_of_a_trial_brings_a_name_back_that_was_never_set(
    desk: Desk, computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    computer.write("/etc/hostname", "raspberrypi\n")
    look_at(computer, monkeypatch)

    def as_started(desk: Desk, system: System) -> Desk:
        desk.box.system = system
        desk.box.defaults = desk.box.settings = system.defaults(Settings())  # none is kept
        return desk

    system = desk.box.system
    as_started(desk, system)
    do(desk, "config stage", key="hostname", value="lobby")
    do(desk, "config commit", confirm=60)
    assert computer.read("/etc/hostname") == "lobby\n"
    again = as_started(desk.restart(), system)
    start(again)
    assert computer.read("/etc/hostname") == "raspberrypi\n"
    assert again.box.settings.hostname == again.box.defaults.hostname == "raspberrypi"
    assert again.taken == [again.box.settings], "and the box that runs has it"


def test_names_are_the_computers_until_others_are_set(computer: Computer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "LOCALTIME", computer.path("/etc/localtime"))
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "Pi.office.test", "", "", "")))
    settings = Machine(interface="eth0").defaults(Settings())
    assert (settings.hostname, settings.timezone) == ("pi", "Etc/UTC")


def test_helper_that_is_not_there_is_an_ordinary_computer(tmp_path: Path, desk: Desk) -> None:
    assert type(machine.machine("eth0", tmp_path / "none")) is ManagedElsewhere
    desk.box.system = Machine(tmp_path / "none", "eth0")
    with pytest.raises(VerbError, match="frontdesk-helper, which does for the box what needs root, does not answer"):
        do(desk, "reboot")


def test_whoever_may_not_ask_the_helper_leaves_the_computer_as_it_is(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a computer that has the service, where somebody else runs a box of his own."""
    helper = tmp_path / "helper.sock"
    helper.touch()
    monkeypatch.setattr(machine, "HELPER", helper)
    found = machine.machine("", helper), machine.asleep(desk.box.records)
    assert [type(each) for each in found] == [Machine, NextStart]
    stat = os.stat

    def denied(path: Any, **how: Any) -> os.stat_result:
        if path == helper:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return stat(path, **how)

    monkeypatch.setattr(os, "stat", denied)
    found = machine.machine("", helper), machine.asleep(desk.box.records)
    assert [type(each) for each in found] == [ManagedElsewhere, ManagedElsewhere]
