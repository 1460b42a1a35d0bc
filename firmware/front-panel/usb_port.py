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
        if HAS_PORT:
            self._port = CDCInterface()
            self._port.init(timeout=0)
            usb.device.get().init(self._port, builtin_driver=True)
        else:
            self._port = None
            self._poll = select.poll()
            self._poll.register(sys.stdin, select.POLLIN)

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
