"""What the box tells systemd of itself: datagrams to the socket that $NOTIFY_SOCKET names (sd_notify(3))."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, MutableMapping

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"


class ServiceManager:
    """systemd, or nobody: then nothing is sent."""

    def __init__(self, environment: MutableMapping[str, str], process: int) -> None:
        """Takes its variables out of `environment`, so that no child speaks for the box; `process`: our own id."""
        self._address = _address(environment.pop("NOTIFY_SOCKET", ""))
        self.watchdog = _watchdog(environment, process)
        """Seconds within which it wants to hear that the box is alive; 0: it does not ask."""

    def tell(self, state: str) -> None:
        """One of the states above. That nobody listens any longer is nobody's fault."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
            try:
                sending.setblocking(False)
                sending.sendto(state.encode("ascii"), self._address)
            except OSError:
                pass


def _address(name: str) -> bytes:
    """A path, or with @ a name in the abstract space (unix(7))."""
    return b"\0" + os.fsencode(name[1:]) if name.startswith("@") else os.fsencode(name)


def _watchdog(environment: Mapping[str, str], process: int) -> float:
    """sd_watchdog_enabled(3): the time counts only for the process that is named."""
    microseconds, meant = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", str(process))
    return int(microseconds) / 1e6 if microseconds.isdecimal() and meant == str(process) else 0.0


def is_service(environment: Mapping[str, str], process: int) -> bool:
    """Whether systemd started this very process (systemd.exec(5), SYSTEMD_EXEC_PID)."""
    return environment.get("SYSTEMD_EXEC_PID") == str(process)
