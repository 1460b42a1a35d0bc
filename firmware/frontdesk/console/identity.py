"""What a box is told apart by."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

BOARD_SERIAL = Path("/sys/firmware/devicetree/base/serial-number")
MACHINE_ID = Path("/etc/machine-id")
DIGITS = 12


def serial_number(board: Path = BOARD_SERIAL, machine: Path = MACHINE_ID) -> str:
    """The board's, as it is printed on some; else one made from the machine's id, which itself is told to nobody."""
    serial = _text(board).strip("\0\n ")
    if serial:
        return serial
    return hashlib.sha256(f"frontdesk {_text(machine).strip()}".encode()).hexdigest()[:DIGITS]


def hostname() -> str:
    """What the computer calls itself."""
    return socket.gethostname()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
