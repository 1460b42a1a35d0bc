"""A display that comes loose takes nothing else of the panel with it, and shows the picture when it is there again."""

import os

import leds
import link
from display import Display
from machine import I2C
from panel import Panel
from uart import Line

SHOWN = os.getenv("PANEL_PICTURE") or ""
reached = I2C.writeto, I2C.writevto


def gone(*_: object) -> None:
    raise OSError(5)


def picture() -> bytes:
    with open(SHOWN, "rb") as file:
        return file.read()


def draw(text: str) -> None:
    display.clear()
    display.row(3, text)
    display.show()


I2C.writeto = I2C.writevto = gone
display = Display()
draw("one")
I2C.writeto, I2C.writevto = reached
draw("one")
one = picture()
I2C.writevto = gone
draw("two")
assert picture() == one
I2C.writevto = reached[1]
draw("one")
assert picture() == one
draw("two")
assert picture() != one

dark = True


def light(bus: I2C, address: int, data: bytes) -> None:
    """Only a display that is set up is lit: 0xaf is the last of that."""
    global dark
    dark = dark and data[1] != 0xAF
    reached[0](bus, address, data)


I2C.writeto = light  # it had no power for a moment: it answers, and shows nothing
draw("one")
assert dark
display.doubt()
draw("one")
assert not dark and picture() == one

link.UART, leds.HAS_LIGHT = Line, False
os.putenv("PANEL_USB", "/dev/null")
front = Panel(0, 7)
for second in range(60):
    front.turn(1000 * second)
    dark = True
front.turn(60_000)
assert not dark, "nobody can ask a display whether it is lit: it is set up once more each minute"
print("ok")  # noqa: T201 - the test reads it
