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
NOTE = 0x48

FACTORY_RESET = b"\1"
"""What BUTTON asks for."""
_HELLO = ">3sBH"
_STATUS = ">HH"
LONGEST_STATUS = 768
"""Bytes of a status; alarms that do not fit are counted, the last ones."""
LONGEST_LOG = 960
"""Bytes of the last lines."""
LONGEST_LINE = 240
"""Letters of each."""


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

    __slots__ = ("address", "alarms", "calls", "code", "fingerprint", "name", "page", "phones")

    def __init__(
        self,
        name: str = "",
        address: str = "",
        code: str = "",
        page: str = "",
        fingerprint: str = "",
        alarms: "tuple[str, ...]" = (),
        phones: int = 0,
        calls: int = 0,
    ) -> None:
        self.name = name
        self.address = address
        """Where the box is reached, or why it is not."""
        self.code = code
        """The first-boot code, while there is one."""
        self.page = page
        """The setup page's URL; empty: it is off."""
        self.fingerprint = fingerprint
        """Of the certificate that browsers show, in hex digits; empty: the page needs none."""
        self.alarms = alarms
        """What is wrong, a sentence or two each."""
        self.phones = phones
        """Registered."""
        self.calls = calls
        """Ringing or answered."""

    @property
    def has_address(self) -> bool:
        """What is said of the address is one, and not why there is none."""
        return " " not in self.address

    def encode(self) -> bytes:
        """The payload of STATUS."""
        told = struct.pack(_STATUS, min(self.phones, 65535), min(self.calls, 65535))
        told += b"\n".join([_line(text) for text in (self.name, self.address, self.code, self.page, self.fingerprint)])
        for count, alarm in enumerate(self.alarms):
            more = b"\nAnd %d more." % (len(self.alarms) - count)
            line = b"\n" + _line(alarm)
            if len(told) + len(line) + len(more) > LONGEST_STATUS:
                return told + more
            told += line
        return told


def read_status(payload: bytes) -> "Status | None":
    """What STATUS says; None: it is too short."""
    length = struct.calcsize(_STATUS)
    lines = text(payload[length:]).split("\n")
    if len(payload) < length or len(lines) < 5:
        return None
    phones, calls = struct.unpack(_STATUS, payload[:length])
    name, address, code, page, fingerprint = lines[:5]
    return Status(name, address, code, page, fingerprint, tuple(lines[5:]), phones, calls)


def log(lines: "list[str]") -> bytes:
    """The payload of LOG: as many of the last lines as it bears."""
    told = b""
    for line in reversed(lines):
        longer = _line(line[:LONGEST_LINE]) + (b"\n" + told if told else b"")
        if len(longer) > LONGEST_LOG:
            break
        told = longer
    return told


def read_log(payload: bytes) -> "list[str]":
    """The lines of LOG, oldest first."""
    return text(payload).split("\n")


def _line(text: str) -> bytes:
    return text.replace("\n", " ").encode()


def text(data: bytes) -> str:
    """UTF-8 as it can be read; one bad byte makes all of it ASCII (MicroPython has no error handlers)."""
    try:
        return bytes(data).decode()
    except UnicodeError:
        return "".join([chr(byte) if byte < 128 else "?" for byte in data])
