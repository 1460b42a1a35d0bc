"""Sockets of this computer alone (unix(7)): who is at the other end, and a name where the disk takes no file."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import Any

_CREDENTIALS = struct.Struct("iII")


def name_beside(directory: Path) -> str:
    """An abstract name, the same by whatever path the directory is reached. Anybody may take it, and anybody may
    connect, so each end asks who the other is. Raises OSError."""
    state = directory.stat()
    return f"\0frontdesk {state.st_dev:x} {state.st_ino:x}"


def user_of(connected: Any) -> int:
    """Who has connected, or who listens there, as the kernel says. `connected`: a socket. Raises OSError."""
    said = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(said)[1])
