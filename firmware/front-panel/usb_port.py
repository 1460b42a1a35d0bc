"""The USB port: a serial port of its own beside MicroPython's, or MicroPython's where there is no other."""

import select
import sys

from micropython import const

try:
    import usb.device
    from usb.device.cdc import CDCInterface

    HAS_PORT = True
except ImportError:  # Without the package of micropython-lib MicroPython's own port carries the console.
    HAS_PORT = False

_PIECE = const(64)


class UsbPort:
    """Bytes; neither reading nor writing waits."""

    def __init__(self) -> None:
        self._buffer = bytearray(_PIECE)
        self._view = memoryview(self._buffer)
        self._was_open = self._was_used = False
        if HAS_PORT:
            self._port = CDCInterface()
            self._port.init(timeout=0)
            usb.device.get().init(self._port, builtin_driver=True)
        else:
            self._port = None
            self._poll = select.poll()
            self._poll.register(sys.stdin, select.POLLIN)

    def was_left(self) -> bool:
        """Whether since the last time the cable was pulled, which the next computer's reset tells, or whoever had
        opened the port has closed it (DTR)."""
        if self._port is None:
            return False
        was_open, was_used = self._was_open, self._was_used
        self._was_open, self._was_used = self._port.is_open(), self._port.dtr
        return (was_open and not self._was_open) or (was_used and not self._was_used)

    def read(self) -> bytes:
        """What was typed."""
        if self._port is not None:
            count = self._port.readinto(self._buffer) or 0
            return bytes(self._view[:count])
        typed = b""
        # One at a time: a read of more would wait for all of them.
        while len(typed) < _PIECE and self._poll.poll(0):
            byte = sys.stdin.buffer.read(1)
            if not byte:
                break
            typed += byte
        return typed

    def write(self, data: bytes) -> int:
        """How much of it was taken."""
        if self._port is not None:
            return self._port.write(data) or 0
        sys.stdout.buffer.write(data)
        return len(data)
