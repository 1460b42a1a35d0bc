"""`frontdesk-helper`: does for the user frontdesk what only root can do."""

from __future__ import annotations

import grp
import pwd
import sys
from pathlib import Path

from .host import Host
from .machine import Machine
from .server import Server, listen
from .verbs import answer

SOCKET = Path("/run/frontdesk-helper/helper.sock")
NAME = "frontdesk"
"""Of the user who may ask, and of his group."""


def main() -> int:
    """Serves until it is ended; the exit status where it cannot."""
    try:
        user, group = pwd.getpwnam(NAME).pw_uid, grp.getgrnam(NAME).gr_gid
    except KeyError:
        return _complain(f"There is no user {NAME}: `make install` makes it.")
    machine = Machine(Host())
    try:
        listening = listen(SOCKET, group)
    except OSError as error:
        return _complain(f"{SOCKET} cannot be made: {error.strerror}.")
    with listening:
        Server(listening, lambda request: answer(machine, request), frozenset({0, user})).serve()
    return 0


def _complain(sentence: str) -> int:
    sys.stderr.write(f"frontdesk-helper: {sentence}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
