"""Where Ctrl-C ends the panel's program, its display says so and its light is dark."""

import os

import leds
import link
import panel


class Quiet:
    """A UART, or a USB port, at whose other end nobody is."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def readinto(self, buffer: bytearray) -> int:
        return 0

    def read(self) -> bytes:
        return b""

    def write(self, data: bytes) -> int:
        return len(data)

    def was_left(self) -> bool:
        return False


class Pixel:
    """The light; of all of them the last colour."""

    seen = leds.DARK

    def __init__(self, *_: object) -> None:
        pass

    def __setitem__(self, place: int, colour: "tuple[int, int, int]") -> None:
        Pixel.seen = colour

    def write(self) -> None:
        pass


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


link.UART = Quiet
panel.UsbPort = Quiet
leds.NeoPixel = Pixel
front = panel.Panel(0, 7)
front.turn(200)
assert Pixel.seen == leds.WAITING
front.stop()
assert Pixel.seen == leds.DARK
assert read(os.getenv("PANEL_PICTURE") or "") == read((os.getenv("PANEL_STORED") or "") + "/stopped.pbm")
print("ok")  # noqa: T201 - the test reads it
