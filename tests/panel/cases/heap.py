"""Bytes are received with the heap locked: no interrupt of the collector can lose any."""

import link
import micropython

from panel_link import channels
from panel_link.frames import Frame

sent = Frame(channels.STATUS, 0, channels.Status("office", "192.0.2.10", phones=5).encode()).encode()
noise = bytes([7, 0, 3, 3, 0]) + bytes(range(1, 256)) * 6


class Fed:
    """A UART with these bytes in it."""

    def __init__(self, *_: object, **__: object) -> None:
        self.data = b""
        self.place = 0

    def feed(self, data: bytes) -> None:
        self.data = data
        self.place = 0

    def readinto(self, buffer: bytearray) -> int:
        count = 0
        while count < len(buffer) and self.place < len(self.data):
            buffer[count] = self.data[self.place]
            count += 1
            self.place += 1
        return count

    def write(self, data: bytes) -> None:
        """Nobody hears it."""


link.UART = Fed
one = link.Link(0, 1)
one._uart.feed(noise[5:] + sent[:-1])  # a frame that is too long, and all of another but its last byte
micropython.heap_lock()
one.read()
micropython.heap_unlock()
assert one.status is None
one._uart.feed(sent[-1:])
one.turn(40)
assert one.status.name == "office" and one.status.phones == 5
one.turn(1040)
assert one.silence == 1000
print("ok")  # noqa: T201 - the test reads it
