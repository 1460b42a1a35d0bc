"""The real helper behind its socket, for a computer of the test, and its client's end."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

from frontdesk_helper.machine import Machine
from frontdesk_helper.server import Server, listen
from frontdesk_helper.verbs import answer
from tests.helper.recording import Computer


class Listening:
    """A helper at work until it is closed. `users`: who may ask; None: the test."""

    def __init__(self, path: Path, computer: Computer, users: frozenset[int] | None = None) -> None:
        self.path = path
        self.computer = computer
        self._listening = listen(path, os.getegid())
        machine = Machine(computer)
        users = users or frozenset({os.getuid()})
        self._server = Server(self._listening, lambda request: answer(machine, request), users)
        self._ending = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while not self._ending:
            self._server.serve_one()

    def connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(30)
        client.connect(str(self.path))
        return client

    def say(self, data: bytes) -> Any:
        """The answer; None: there was none."""
        with self.connect() as client:
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                said = client.makefile("rb").read()
            except ConnectionError:
                return None
        return json.loads(said) if said else None

    def close(self) -> None:
        """Gone, and its socket too."""
        self._ending = True
        self.connect().close()
        self._thread.join(30)
        self._listening.close()
        self.path.unlink()
