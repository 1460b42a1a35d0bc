"""The serial console of a box that serves: a pty, a person, and a real terminal program."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.box import Box, free_port
from tests.e2e.console import Cable, Picocom, Tty
from tests.e2e.record import PATIENCE

PROMPT = "frontdesk> "
PASSWORD = "correct horse"


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A box that was never set up, with a console at a pty."""
    box = Box(tmp_path / "data", hosts=("127.0.0.1",), options=("--console", "pty"))
    box.start()
    yield box
    box.kill()


@pytest.fixture
def person(box: Box) -> Iterator[Tty]:
    tty = Tty(path(box))
    yield tty
    tty.close()


def path(box: Box) -> str:
    """Where the console is: said before `ready`."""
    match = re.search(r"^console: (/dev/pts/\d+)\n(?:.*\n)*ready$", box.log(), re.M)
    assert match is not None, box.log()
    return match[1]


def set_up(person: Tty) -> None:
    person.type("\r")
    person.until("Admin password [one is made and shown]: ")
    person.type(f"{PASSWORD}\r{PASSWORD}\r\r\r\r\r101-102\r\r")
    person.until(PROMPT)


def test_box_is_set_up_over_the_console_and_the_command_line_sees_it(box: Box, person: Tty) -> None:
    set_up(person)
    assert [row["user"] for row in json.loads(box.run("account", "list", "--json"))] == ["101", "102"]
    box.run("account", "add", "103", "--password-stdin", stdin="secret\n")
    person.type("show accounts\r")
    assert "103" in person.until(PROMPT)


def test_visit_outlives_the_terminal_program_but_not_the_box(box: Box, person: Tty) -> None:
    set_up(person)
    again = Tty(path(box))
    again.type("\r")
    again.until(PROMPT)
    again.close()
    box.restart()
    later = Tty(path(box))
    later.type("\r")
    later.until("Password: ")
    later.type(f"{PASSWORD}\r")
    later.until(PROMPT)
    later.close()


def test_box_ends_while_somebody_types(box: Box, person: Tty) -> None:
    person.type("show acc")
    assert box.stop() == 0


def test_export_that_is_pasted_gives_the_same_export(box: Box, person: Tty) -> None:
    person.type("\x03")
    person.until(PROMPT)
    person.type('add account 101 name "Front desk"\r')
    person.until(PROMPT)
    person.type("add alias 101 reception\rexport\r")
    person.until("export\r\n")
    exported = person.until("\r\n" + PROMPT)
    person.type("delete account 101\ryes\r")
    person.until("Removed 101")
    person.until(PROMPT)
    person.type("import\r" + exported.replace("\r\n", "\r") + "\r")
    person.until("Ctrl-C changes nothing.")
    person.until(PROMPT)
    person.type("export\r")
    person.until("export\r\n")
    assert person.until("\r\n" + PROMPT) == exported


def test_listener_is_tried_out_and_goes_back(tmp_path: Path) -> None:
    """Phones are heard at the new port while it is on trial, and at the old one afterwards."""
    old, new = (f"udp:127.0.0.1:{free_port(('127.0.0.1',))}" for _ in range(2))
    box = Box(tmp_path / "data", hosts=(), options=("--console", "pty"))
    box.run("config", "set", f"listen={old}")
    box.start()
    person = Tty(path(box))
    try:
        person.type("\x03")
        person.until(PROMPT)
        person.type(f"set listen {new}\rcommit confirm 1\rshow status\r")
        person.until("keeps it; else it goes back by itself.")
        person.until(f"Listens on  {new}\r\n")
        until = time.monotonic() + PATIENCE
        while json.loads(box.run("status", "--json"))["listeners"] != [old]:
            assert time.monotonic() < until, "it does not go back"
    finally:
        person.close()
        box.kill()


def test_serial_port_that_is_pulled_logs_out_and_comes_back(tmp_path: Path) -> None:
    cable = Cable(tmp_path / "ttyUSB0")
    box = Box(tmp_path / "data", hosts=("127.0.0.1",), options=("--console", str(cable.name)))
    box.run("passwd", "admin", stdin=f"{PASSWORD}\n")
    box.start()
    try:
        for _ in range(2):
            cable.person.until("Password: ")
            cable.taken()
            cable.person.type(f"{PASSWORD}\r")
            cable.person.until(PROMPT)
            cable.pull()
            cable.plug()
        assert "is gone" in box.log()
    finally:
        box.kill()


