"""DIR/control.sock: the CLI's way into the running box, one JSON object a line each way, as `control.requests` has
them. Where the disk takes no socket it has a name of its own, without a file."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from .accepting import ListeningSocket
from .config import CONTROL_SOCKET
from .control import Box, VerbError, requests, run
from .control.configuration import LONGEST
from .local_socket import name_beside, user_of

LONGEST_LINE = 2 * LONGEST
"""Bytes of one request: JSON writes the ends of lines, and quotes, as two."""
CLIENTS = 32
"""Open at once; more are told so and closed."""
IDLE = 300.0
"""Seconds in which a client has to finish its next request."""

_log = logging.getLogger(__name__)


class ControlSocket:
    """Answers on the loop, with the verbs of `control`."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._path: Path | None = None
        self._server: asyncio.AbstractServer | None = None
        self._clients: set[asyncio.StreamWriter] = set()

    async def start(self, directory: Path) -> None:
        """Listens; the caller holds the directory's lock, so that a socket that is there is nobody's. Where it cannot,
        phones are served all the same."""
        path = directory / CONTROL_SOCKET
        try:
            listening = self._listen(directory, path)
        except OSError as error:
            _log.warning("the commands of `frontdesk` do not reach the box: %s: %s", path, error.strerror)
            return
        # Python 3.13 would look for the socket's file, by a name that only _listening_in could use.
        options: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=LONGEST_LINE, **options)

    def _listen(self, directory: Path, path: Path) -> socket.socket:
        try:
            path.unlink(missing_ok=True)
            listening = _listening_in(directory)
        except OSError:
            return _listening(name_beside(directory))
        self._path = path
        return listening

    async def close(self) -> None:
        """Stops listening and hangs up on those who are connected."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._clients):
            writer.close()
        if self._path is not None:
            with suppress(OSError):  # A disk that takes nothing any more; whoever starts next finds it to be nobody's.
                self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            if (user := user_of(writer.get_extra_info("socket"))) not in (os.geteuid(), 0):
                await _send(writer, {"error": f"The user {user} may not ask this box."})
            elif len(self._clients) > CLIENTS:
                await _send(writer, {"error": "Too many clients are connected."})
            else:
                await self._converse(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # The client is gone, or has to go.
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._box.admin.first_boot.renew()  # Whoever can connect is at the box, and may be shown the code.
        while True:
            try:
                line = await asyncio.wait_for(reader.readuntil(b"\n"), IDLE)
            except asyncio.LimitOverrunError:
                await _send(writer, {"error": f"A request has at most {LONGEST_LINE} bytes."})
                return
            await _send(writer, await self._answer(line))

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            verb, arguments = requests.read(line)
        except VerbError as error:
            return {"error": str(error)}
        return await requests.answered(run(self._box, verb, arguments))


async def _send(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(json.dumps(answer).encode() + b"\n")
    await asyncio.wait_for(writer.drain(), IDLE)


def _listening_in(directory: Path) -> socket.socket:
    """A listening socket of mode 0600 from its first moment."""
    # A socket's path has at most 107 bytes; by way of the open directory any directory will do.
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    mask = os.umask(0o177)
    try:
        return _listening(f"/proc/self/fd/{descriptor}/{CONTROL_SOCKET}")
    finally:
        os.umask(mask)
        os.close(descriptor)


def _listening(address: str) -> socket.socket:
    listening = ListeningSocket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(address)
        listening.listen(CLIENTS)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening
