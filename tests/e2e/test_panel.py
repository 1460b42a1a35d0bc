"""The front panel: its real firmware, on MicroPython's unix port, at the real box."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.e2e.box import Box
from tests.e2e.namespace import Namespace
from tests.e2e.pico import FIRMWARE, LIBRARIES, MICROPYTHON, A, B, Pico, blank, drawn
from tests.e2e.wiring import Wiring

ADDRESS = "192.0.2.10"
CODE = "4F7K9QRT"
PAGE = f"https:{ADDRESS}:8443"
SEED = 20261123


@pytest.fixture
def office() -> Iterator[Namespace]:
    """A network with one address, the same on every machine."""
    place = Namespace("panel")
    place.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth1")
    place.ip("link", "set", "eth0", "up")
    place.ip("link", "set", "eth1", "up")
    place.ip("address", "add", f"{ADDRESS}/24", "dev", "eth0")
    yield place
    place.remove()


@pytest.fixture
def box(tmp_path: Path, office: Namespace, wiring: Wiring) -> Iterator[Box]:
    """With a known first-boot code, two accounts, and a phone of one."""
    box = Box(tmp_path / "data", hosts=(ADDRESS,), namespace=office, options=("--panel", wiring.box, "--web", PAGE))
    box.add_account("101", "secret-101")
    box.add_account("102", "secret-102")
    box.run("binding", "add", "101", "sip:101@192.0.2.20", "--static")
    box.run("config", "set", "hostname=workshop")
    (box.data / "first-boot-code").write_text(f"{CODE}\n")
    box.start()
    yield box
    box.kill()


@pytest.fixture
def pico(tmp_path: Path, box: Box, wiring: Wiring) -> Iterator[Pico]:
    (tmp_path / "pico").mkdir()
    with Pico(wiring.panel, tmp_path / "pico") as pico:
        yield pico


def test_pages_are_name_address_phones_code_setup_and_who_is_who(box: Box, pico: Pico, tmp_path: Path) -> None:
    pico.shows("home")
    for name in ("code", "setup"):
        pico.press(A, pico.picture())
        pico.shows(name)
    pico.press(A, pico.picture())
    wanted = drawn(f"pages.fingerprint(display, Status(fingerprint={fingerprint(box)!r}))", tmp_path)
    pico.look(lambda picture: picture == wanted)
    pico.press(A, pico.picture())
    pico.shows("about")
    for _ in range(3):
        pico.press(B, pico.picture())
    pico.shows("code")


def fingerprint(box: Box) -> str:
    """Of the box's CA, by OpenSSL."""
    command = ["openssl", "x509", "-in", str(box.data / "tls/ca.crt"), "-noout", "-fingerprint", "-sha256"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return said.partition("=")[2].strip().replace(":", "")


def test_alarm_is_counted_and_shines_red_until_it_is_over(pico: Pico) -> None:
    pico.shows("home")
    pico.shines("32 16 0")
    pico.wake()
    pico.type("\x03")
    pico.read_until("frontdesk> ")
    pico.type("set max-expires 1800\r")
    pico.shows("alarm")
    pico.shines("40 0 0")
    pico.type("rollback\r")
    pico.shows("home")


def test_phone_that_comes_is_counted_at_once(box: Box, pico: Pico) -> None:
    pico.shows("home")
    box.run("binding", "add", "102", "sip:102@192.0.2.21", "--static")
    pico.shows("two-phones")


def test_usb_port_is_a_console(pico: Pico) -> None:
    pico.shows("home")
    assert CODE in pico.wake()
    pico.type("\x03")
    pico.read_until("frontdesk> ")
    pico.type("show accounts\r")
    assert "101" in pico.read_until("frontdesk> ").replace("show accounts", "")


def test_one_byte_in_a_hundred_is_damaged_and_nothing_is_shown_wrong(pico: Pico, wiring: Wiring) -> None:
    print(f"seed {SEED}")  # noqa: T201 - pytest shows it when the test has failed
    random = Random(SEED)
    pico.shows("home")  # What is typed before both have greeted is nobody's.
    wiring.noise = lambda data: bytes(random.randrange(256) if random.random() < 0.01 else byte for byte in data)
    pico.wake()
    pico.type("\x03")
    pico.read_until("frontdesk> ")
    for _ in range(2):
        pico.type("show config\r")
        shown = pico.read_until("frontdesk> ")
        lines = [line.split()[0] for line in shown.splitlines() if line[:1].isalpha()]
        assert {"hostname", "timezone", "max-expires", "web"} <= set(lines) and "workshop" in shown


def test_cuts_noise_and_restarts_of_both_ends_are_survived(box: Box, pico: Pico, wiring: Wiring) -> None:
    print(f"seed {SEED}")  # noqa: T201 - pytest shows it when the test has failed
    random = Random(SEED)

    def cut() -> None:
        """Half a frame, and the rest never comes."""
        left = random.randrange(400)

        def noise(data: bytes) -> bytes:
            nonlocal left
            data, left = data[:left], max(0, left - len(data))
            return data

        wiring.noise = noise

    def rubbish() -> None:
        wiring.noise = lambda data: random.randbytes(len(data))

    def restart_panel() -> None:
        pico.cut()
        pico.power()

    def restart_box() -> None:
        box.kill()
        box.start()

    pico.shows("home")
    for fault in random.sample([cut, rubbish], 2):
        for restart in random.sample([restart_panel, restart_box], 2):
            fault()
            restart()
            box.run("binding", "add", "102", "sip:102@192.0.2.21", "--static")
            wiring.noise = lambda data: data
            pico.shows("two-phones")
            box.run("binding", "remove", "102", "sip:102@192.0.2.21")
            pico.shows("home")
            pico.read_until("Ctrl-C gives the full prompt.")
            pico.type("\x03")
            pico.read_until("frontdesk> ")
            pico.type("show accounts\r")
            assert "101" in pico.read_until("frontdesk> ").replace("show accounts", "")


def test_silent_box_is_told_and_its_last_lines_are_at_the_usb_port(box: Box, wiring: Wiring, tmp_path: Path) -> None:
    (tmp_path / "pico").mkdir()
    with Pico(wiring.panel, tmp_path / "pico", hurry=10) as pico:
        pico.shows("home")
        box.run("account", "disable", "102")
        box.kill()
        assert "No word from the box for 6" in pico.read_until("its log:")
        pico.shines("40 0 0")
        box.start()
        pico.shows("home")


def test_long_press_at_power_up_and_its_confirmation_reset_the_box(box: Box, pico: Pico) -> None:
    pico.shows("home")
    pico.cut()
    pico.hold(A)
    pico.power()
    pico.shows("reset")
    pico.hold()
    pico.hold(B)
    pico.shows("reset-done")
    pico.hold()
    assert box.run("account", "list", "--json").strip() == "[]"


def test_question_for_a_reset_is_taken_back_by_the_other_button(box: Box, pico: Pico) -> None:
    pico.hold(A)
    pico.shows("reset")
    pico.hold()
    pico.press(A, pico.picture())
    pico.shows("home")
    assert "101" in box.run("account", "list", "--json")


def test_program_that_was_built_and_flashed_runs_compiled(box: Box, wiring: Wiring, tmp_path: Path) -> None:
    build, flash, folder = (tmp_path / name for name in ("build", "flash", "pico"))
    flash.mkdir()
    folder.mkdir()
    tools = ["--mpy-cross", str(MICROPYTHON.with_name("mpy-cross")), "--libraries", str(LIBRARIES)]
    subprocess.run([sys.executable, FIRMWARE / "front-panel/build.py", *tools, build], check=True)
    with blank(flash) as port:
        command = [sys.executable, "-m", "deskctl", "panel", "flash", "--port", port, str(build)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "files were copied; the panel starts anew." in said, said
    sources = {path.relative_to(flash).as_posix() for path in flash.rglob("*.py")}
    heads = {path.read_bytes()[:2] for path in flash.rglob("*.mpy")}
    assert sources == {"main.py"} and heads == {b"M\x06"}
    with Pico(wiring.panel, folder, flash=flash) as pico:
        pico.shows("home")
        pico.wake()