# -- a terminal program ------------------------------------------------------------------------------------------------


@pytest.fixture
def picocom(box: Box) -> Iterator[Picocom]:
    program = Picocom(path(box))
    yield program
    program.close()


FIRST_BOOT = """\
Frontdesk 0.1.0
First-boot code: 7K3QW9XZ

Enter takes what stands in [brackets], ? explains a question, and Ctrl-C leaves
all as it is. Nothing is done before the last answer.

Admin password [one is made and shown]:
Once more:
Host name [frontdesk]: lobby
Time zone [UTC]: Europe/Berlin
Network [dhcp]: ?
dhcp: the network tells the box its address. Else type its address with the
length of the prefix, the gateway and the name servers:
    192.0.2.10/24 192.0.2.1 192.0.2.53
Network [dhcp]:
Domain [office.test]:
First accounts [101-105]: 101-103
Web page [on]:"""
DONE = """\
The admin password is set.
hostname is lobby now.
timezone is Europe/Berlin now.
hostname: kept, but not used here: managed by this computer.
The domain is office.test.
Added 3 accounts. Passwords, shown this once:

user  password
101   k4w9x2mpz7hq3vtn
102   k4w9x2mpz7hq3vtn
103   k4w9x2mpz7hq3vtn

? helps at every point of a line, Tab completes, and words can be cut short.
frontdesk>"""


def as_shown_once(screen: str) -> str:
    """With the code and the passwords of the README for those that were made, and its zone for the computer's."""
    screen = re.sub(r"(?<=^Time zone )\[\S+\]", "[UTC]", screen, flags=re.M)
    screen = re.sub(r"(?<=First-boot code: )[0-9A-HJKMNP-TV-Z]{8}$", "7K3QW9XZ", screen, flags=re.M)
    return re.sub(r"(?<=^10[123]   )[a-z2-9]{16}$", "k4w9x2mpz7hq3vtn", screen, flags=re.M)


def test_first_boot_in_a_real_terminal_program(box: Box, picocom: Picocom) -> None:
    picocom.type("\n")
    picocom.until("Admin password [one is made and shown]:")
    picocom.type(f"{PASSWORD}\n{PASSWORD}\nlobby\nEurope/Berlin\n?")
    picocom.until("Network [dhcp]:")
    picocom.type("\n\n\n101-103\n")  # the first one ends the line with the question mark
    assert FIRST_BOOT in as_shown_once(picocom.until("Web page [on]:"))
    picocom.type("\n")
    screen = picocom.until(PROMPT.rstrip())
    assert DONE in as_shown_once(screen)
    assert PASSWORD not in screen and max(map(len, screen.splitlines())) <= 80


def test_readme_shows_the_first_boot_as_it_is() -> None:
    readme = Path(__file__).parents[2] / "README.md"
    assert f"```\n{FIRST_BOOT}\n{DONE}\n```" in readme.read_text(encoding="utf-8")


def test_keys_of_a_real_terminal(box: Box, picocom: Picocom) -> None:
    picocom.press("C-c")
    picocom.until(PROMPT.rstrip())
    picocom.type("add account 101 name Lobbi")
    for key in ("BSpace", "y", "Home", "Right", "End", "Enter"):
        picocom.press(key)
    picocom.until(PROMPT.rstrip())
    picocom.type("sh")
    picocom.press("Tab")
    picocom.type("acc")
    picocom.press("Tab")
    picocom.until("frontdesk> show accounts")
    picocom.press("Enter")
    assert re.search(r"user  name   enabled  bindings\n101   Lobby  yes      0\n", picocom.until(PROMPT.rstrip()))
    picocom.press("Up")
    picocom.until("frontdesk> show accounts")


def test_console_that_cannot_be_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="console"):
        Box(tmp_path / "data").run("serve", "--console", "nonsense")
    assert not os.path.exists(tmp_path / "data")
