"""`make appliance`: an emulated board from its first power-up to a call, and again after its power was cut."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.baresip import Phone
from tests.e2e.namespace import Namespace

from .image import CACHE, Image
from .machine import Machine

DOMAIN = "appliance.test"
OFFICE = f"""\
[box]
hostname = "lobby"
domain = "{DOMAIN}"
timezone = "Europe/Berlin"
[network]
address = "10.0.2.15/24"
gateway = "10.0.2.2"
[[account]]
range = "101-102"
name = "Room {{user}}"
"""
PATIENCE = 120.0
"""Seconds for what takes the phones a moment on a real board."""


@pytest.fixture(scope="module")
def image() -> Image:
    """The product on a disk."""
    image = Image(CACHE / "image")
    _timed("the disk was made", image.make)
    return image


@pytest.fixture
def place() -> Iterator[Namespace]:
    namespace = Namespace("appliance")
    yield namespace
    namespace.remove()


@pytest.fixture
def machine(image: Image, place: Namespace, tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(image, tmp_path, place)
    yield machine
    machine.kill()


@pytest.fixture
def phones(machine: Machine, place: Namespace, tmp_path: Path) -> Iterator[Callable[[str, str], Phone]]:
    """Makes phones that find the box at its own address."""
    made: list[Phone] = []

    def start(user: str, password: str) -> Phone:
        phone = Phone(tmp_path / user, user, password, f"{machine.address}:5060", DOMAIN, namespace=place)
        made.append(phone)
        phone.start()
        return phone

    yield start
    for phone in made:
        phone.stop()
        sys.stdout.write(phone.story())


def test_from_power_up_to_a_call_and_again_after_a_power_cut(
    machine: Machine, phones: Callable[[str, str], Phone], tmp_path: Path
) -> None:
    machine.start()
    _timed("SIP was answered after the first power-up", machine.answers)
    passwords = _timed("deskctl provisioned the box over its serial port", lambda: provision(machine, tmp_path))
    caller, called = (phones(user, passwords[user]) for user in ("101", "102"))
    _timed("name, time zone and fixed address were in use", lambda: wait_for_machine(machine))
    _timed("two phones registered", lambda: list(map(register, (caller, called))))
    _timed("a call was put through", lambda: call(caller, called))
    machine.kill()
    machine.start()
    _timed("SIP was answered after the power cut", machine.answers)
    _timed("a call was put through, nobody having registered again", lambda: call(caller, called))


def provision(machine: Machine, folder: Path) -> dict[str, str]:
    """The passwords of the phones."""
    (folder / "office.toml").write_text(OFFICE)
    (folder / "password").write_text("a good password\n")
    command = [sys.executable, "-m", "deskctl", "provision", str(folder / "office.toml"), "--yes", "--json"]
    command += ["--port", machine.port, "--password-file", str(folder / "password")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr + machine.log()[-2000:]
    passwords: dict[str, str] = json.loads(done.stdout)["passwords"]
    return passwords


def wait_for_machine(machine: Machine) -> None:
    """The helper has given the computer what it was provisioned with, by Debian's own programs: it is on its disk."""
    kept = {
        "/etc/hostname": "lobby", "/etc/systemd/network/05-frontdesk.network": "Address=10.0.2.15/24",
        "/etc/localtime": "Europe/Berlin",
    }  # fmt: skip
    until = time.monotonic() + PATIENCE
    while found := [name for name, text in kept.items() if text not in machine.on_disk(name)]:
        assert time.monotonic() < until, f"not on the disk: {found}; {machine.log()[-2000:]}"
        time.sleep(1)


def register(phone: Phone) -> None:
    phone.try_to_register()
    phone.expect("REGISTER_OK", PATIENCE)


def call(caller: Phone, called: Phone) -> None:
    caller.dial("102")
    called.expect("CALL_INCOMING", PATIENCE)
    called.accept()
    for phone in (caller, called):
        phone.expect("CALL_ESTABLISHED", PATIENCE)
    caller.hang_up()
    called.expect("CALL_CLOSED", PATIENCE)


def _timed(what: str, work: Callable[[], Any]) -> Any:
    started = time.monotonic()
    result = work()
    sys.stdout.write(f"{time.monotonic() - started:7.1f} s  {what}\n")
    sys.stdout.flush()
    return result
