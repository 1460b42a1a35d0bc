"""Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): any bytes as bytes without a zero."""

LONGEST_RUN = 254
"""Bytes that one code byte can announce."""


def encode(data: bytes) -> bytes:
    """`data` without zeros: one byte longer, and one more for each 254."""
    encoded = bytearray()
    blocks = bytes(data).split(b"\0")
    last = len(blocks) - 1
    for index, block in enumerate(blocks):
        start = 0
        while len(block) - start >= LONGEST_RUN:
            encoded.append(LONGEST_RUN + 1)
            encoded += block[start : start + LONGEST_RUN]
            start += LONGEST_RUN
        # A full run says that no zero follows, so it needs nothing behind it where the data end.
        if index < last or start < len(block) or not start:
            encoded.append(len(block) - start + 1)
            encoded += block[start:]
    return bytes(encoded)


def decode(encoded: bytes) -> bytes:
    """What was encoded. Raises ValueError for what no encoder makes."""
    data = bytearray()
    position = 0
    if b"\0" in encoded:
        raise ValueError("a zero inside")
    while position < len(encoded):
        code = encoded[position]
        end = position + code
        if end > len(encoded):
            raise ValueError("it ends inside a run")
        data += encoded[position + 1 : end]
        position = end
        if code <= LONGEST_RUN and position < len(encoded):
            data.append(0)
    return bytes(data)
