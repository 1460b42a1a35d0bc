"""Finds boxes by asking at every serial port."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from serial.tools import list_ports

from panel_link.asking import LinkError, NoAnswer

from .box import Box, Refused
from .cable import Cable, CableGone

GREETS_WITHIN = 1.5
"""Seconds that a box has; what is no box says nothing."""
AT_ONCE = 16


@dataclass(slots=True, frozen=True)
class Found:
    """One port, and who is there."""

    port: str
    description: str
    state: str
    """`box`, `silent`, or why it cannot be asked."""
    serial: str = ""
    hostname: str = ""
    version: str = ""
    login: bool = False

    @property
    def is_box(self) -> bool:
        """Whether a box has answered."""
        return self.state == "box"


class NoBox(Exception):
    """None was found, or too many; the text is one sentence."""


def find(told: Sequence[str], baud: int) -> list[Found]:
    """At those ports, or at all of this computer."""
    ports = [(port, "") for port in told] or [(port.device, port.description) for port in list_ports.comports()]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda port: _ask(port[0], port[1], baud), sorted(ports)))


def choose(told: Sequence[str], baud: int) -> str:
    """The one port that is meant. Raises NoBox."""
    if len(told) == 1:
        return told[0]
    boxes = [found.port for found in find(told, baud) if found.is_box]
    if len(boxes) == 1:
        return boxes[0]
    if boxes:
        raise NoBox(f"There are boxes at {', '.join(boxes)}; say which one with --port.")
    raise NoBox("No box answers at any serial port; `deskctl doctor --port PORT` looks closer.")


def _ask(port: str, description: str, baud: int) -> Found:
    box = Box(Cable(port, baud), lambda: "")
    try:
        hello = box.connect(greets_within=GREETS_WITHIN)
    except NoAnswer:
        return Found(port, description, "silent")
    except (LinkError, Refused, CableGone) as error:
        return Found(port, description, str(error).removeprefix(f"{port} ").rstrip("."))
    finally:
        box.close()
    return Found(
        port, description, "box", hello["serial"], hello["hostname"], hello["version"], bool(hello["login"])
    )  # fmt: skip
