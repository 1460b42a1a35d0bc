"""Boards: every file is right, what is wrong in one is told with file and key, and what a board says is a default."""

from __future__ import annotations

from argparse import Namespace
from collections import deque
from pathlib import Path

import pytest

from frontdesk import board
from frontdesk.app import Options, _Appliance
from frontdesk.board import BoardError, Pin
from frontdesk.cli import main
from frontdesk.cli.parser import build_parser
from frontdesk.cli.serve import serve_options
from frontdesk.service_manager import ServiceManager
from frontdesk.store import StoreError, open_store

NAMES = ["generic", "qemu-arm64", "rpi-3b-plus", "rpi-4b", "rpi-5", "rpi-zero-2w"]
LEAST = 'title = "A board"\ntried = "nowhere"\n'


def written(directory: Path, text: str) -> Path:
    """A folder of boards with one board, `mine`."""
    path = directory / "boards" / "mine" / "board.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return directory / "boards"


def told(*words: str) -> Namespace:
    """The command line of `serve`."""
    return build_parser().parse_args(["serve", *words])


def test_all_boards_are_there_and_right() -> None:
    assert board.names() == NAMES
    assert [board.load(name).name for name in NAMES] == NAMES


def test_a_panel_is_at_a_uart_and_not_at_the_usb_port_of_its_pico_which_is_a_console() -> None:
    assert not [name for name in NAMES if board.load(name).panel.startswith("/dev/ttyACM")]


@pytest.mark.parametrize("name", [name for name in NAMES if name != board.GENERIC])
def test_a_board_is_found_by_its_device_tree(tmp_path: Path, name: str) -> None:
    (tmp_path / "compatible").write_bytes(board.load(name).compatible[0].encode() + b"\0brcm,bcm2837\0")
    assert board.detect(tmp_path / "compatible") == name


@pytest.mark.parametrize("content", [None, b"", b"acme,unheard-of\0", b"\xff\0"])
def test_what_no_board_describes_is_generic(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "compatible").write_bytes(content)
    assert board.detect(tmp_path / "compatible") == board.GENERIC


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("colour = 1", "there is no key colour; there are title, "),
        ('[led]\nchip = "c"\nline = 1\ncolour = "red"', "there is no key led.colour; there are chip, line, low"),
        ('[[serial]]\nrole = "printer"\ndevice = "/dev/ttyS0"', "serial.role is console or panel, not 'printer'"),
        ('[[serial]]\nrole = "panel"', "serial.device is a text, not None"),
        ('gadget = "ttyGS0"', "gadget is a device such as /dev/ttyAMA0, not 'ttyGS0'"),
        (
            '[[serial]]\nrole = "console"\ndevice = "/dev/a"\n[[serial]]\nrole = "panel"\ndevice = "/dev/a"',
            "/dev/a is console or panel, or the gadget, and not two of them",
        ),
        (
            'gadget = "/dev/a"\n[[serial]]\nrole = "console"\ndevice = "/dev/a"',
            "/dev/a is console or panel, or the gadget, and not two of them",
        ),
        ("serial = 3", "serial is a list of tables"),
        ("serial = [3]", "serial is a table, not 3"),
        ('led = "red"', "led is a table, not 'red'"),
        ('[led]\nchip = "c"\nline = true', "led.line is the number of a line of its chip, not True"),
        ('[button]\nchip = "c"\nline = 1\nlow = 1', "button.low is true or false, not 1"),
        ("watchdog = 0", "watchdog is a number of seconds from 1 to 3600, not 0"),
        ('compatible = "acme,one"', "compatible is a list of texts, not 'acme,one'"),
        ("settings = 3", "settings is a table, not 3"),
        ("[settings]\nflush = 10", "settings.flush is a text, not 10"),
        ('[settings]\nflush = "soon"', "settings: flush is a duration such as 60s, 10m, 1h or 1d, not 'soon'"),
        ('[settings]\ncolour = "red"', "settings: There is no setting 'colour'; there are "),
        ("=", "Invalid statement (at line 3, column 1)"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_key(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(BoardError) as error:
        board.load("mine", written(tmp_path, LEAST + text))
    assert str(error.value).startswith(f"boards/mine/board.toml: {wrong}")


@pytest.mark.parametrize("text", ['title = "A board"', 'tried = "nowhere"', 'title = ""\ntried = "nowhere"'])
def test_title_and_proof_have_to_be_there(tmp_path: Path, text: str) -> None:
    with pytest.raises(BoardError, match="is missing"):
        board.load("mine", written(tmp_path, text))


@pytest.mark.parametrize("name", ["rpi-6", "../../etc", "", "RPI-4B"])
def test_a_board_that_is_not_there_is_named_with_those_that_are(name: str) -> None:
    with pytest.raises(StoreError, match=f"There is no board '{name}'; there are auto, generic, qemu-arm64"):
        serve_options(told("--board", name))


def test_pins_consoles_and_panel_are_read() -> None:
    four = board.load("rpi-4b")
    assert four.led == Pin("pinctrl-bcm2711", 17) and four.button == Pin("pinctrl-bcm2711", 27, low=True)
    assert (four.consoles, four.panel) == (("/dev/ttyAMA0", "/dev/ttyGS0"), "/dev/ttyAMA3")


def test_without_a_board_there_is_no_console() -> None:
    assert (serve_options(told()).consoles, serve_options(told()).board) == ((), None)


@pytest.mark.parametrize(
    ("words", "consoles"),
    [((), ("/dev/ttyAMA0",)), (("--console", "off"), ()), (("--console", "/dev/ttyS7"), ("/dev/ttyS7",))],
)
def test_an_option_goes_before_the_board(words: tuple[str, ...], consoles: tuple[str, ...]) -> None:
    assert serve_options(told("--board", "qemu-arm64", *words)).consoles == consoles


def test_a_stored_setting_goes_before_the_board_and_an_option_before_both(tmp_path: Path) -> None:
    store = open_store(tmp_path, "office.test")
    store.write(lambda connection: connection.execute("INSERT INTO settings VALUES ('max-accounts', '7')"))
    store.close()
    store = open_store(tmp_path)
    options = Options(tmp_path, board=board.load("rpi-zero-2w"), flush=5.0)
    settings = _Appliance(options, store, ServiceManager({}, 1), deque())._settings
    store.close()
    assert (settings.max_accounts, settings.max_connections, settings.flush) == (7, 400, 5.0)


def test_boards_are_listed_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["boards"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]] == NAMES
    monkeypatch.setattr(board, "FOLDERS", (written(tmp_path, LEAST + "colour = 1"),))
    assert main(["boards", "--json"]) == 2
    assert capsys.readouterr().err.startswith("frontdesk: boards/mine/board.toml: there is no key colour")
