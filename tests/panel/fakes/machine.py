"""What the Pico's pins, buses and UART are on a computer: ttys and files that the test names in the environment."""

import os
import select


def environ(name: str) -> str:
    return os.getenv("PANEL_" + name) or ""


class Pin:
    IN, OUT, PULL_UP = 0, 1, 2

    def __init__(self, number: int, mode: int = -1, pull: int = -1) -> None:
        self.number = number

    def value(self) -> int:
        """0: pressed. The test keeps the numbers of the pressed ones in a file."""
        try:
            with open(environ("BUTTONS")) as file:
                return 0 if str(self.number) in file.read().split() else 1
        except OSError:
            return 1


class I2C:
    """A bus with one SSD1306 on it: understands the commands that place data, and keeps the picture in a file."""

    def __init__(self, number: int, *, sda: Pin, scl: Pin, freq: int) -> None:
        self._ram = bytearray(1024)

    def writeto(self, address: int, data: bytes) -> None:
        assert address == 0x3C and data[0] == 0x80 and len(data) == 2

    def writevto(self, address: int, parts: "list[bytes]") -> None:
        assert address == 0x3C and parts[0] == b"\x40" and len(parts[1]) == 1024
        self._ram[:] = parts[1]
        self._save()

    def _save(self) -> None:
        rows = bytearray(1024)
        for y in range(64):
            for x in range(128):
                if self._ram[(y >> 3) * 128 + x] >> (y & 7) & 1:
                    rows[y * 16 + (x >> 3)] |= 0x80 >> (x & 7)
        name = environ("PICTURE")
        with open(name + ".new", "wb") as file:
            file.write(b"P4\n128 64\n" + rows)
        os.rename(name + ".new", name)


class UART:
    """A tty. A stream of the unix port waits for all that is asked, so it is read byte by byte behind a poll."""

    def __init__(self, number: int, **wiring: object) -> None:
        self._open(environ("UART"))

    def _open(self, path: str) -> None:
        self._tty = open(path, "r+b", buffering=0)  # noqa: SIM115 - for as long as the Pico has power
        self._poll = select.poll()
        self._poll.register(self._tty, select.POLLIN)

    def readinto(self, buffer: bytearray) -> int:
        count = 0
        while count < len(buffer) and self._poll.poll(0):
            byte = self._tty.read(1)
            if not byte:
                break
            buffer[count] = byte[0]
            count += 1
        return count

    def write(self, data: bytes) -> int:
        self._tty.write(data)
        return len(data)
