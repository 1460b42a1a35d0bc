"""GPIO chips at the seam of gpiod 2: what the library would give, with lines that a test moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import gpiod
import pytest
from gpiod import LineSettings
from gpiod.line import Value

LABELS = {"gpiochip0": "gpio-brcmstb", "gpiochip4": "pinctrl-rp1"}
"""As on a Raspberry Pi 5: the header's chip is not the first."""


@dataclass
class Request:
    """A held line."""

    chip: str
    line: int
    settings: LineSettings
    consumer: str
    values: list[bool] = field(default_factory=list)
    """Of an output: all that was set."""
    pressed: bool = False
    released: bool = False

    def set_value(self, line: int, value: Value) -> None:
        assert line == self.line and not self.released
        self.values.append(value is Value.ACTIVE)

    def get_value(self, line: int) -> Value:
        assert line == self.line and not self.released
        return Value.ACTIVE if self.pressed else Value.INACTIVE

    def release(self) -> None:
        self.released = True


@dataclass
class Info:
    label: str


class Chip:
    def __init__(self, path: str) -> None:
        self._label = LABELS[Path(path).name]

    def __enter__(self) -> Chip:
        return self

    def __exit__(self, *error: object) -> None: ...

    def get_info(self) -> Info:
        return Info(self._label)


class Chips:
    """All chips of a board, and what was asked of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, devices: Path) -> None:
        for name in LABELS:
            (devices / name).touch()
        self.requests: dict[int, Request] = {}
        self.pressed = False
        """How a button stands when it is taken."""
        monkeypatch.setattr("frontdesk.pins.lines.DEVICES", devices)
        monkeypatch.setattr(gpiod, "Chip", Chip)
        monkeypatch.setattr(gpiod, "request_lines", self._request)

    def _request(self, path: str, config: dict[int, LineSettings], consumer: str) -> Request:
        [(line, settings)] = config.items()
        self.requests[line] = Request(Path(path).name, line, settings, consumer, pressed=self.pressed)
        return self.requests[line]


@pytest.fixture
def chips(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Chips:
    """The chips of a Raspberry Pi 5."""
    return Chips(monkeypatch, tmp_path)
