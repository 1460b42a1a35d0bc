"""Frames on a serial line: a zero, COBS of type, id, length, payload and CRC-32, and a zero again (README.md)."""

import struct
from binascii import crc32

from . import cobs

LONGEST_PAYLOAD = 1024
"""Bytes; a frame of that length takes a tenth of a second at 115200 baud."""
_HEAD = ">BHH"
_HEAD_LENGTH = 5
_CRC_LENGTH = 4
LONGEST_CODED = _HEAD_LENGTH + LONGEST_PAYLOAD + _CRC_LENGTH + 6
"""COBS adds one byte, and one more for each 254."""


class Frame:
    """One frame; `id` is chosen by who asks and stands in the answer too."""

    __slots__ = ("id", "payload", "type")

    def __init__(self, type: int, id: int, payload: bytes = b"") -> None:
        self.type = type
        self.id = id
        self.payload = payload

    def encode(self) -> bytes:
        """As it goes over the line."""
        content = struct.pack(_HEAD, self.type, self.id, len(self.payload)) + self.payload
        return b"\0" + cobs.encode(content + struct.pack(">I", crc32(content))) + b"\0"


def decode(coded: bytes) -> "Frame | None":
    """What stood between two zeros; None: it was damaged."""
    try:
        content = cobs.decode(coded)
    except ValueError:
        return None
    length = len(content) - _HEAD_LENGTH - _CRC_LENGTH
    if length < 0 or struct.unpack(">I", content[-_CRC_LENGTH:])[0] != crc32(content[:-_CRC_LENGTH]):
        return None
    type, id, told = struct.unpack(_HEAD, content[:_HEAD_LENGTH])
    return Frame(type, id, content[_HEAD_LENGTH:-_CRC_LENGTH]) if told == length else None


class FrameReader:
    """Finds the frames in a stream, however it is cut; its memory is bounded by the longest frame."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._too_long = False

    def read(self, data: bytes) -> "list[Frame | None]":
        """The frames that are complete now; None stands for each that was damaged."""
        found = []
        pieces = bytes(data).split(b"\0")
        for piece in pieces[:-1]:
            self._keep(piece)
            if self._waiting or self._too_long:
                found.append(None if self._too_long else decode(bytes(self._waiting)))
            self._waiting = bytearray()
            self._too_long = False
        self._keep(pieces[-1])
        return found

    def _keep(self, piece: bytes) -> None:
        if self._too_long or len(self._waiting) + len(piece) > LONGEST_CODED:
            self._too_long = True
            self._waiting = bytearray()
        else:
            self._waiting += piece
