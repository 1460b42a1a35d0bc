"""The socket: one client after the other, each with one JSON line each way.

Who may speak is decided twice: by the socket's mode and group, and by what the kernel says of who connected
(SO_PEERCRED of unix(7)). A client has two seconds for a line of 4,096 bytes, and is not heard a second time; the next
ones wait in the kernel's queue, which is short.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .host import Foreign, Refused

LONGEST = 4096
"""Bytes of a request."""
PATIENCE = 2.0
"""Seconds for a request to come, and for its answer to go."""
WAITING = 8
"""Clients that wait for their turn."""
MODE = 0o660
_CREDENTIALS = struct.Struct("iII")
"""struct ucred: process, user, group."""

Answerer = Callable[[Any], dict[str, Any]]


def listen(path: Path, group: int) -> socket.socket:
    """A socket of that group from its first moment. Raises OSError."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o777 & ~MODE)
    try:
        listening.bind(str(path))
        if path.stat().st_gid != group:
            os.chown(path, -1, group)
        listening.listen(WAITING)
    except BaseException:
        listening.close()
        raise
    finally:
        os.umask(mask)
    return listening


class Server:
    """Answers those who may ask."""

    def __init__(self, listening: socket.socket, answer: Answerer, users: frozenset[int]) -> None:
        """`users`: the ids of those who may."""
        self._listening = listening
        self._answer = answer
        self._users = users

    def serve(self) -> None:
        """Never ends."""
        while True:
            self.serve_one()

    def serve_one(self) -> None:
        """The next client, whatever it does."""
        with contextlib.suppress(OSError):
            client, _ = self._listening.accept()
            with client:
                self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        told = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, user, _ = _CREDENTIALS.unpack(told)
        if user not in self._users:
            _say(f"user {user} may not ask")
            return
        try:
            answer: dict[str, Any] = {"answer": self._answer(_read(client))}
        except Refused as error:
            answer = {"error": str(error), "template": error.template, "words": error.words}
            answer |= {"foreign": True} if isinstance(error, Foreign) else {}
        except OSError:  # Nobody is there to be answered.
            raise
        except Exception as error:  # Whatever came, the next one is answered.
            _say(type(error).__name__)
            traceback.print_tb(error.__traceback__)
            answer = {"error": "The helper could not do that; its log says why."}
        client.settimeout(PATIENCE)
        client.sendall(json.dumps(answer).encode() + b"\n")


def _read(client: socket.socket) -> Any:
    """One line of JSON. Raises Refused, OSError."""
    until = time.monotonic() + PATIENCE
    line = b""
    while not line.endswith(b"\n"):
        client.settimeout(max(0.001, until - time.monotonic()))
        chunk = client.recv(LONGEST + 1 - len(line))
        line += chunk
        if not chunk or len(line) > LONGEST or b"\n" in line[:-1]:
            raise Refused("A request is one line of up to {longest} bytes.", longest=str(LONGEST))
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise Refused("That is no JSON.") from None


def _say(what: str) -> None:
    """To the journal; nothing that was sent is repeated."""
    sys.stderr.write(f"frontdesk-helper: {what}\n")
    sys.stderr.flush()
