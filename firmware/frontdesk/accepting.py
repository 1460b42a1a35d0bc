"""Sockets that listen, while the computer is out of files or memory for connections (accept(2))."""

from __future__ import annotations

import errno
import os
import socket
import time

SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""What asyncio waits a second for, and tries again."""
PAUSE = 0.2
"""Seconds until a thread tries again."""


class ListeningSocket(socket.socket):
    """asyncio goes on asking in that case, as often as its backlog says, and comes back in a second for each of them
    (https://github.com/python/cpython/issues/151615): a second later nothing else is done, and the log fills the disk.
    It stops where nobody waits, so that is what it hears next."""

    _is_short = False

    def accept(self) -> tuple[socket.socket, object]:
        """As of any socket. Raises OSError."""
        if self._is_short:
            self._is_short = False
            raise _nobody()
        try:
            return super().accept()
        except OSError as error:
            self._is_short = error.errno in SHORT
            raise


class PatientSocket(socket.socket):
    """For a thread that listens there: cheroot would try again at once, and tell each time."""

    def accept(self) -> tuple[socket.socket, object]:
        """As of any socket, which does not block. Raises OSError."""
        try:
            return super().accept()
        except OSError as error:
            if error.errno not in SHORT:
                raise
            time.sleep(PAUSE)
            raise _nobody() from None


def _nobody() -> BlockingIOError:
    return BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
