"""What box and front panel send each other of their own accord: the frames' types and layouts (README.md)."""

import struct

VERSION = 1
"""Goes up when an older end could misunderstand a newer one."""
MAGIC = b"FDP"

PANEL_HELLO = 0x41
BOX_HELLO = 0x42
STATUS = 0x43
BUTTON = 0x44
LOG = 0x45
CONSOLE = 0x46
TAKEN = 0x47
RESET = 0x48
NOTE = 0x49

_HELLO = ">3sBH"
_STATUS = ">HHB"
LONGEST_STATUS = 512
"""Bytes of a status; alarms that do not fit are left out, the last first."""
LONGEST_LOG = 160
"""Bytes of one line."""
IS_PROVISIONED = 1
"""A bit of the status: there is an admin password."""


def hello(release: str, instance: int) -> bytes:
    """Either end's greeting; `instance`: 16 bits, others each time that it starts."""
    return struct.pack(_HELLO, MAGIC, VERSION, instance) + release.encode()[:32]


def read_hello(payload: bytes) -> "tuple[int, int, str] | None":
    """Version, instance and release of the other end; None: it speaks something else."""
    length = struct.calcsize(_HELLO)
    if len(payload) < length:
        return None
    magic, version, instance = struct.unpack(_HELLO, payload[:length])
    return (version, instance, text(payload[length:])) if magic == MAGIC else None


class Status:
    """What the panel shows."""

    __slots__ = ("address", "alarms", "calls", "code", "flags", "name", "phones")

    def __init__(
        self,
        name: str = "",
        address: str = "",
        code: str = "",
        alarms: "tuple[str, ...]" = (),
        phones: int = 0,
        calls: int = 0,
        flags: int = 0,
    ) -> None:
        self.name = name
        self.address = address
        """Where the box is reached, or why it is not."""
        self.code = code
        """The first-boot code, while there is one."""
        self.alarms = alarms
        self.phones = phones
        """Registered."""
        self.calls = calls
        """Ringing or answered."""
        self.flags = flags

    def encode(self) -> bytes:
        """The payload of STATUS."""
        lines = [self.name, self.address, self.code]
        for alarm in self.alarms:
            if len("\n".join(lines).encode()) + len(alarm.encode()) >= LONGEST_STATUS - struct.calcsize(_STATUS):
                break
            lines.append(alarm)
        head = struct.pack(_STATUS, min(self.phones, 65535), min(self.calls, 65535), self.flags)
        return head + "\n".join([line.replace("\n", " ") for line in lines]).encode()


def read_status(payload: bytes) -> "Status | None":
    """What STATUS says; None: it is too short."""
    length = struct.calcsize(_STATUS)
    lines = text(payload[length:]).split("\n")
    if len(payload) < length or len(lines) < 3:
        return None
    phones, calls, flags = struct.unpack(_STATUS, payload[:length])
    return Status(lines[0], lines[1], lines[2], tuple(lines[3:]), phones, calls, flags)


def text(data: bytes) -> str:
    """UTF-8 as it can be read; one bad byte makes all of it ASCII (MicroPython has no error handlers)."""
    try:
        return bytes(data).decode()
    except UnicodeError:
        return "".join([chr(byte) if byte < 128 else "?" for byte in data])
