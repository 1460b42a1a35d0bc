"""The panel's end of the line to the box (firmware/panel_link/README.md)."""

import pins
from machine import UART, Pin
from micropython import const
from release import RELEASE

from panel_link import channels
from panel_link.frames import Frame
from panel_link.receiving import Receiver
from panel_link.stream import Stream

_PIECE = const(64)
_AGAIN = const(5000)
"""Milliseconds between two greetings of a box that does not answer."""
_NO_BOX = const(-1)
_QUIET = const(15000)
"""Milliseconds without a word, and the box is greeted anew: it may have been started again."""
_CLOCK = const(0x3FFFFFFF)
SILENT = 60000
"""Milliseconds without a word, and people are told."""
_RESET_TRIES = const(5)


class Link:
    """Keeps what the box has told last; time is in milliseconds that wrap around."""

    def __init__(self, now: int, number: int) -> None:
        self._uart = UART(pins.UART, baudrate=pins.BAUDRATE, tx=Pin(pins.TX), rx=Pin(pins.RX), timeout=0, rxbuf=2048)
        self._receiver = Receiver()
        self._buffer = bytearray(_PIECE)
        self._answers = bytearray()
        self.stream = Stream(number)
        self._instance = number
        self._box = _NO_BOX
        """The instance that greeted last."""
        self.typed = bytearray()
        """For the USB port."""
        self.status: channels.Status | None = None
        self.note = ""
        """What the box says to what was asked of it."""
        self.lines: list[str] = []
        """The last lines of its log."""
        self.version = channels.VERSION
        """Of the box's line."""
        self.box_release = "?"
        self._started_at = now
        self._heard_at = now
        self._heard = False
        self._greeted_at = now - _AGAIN
        self._reset_id = 0
        self._reset_times = 0
        self._reset_at = 0

    # -- what the panel asks -------------------------------------------------------------------------------------------

    def silence(self, now: int) -> int:
        """Milliseconds since the last word, or since the start."""
        return (now - self._heard_at) & _CLOCK

    @property
    def has_heard(self) -> bool:
        """The box has said something since the panel was started."""
        return self._heard

    def ask_reset(self, now: int) -> None:
        """Asks for a factory reset; the box answers with a note."""
        self.note = ""
        self._reset_id = self._reset_id % 65535 + 1
        self._reset_times = 0
        self._reset_at = now - _AGAIN

    @property
    def is_resetting(self) -> bool:
        """The box has not answered yet."""
        return self._reset_times < _RESET_TRIES and self._reset_id > 0 and not self.note

    # -- its turn ------------------------------------------------------------------------------------------------------

    def turn(self, now: int) -> None:
        """Reads what is there and sends what is due; called often."""
        self.read(now)
        if (not self._heard or self.silence(now) > _QUIET) and (now - self._greeted_at) & _CLOCK >= _AGAIN:
            self._greeted_at = now
            self._say_hello()
        if self.is_resetting and (now - self._reset_at) & _CLOCK >= 2000:
            self._reset_at = now
            self._reset_times += 1
            self._send(Frame(channels.RESET, self._reset_id))
        due = self.stream.due(now)
        if due is not None:
            self._send(due)

    def read(self, now: int) -> None:
        """Takes what has come; nothing is allocated but for a frame that is complete."""
        while True:
            count = self._uart.readinto(self._buffer)
            if not count:
                return
            for place in range(count):
                if self._receiver.receive(self._buffer[place]):
                    self._take(now)

    def _take(self, now: int) -> None:
        frame = self._receiver.take()
        if frame is None or not channels.BOX_HELLO <= frame.type <= channels.NOTE:
            return
        self._heard = True
        self._heard_at = now
        if frame.type == channels.STATUS:
            self.status = channels.read_status(frame.payload) or self.status
        elif frame.type == channels.BOX_HELLO:
            self._greet(frame)
        elif frame.type == channels.LOG:
            self.lines = self.lines[-15:] + [channels.text(frame.payload)]
        elif frame.type == channels.NOTE:
            self.note = channels.text(frame.payload)
        elif frame.type == channels.TAKEN:
            self.stream.taken(frame.id)
        elif frame.type == channels.CONSOLE:
            data, taken = self.stream.receive(frame)
            self.typed += data
            self._send(taken)

    def _greet(self, frame: Frame) -> None:
        known = channels.read_hello(frame.payload)
        if known is not None:
            self.version, instance, self.box_release = known
            if self._box not in (instance, _NO_BOX):
                self.stream.reset()
            if self._box != instance:
                self.lines = []
            self._box = instance
        if frame.id == 0:  # The box has just started, and does not know that a panel is here.
            self._say_hello()

    def _say_hello(self) -> None:
        self._send(Frame(channels.PANEL_HELLO, 1, channels.hello(RELEASE, self._instance)))

    def _send(self, frame: Frame) -> None:
        self._uart.write(frame.encode())
