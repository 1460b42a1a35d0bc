"""Boards: what a kind of computer has, as `boards/NAME/board.toml` says it, and by its device tree which kind it is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .config import SettingError, combined
from .model import Settings

_HERE = Path(__file__).parent
FOLDERS = (_HERE / "boards", _HERE.parents[1] / "boards")
"""Where an installed package has them, and where a clone has them."""
GENERIC = "generic"
"""What a computer is that no board describes."""
AUTO = "auto"
ROLES = ("console", "panel")
COMPATIBLE = Path("/proc/device-tree/compatible")
"""Names of the machine, most exact first, each ended by a zero byte (Devicetree Specification 0.4 section 2.3.1)."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
DEVICE = re.compile(r"/dev/[A-Za-z0-9/_.-]+")
LONGEST_WATCHDOG = 3600
"""Seconds."""


class BoardError(Exception):
    """A board that cannot be; the text is one sentence that names the file and the key."""


@dataclass(slots=True, frozen=True)
class Serial:
    """A serial port and whose it is."""

    role: str
    device: str


@dataclass(slots=True, frozen=True)
class Pin:
    """A line of a GPIO chip; the chip goes by its label, since its number changes from kernel to kernel."""

    chip: str
    line: int
    low: bool = False
    """Whether it is active at 0 V."""


@dataclass(slots=True, frozen=True)
class Board:
    """One kind of computer."""

    name: str
    title: str
    tried: str
    """Where the profile was proven, in words for people."""
    compatible: tuple[str, ...] = ()
    interface: str = ""
    """Of the network."""
    serial: tuple[Serial, ...] = ()
    gadget: str = ""
    """The serial port that the board is to a laptop, over its USB socket: a console too."""
    led: Pin | None = None
    button: Pin | None = None
    watchdog: int = 0
    """Seconds until the hardware resets the board when nobody feeds it; 0: it has none."""
    config: tuple[str, ...] = ()
    """Lines that the boot loader's config.txt needs for all this."""
    modules: tuple[str, ...] = ()
    """Kernel modules to be loaded."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Defaults of the box's settings, under what is stored."""

    @property
    def consoles(self) -> tuple[str, ...]:
        """The devices at which people get in."""
        ports = [port.device for port in self.serial if port.role == "console"]
        return tuple([*ports, self.gadget] if self.gadget else ports)

    @property
    def panel(self) -> str:
        """The device of the front panel, or nothing."""
        return next((port.device for port in self.serial if port.role == "panel"), "")

    @property
    def ports(self) -> tuple[str, ...]:
        """All serial ports that are the box's own."""
        return (*self.consoles, self.panel) if self.panel else self.consoles

    @property
    def defaults(self) -> Settings:
        """The settings of a box on which nothing is stored yet."""
        return combined(Settings(), self.settings)


def folder() -> Path:
    """Where the boards are."""
    return next((each for each in FOLDERS if each.is_dir()), FOLDERS[0])


def names(where: Path | None = None) -> list[str]:
    """All that there are."""
    return sorted(path.parent.name for path in (where or folder()).glob("*/board.toml"))


def load(name: str, where: Path | None = None) -> Board:
    """One board. Raises BoardError."""
    where = where or folder()
    path = where / name / "board.toml"
    if not NAME.fullmatch(name) or not path.is_file():
        raise BoardError(f"There is no board {name!r}; there are {', '.join([AUTO, *names(where)])}.")
    shown = path.relative_to(where.parent)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BoardError(f"{shown}: {str(error).rstrip('.')}.") from None
    try:
        return read(name, table)
    except ValueError as error:
        raise BoardError(f"{shown}: {error}.") from None


def detect(compatible: Path = COMPATIBLE) -> str:
    """The name of the board that this is."""
    try:
        told = compatible.read_bytes().decode("ascii", "replace").split("\0")
    except OSError:
        return GENERIC
    boards = [load(name) for name in names()]
    return next((board.name for each in told for board in boards if each in board.compatible), GENERIC)


# -- reading -----------------------------------------------------------------------------------------------------------


def read(name: str, table: dict[str, Any]) -> Board:
    """A board from the table of its file. Raises ValueError with the key and what is wrong with it."""
    _check_keys(table, KEYS)
    for key in ("title", "tried"):
        if not table.get(key):
            raise ValueError(f"{key} is missing")
    board = Board(name=name, **{key: KEYS[key](value, key) for key, value in table.items()})
    for device in board.ports:
        if board.ports.count(device) > 1:  # Each would get half of what comes.
            raise ValueError(f"{device} is console or panel, or the gadget, and not two of them")
    return board


def _check_keys(table: dict[str, Any], known: Mapping[str, Any], where: str = "") -> None:
    for key in table:
        if key not in known:
            raise ValueError(f"there is no key {where}{key}; there are {', '.join(known)}")


def _text(value: Any, key: str) -> str:
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise ValueError(f"{key} is a text, not {value!r}")
    return value


def _texts(value: Any, key: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{key} is a list of texts, not {value!r}")
    return tuple(_text(each, key) for each in value)


def _device(value: Any, key: str) -> str:
    if not DEVICE.fullmatch(_text(value, key)):
        raise ValueError(f"{key} is a device such as /dev/ttyAMA0, not {value!r}")
    return str(value)


def _seconds(value: Any, key: str) -> int:
    if type(value) is not int or not 0 < value <= LONGEST_WATCHDOG:
        raise ValueError(f"{key} is a number of seconds from 1 to {LONGEST_WATCHDOG}, not {value!r}")
    return value


def _table(value: Any, key: str, known: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{key} is a table, not {value!r}")
    _check_keys(value, known, f"{key}.")
    return value


def _ports(value: Any, key: str) -> tuple[Serial, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{key} is a list of tables, each under [[{key}]]")
    return tuple(_port(each, key) for each in value)


def _port(value: Any, key: str) -> Serial:
    table = _table(value, key, {"role": None, "device": None})
    if table.get("role") not in ROLES:
        raise ValueError(f"{key}.role is {' or '.join(ROLES)}, not {table.get('role')!r}")
    return Serial(table["role"], _device(table.get("device"), f"{key}.device"))


def _pin(value: Any, key: str) -> Pin:
    table = _table(value, key, {"chip": None, "line": None, "low": None})
    line, low = table.get("line"), table.get("low", False)
    if type(line) is not int or line < 0:
        raise ValueError(f"{key}.line is the number of a line of its chip, not {line!r}")
    if not isinstance(low, bool):
        raise ValueError(f"{key}.low is true or false, not {low!r}")
    return Pin(_text(table.get("chip"), f"{key}.chip"), line, low)


def _settings(value: Any, key: str) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise ValueError(f"{key} is a table, not {value!r}")
    texts = {name: _text(text, f"{key}.{name}") for name, text in value.items()}
    try:
        combined(Settings(), texts)
    except SettingError as error:
        raise ValueError(f"{key}: {str(error).rstrip('.')}") from None
    return texts


KEYS: dict[str, Callable[[Any, str], Any]] = {
    "title": _text, "tried": _text, "compatible": _texts, "interface": _text, "serial": _ports, "gadget": _device,
    "led": _pin, "button": _pin, "watchdog": _seconds, "config": _texts, "modules": _texts, "settings": _settings,
}  # fmt: skip
"""Every key of a board's file, and how its value is read."""
