"""Whoever pulls the USB cable or closes the terminal has left, once; who comes next is at another panel to the box."""

import leds
import link
import usb_port
from panel import Panel
from uart import Line
from usb.device import cdc
from usb_port import UsbPort


class Port:
    """What a computer has said of the cable."""

    dtr = False
    is_there = False

    def init(self, timeout: int) -> None:
        pass

    def is_open(self) -> bool:
        return self.is_there


def left(is_there: bool, dtr: bool) -> bool:
    Port.is_there, Port.dtr = is_there, dtr
    return port.was_left()


assert usb_port.HAS_PORT and usb_port.CDCInterface is cdc.CDCInterface
usb_port.CDCInterface = Port
port = UsbPort()
assert not left(False, False) and not left(True, False) and not left(True, True), "somebody comes"
assert left(True, False), "the terminal is closed"
assert not left(True, False), "once"
assert not left(True, True)
assert left(False, True), "another computer resets the port, and nobody took its DTR back"
assert not left(True, True)
usb_port.HAS_PORT = False
assert not UsbPort().was_left()

usb_port.HAS_PORT = True
link.UART, leds.HAS_LIGHT = Line, False
Port.readinto = lambda port, buffer: 0
Port.is_there, Port.dtr = True, True
front = Panel(0, 7)
front.turn(0)
Port.dtr = False
front.turn(2)
assert front.link._instance == 8, "the box hears of it"
print("ok")  # noqa: T201 - the test reads it
