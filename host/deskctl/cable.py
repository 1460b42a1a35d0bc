"""A serial cable by pyserial, that may be pulled and plugged in again."""

from __future__ import annotations

import errno
import os
import time
from typing import Any

import serial

from panel_link.asking import Port

BAUD = 115_200
FASTEST = 4_000_000
"""The highest speed that Linux has a name for."""
BITS = 10
"""On the line for a byte: start, eight, stop."""
WRITE_TIME = 5.0
"""Seconds for one frame; a line that takes none is gone."""
PAUSE = 0.2
"""Seconds between two tries to open."""

CURES = {
    errno.EAGAIN: "another program has it open; end that first",
    errno.EBUSY: "another program has it open; end that first",
    errno.EACCES: "this user may not; on Linux the group dialout may (`sudo adduser NAME dialout`, log in anew)",
}
"""What is said of errors that a person can mend."""


class CableGone(OSError):
    """It cannot be opened, or was pulled; the text is one sentence."""


class Cable(Port):
    """`url`: a device such as /dev/ttyUSB0 or COM3, or what else pyserial's serial_for_url takes."""

    def __init__(self, url: str, baud: int = BAUD) -> None:
        self.url = url
        self.baud = baud
        self.byte_time = BITS / baud
        self.line: Any = None

    def open(self, patience: float = 0.0) -> None:
        """Tries until it is there. Raises CableGone."""
        until = self.now() + patience
        while True:
            try:
                # Two that read one line get half of what comes each.
                self.line = serial.serial_for_url(
                    self.url, baudrate=self.baud, write_timeout=WRITE_TIME, exclusive=True
                )
                return
            except (OSError, ValueError) as error:  # ValueError: an address or a speed that cannot be.
                if self.now() >= until or isinstance(error, ValueError):
                    raise CableGone(f"{self.url} cannot be opened: {_reason(error)}.") from None
            time.sleep(PAUSE)

    def close(self) -> None:
        """Lets go."""
        line, self.line = self.line, None
        if line is not None:
            line.close()

    def write(self, data: bytes) -> None:
        """Sends. Raises CableGone."""
        try:
            self._open_line().write(data)
        except OSError:
            raise CableGone(f"{self.url} is gone.") from None

    def read(self, seconds: float) -> bytes:
        """What has come, at the latest after `seconds`. Raises CableGone."""
        line = self._open_line()
        try:
            line.timeout = seconds
            first: bytes = line.read(1)
            return first + line.read(line.in_waiting) if first else b""
        except OSError:
            raise CableGone(f"{self.url} is gone.") from None

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def _open_line(self) -> Any:
        if self.line is None:
            raise CableGone(f"{self.url} is not open.")
        return self.line


def _reason(error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code:
        return CURES.get(code, os.strerror(code).lower())
    return str(error).rstrip(".")
