"""Panel and box find each other whatever is lost between them, and a question is asked until it is answered."""

import link
from link import SILENT, Link
from uart import Line

from panel_link import channels
from panel_link.frames import Frame, FrameReader


def said(seconds: float, *frames: Frame) -> "list[tuple[int, int]]":
    """Types and ids of what the panel says to this, so many seconds after its start."""
    line.sent, line.coming = b"", b"".join([frame.encode() for frame in frames])
    panel.turn(int(seconds * 1000))
    return [(frame.type, frame.id) for frame in FrameReader().read(line.sent)]


def hello(instance: int, id: int = 1) -> Frame:
    return Frame(channels.BOX_HELLO, id, channels.hello("0.1.0", instance))


GREETS = (channels.PANEL_HELLO, 1)
STATUS = Frame(channels.STATUS, 0, channels.Status("office", "192.0.2.10").encode())

link.UART = Line
panel = Link(0, 7)
line = panel._uart
assert said(0) == [GREETS]
assert said(2, STATUS) == [], "it has asked just now"
assert said(5, STATUS) == [GREETS], "its greeting may have been lost: a status is no answer"
assert said(6, hello(1)) == []
assert said(11, STATUS) == said(16, STATUS) == [], "they know each other"
assert said(17, hello(2, 0)) == [GREETS], "the box has begun anew"
assert said(18, Frame(channels.CONSOLE, 9, b"x")) == [(channels.TAKEN, 9)] and panel.typed == b"x"
assert said(19, Frame(channels.CONSOLE, 9, b"x")) == [(channels.TAKEN, 9)] and panel.typed == b"x", "it came twice"
panel.typed = bytearray(2048)
assert said(20, Frame(channels.CONSOLE, 10, b"y")) == [], "nobody reads the USB port: there is no room"
panel.typed = bytearray()

panel.ask_reset(20_000)
assert said(20) == [(channels.BUTTON, 1)]
assert said(21, Frame(channels.NOTE, 5, b"of another")) == [] and not panel.note
assert said(22) == [(channels.BUTTON, 1)]
assert said(24, Frame(channels.NOTE, 1, b"It is done.")) == [] and panel.note == "It is done."
assert said(26) == []

panel.begin_anew()
line.sent, line.coming = b"", b""
panel.turn(26_002)
(greeting,) = FrameReader().read(line.sent)
assert greeting.type == channels.PANEL_HELLO and channels.read_hello(greeting.payload)[1] == 8, "as another panel's"
assert said(26.05, Frame(channels.CONSOLE, 11, b"z")) == [] and not panel.typed, "for whoever has left"
assert said(26.1, hello(2)) == []
assert said(26.2, Frame(channels.CONSOLE, 11, b"z")) == [(channels.TAKEN, 11)] and panel.typed == b"z"
panel.typed = bytearray()

assert said(42) == [GREETS] and not panel.is_silent, "15 s without a word"
assert said(44) == [] and said(47) == [GREETS]
said(26 + SILENT // 1000 + 1)
assert panel.is_silent
for day in range(1, 14):  # the clock begins anew after twelve days
    said((day * 86400 * 1000 & 0x3FFFFFFF) / 1000)
    assert panel.is_silent
said(9, STATUS)
assert not panel.is_silent
print("ok")  # noqa: T201 - the test reads it
