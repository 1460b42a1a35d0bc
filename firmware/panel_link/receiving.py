"""Finds frames byte by byte in memory that was taken once: for an end that has little of it."""

from .frames import LONGEST_CODED, Frame, decode


class Receiver:
    """Takes bytes as they come; no byte takes new memory, only a frame that is taken out does."""

    def __init__(self) -> None:
        self._buffer = bytearray(LONGEST_CODED)
        self._length = 0
        self._complete = False
        self._too_long = False

    def receive(self, byte: int) -> bool:
        """True: a frame is complete; take it before the next byte, which else begins a new one."""
        if self._complete:
            self._forget()
        if byte == 0:
            self._complete = self._length > 0 or self._too_long
        elif self._length < LONGEST_CODED:
            self._buffer[self._length] = byte
            self._length += 1
        else:
            self._too_long = True
        return self._complete

    def take(self) -> "Frame | None":
        """The frame that is complete; None: it was damaged."""
        good = self._complete and not self._too_long
        frame = decode(bytes(memoryview(self._buffer)[: self._length])) if good else None
        self._forget()
        return frame

    def _forget(self) -> None:
        self._length = 0
        self._complete = False
        self._too_long = False
