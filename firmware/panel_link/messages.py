"""The frames' types and the layout of their payloads, for both ends (README.md)."""

import struct

VERSION = 1
"""Goes up when an older end could misunderstand a newer one."""
MAGIC = b"FDL"
LOG_IN = "Log in first."
"""The sentence of REFUSED, and of a box's answer, where a login helps."""

GREET = 0x01
PUT = 0x02
GET = 0x03
LEAVE = 0x04
"""What is asked; the answer has the same id."""

GREETING = 0x81
HAVE = 0x82
PIECE = 0x83
LEFT = 0x84
WAIT = 0x85
UNKNOWN = 0x86
REFUSED = 0x87
DAMAGED = 0x88
"""What is answered."""

HELLO = ">3sB"
GREETING_HEAD = ">BHI"
"""Version, longest payload, instance; then the name of the box."""
PUT_HEAD = ">IIII"
"""Exchange, length and CRC-32 of the whole, offset; then the bytes."""
HAVE_HEAD = ">II"
"""Exchange, bytes that are there."""
GET_HEAD = ">IIH"
"""Exchange, offset, bytes at most."""
PIECE_HEAD = ">IIII"
"""As PUT_HEAD."""
EXCHANGE = ">I"


def split(head: str, payload: bytes) -> "tuple[tuple[int, ...], bytes] | None":
    """The numbers at the payload's beginning and the bytes behind them; None where it is too short."""
    length = struct.calcsize(head)
    if len(payload) < length:
        return None
    return struct.unpack(head, payload[:length]), payload[length:]
