"""Box and panel are powered together: what was confirmed at the panel is asked until the box has started, too."""

import leds
import link
import panel
from panel import ANSWERED, ASKED, SENT, Panel
from uart import Line

from panel_link import channels
from panel_link.frames import Frame, FrameReader


class Contact:
    """A button."""

    down = False

    def value(self) -> int:
        return 0 if self.down else 1


class Unplugged:
    """A USB port."""

    def read(self) -> bytes:
        return b""

    def write(self, data: bytes) -> int:
        return len(data)

    def was_left(self) -> bool:
        return False


link.UART = Line
panel.UsbPort = Unplugged
leds.HAS_LIGHT = False


def pass_(seconds: int) -> None:
    """Time goes by."""
    global now
    for _ in range(seconds * 4):
        now += 250
        front.turn(now)


def ask() -> None:
    """Powered, held, and confirmed by the other button."""
    global front, now
    now = 0
    front = Panel(now, 7)
    for key in front._keys:
        key._pin = Contact()
    for key in front._keys:
        key._pin.down = True
        pass_(4)
        key._pin.down = False
        pass_(1)
        if key is front._keys[0]:
            assert front._reset == ASKED
    assert front._reset == SENT


ask()
pass_(100)
line = front.link._uart
line.sent = b""
pass_(2)
asked = [frame.id for frame in FrameReader().read(line.sent) if frame.type == channels.BUTTON]
assert asked == [1]
line.coming = Frame(channels.NOTE, 1, b"Everything is gone. The box is new.").encode()
pass_(1)
assert front._reset == ANSWERED and front.link.note.startswith("Everything")

ask()
pass_(121)
assert front._reset == ANSWERED and front.link.note == "The box does not answer."
line = front.link._uart
line.sent = b""
pass_(5)
assert not [frame for frame in FrameReader().read(line.sent) if frame.type == channels.BUTTON]

ask()
for is_down in (True, False):
    front._keys[0]._pin.down = is_down
    pass_(1)
assert front._reset == ANSWERED and front.link.note.startswith("Called off")
line = front.link._uart
line.sent = b""
pass_(5)
assert not [frame for frame in FrameReader().read(line.sent) if frame.type == channels.BUTTON]
print("ok")  # noqa: T201 - the test reads it
