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
_GREET = const(5000)
"""Milliseconds between two greetings of a box that does not answer."""
_ASK = const(2000)
"""Milliseconds between two questions to a box that does not answer."""
_NO_BOX = const(-1)
_QUIET = const(15000)
"""Milliseconds without a word, and the box is greeted anew: it may have been started again."""
_LONGEST = const(0x1FFFFFFF)
"""Milliseconds of silence that are counted, six days; the clock itself begins anew after twelve."""
_CLOCK = const(0x3FFFFFFF)
SILENT = 60000
"""Milliseconds without a word, and people are told."""
_MOST_TYPED = const(2048)
"""Bytes for a USB port that nobody reads; the box keeps what is more."""


class Link:
    """Keeps what the box has told last; time is in milliseconds that wrap around."""

    def __init__(self, now: int, number: int) -> None:
        self._uart = UART(pins.UART, baudrate=pins.BAUDRATE, tx=Pin(pins.TX), rx=Pin(pins.RX), timeout=0, rxbuf=2048)
        self._receiver = Receiver()
        self._buffer = bytearray(_PIECE)
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
        """The last of its log."""
        self.version = channels.VERSION
        """Of the box's line."""
        self.box_release = "?"
        self.silence = 0
        """Milliseconds since the last word, or since the start."""
        self._turned_at = now
        self._greeted_at = now - _GREET
        self._question = 0
        self._is_asking = False
        self._asked_at = now

    # -- what the panel asks -------------------------------------------------------------------------------------------

    @property
    def is_silent(self) -> bool:
        """People are to be told."""
        return self.silence >= SILENT

    def ask_reset(self, now: int) -> None:
        """Asks for a factory reset, until the box answers with a note."""
        self.note = ""
        self._question = self._question % 65535 + 1
        self._is_asking = True
        self._asked_at = now - _ASK

    def give_up(self) -> None:
        """Nobody waits for the note any longer."""
        self._is_asking = False

    def begin_anew(self) -> None:
        """Whoever was at the USB port has left: to the box it is another panel's, and what was on its way is nobody's.
        """
        self._instance = self._instance % 65535 + 1
        self._box = _NO_BOX
        self._greeted_at = self._turned_at - _GREET
        self.stream.reset()
        self.typed = bytearray()

    # -- its turn ------------------------------------------------------------------------------------------------------

    def turn(self, now: int) -> None:
        """Reads what is there and sends what is due; called often."""
        self.silence = min(_LONGEST, self.silence + ((now - self._turned_at) & _CLOCK))
        self._turned_at = now
        self.read()
        if (self._box == _NO_BOX or self.silence > _QUIET) and (now - self._greeted_at) & _CLOCK >= _GREET:
            self._greeted_at = now
            self._say_hello()
        if self._is_asking and (now - self._asked_at) & _CLOCK >= _ASK:
            self._asked_at = now
            self._send(Frame(channels.BUTTON, self._question, channels.FACTORY_RESET))
        due = self.stream.due(now)
        if due is not None:
            self._send(due)

    def read(self) -> None:
        """Takes what has come; nothing is allocated but for a frame that is complete."""
        while True:
            count = self._uart.readinto(self._buffer)
            if not count:
                return
            for place in range(count):
                if self._receiver.receive(self._buffer[place]):
                    self._take()

    def _take(self) -> None:
        frame = self._receiver.take()
        if frame is None or not channels.BOX_HELLO <= frame.type <= channels.NOTE:
            return
        self.silence = 0
        if frame.type == channels.STATUS:
            self.status = channels.read_status(frame.payload) or self.status
        elif frame.type == channels.BOX_HELLO:
            self._greet(frame)
        elif frame.type == channels.LOG:
            self.lines = channels.read_log(frame.payload)
        elif frame.type == channels.NOTE:
            if frame.id == self._question and self._is_asking:
                self.note = channels.text(frame.payload)
                self._is_asking = False
        elif frame.type == channels.TAKEN:
            self.stream.taken(frame.id)
        elif frame.type == channels.CONSOLE and self._box != _NO_BOX and len(self.typed) < _MOST_TYPED:
            # What comes before a box has greeted is for whoever has left.
            data, taken = self.stream.receive(frame)
            self.typed += data
            self._send(taken)

    def _greet(self, frame: Frame) -> None:
        known = channels.read_hello(frame.payload)
        if known is not None:
            self.version, instance, self.box_release = known
            if self._box not in (instance, _NO_BOX):
                self.stream.reset()
            self._box = instance
        if frame.id == 0:  # The box has just started, and does not know that a panel is here.
            self._say_hello()

    def _say_hello(self) -> None:
        self._send(Frame(channels.PANEL_HELLO, 1, channels.hello(RELEASE, self._instance)))

    def _send(self, frame: Frame) -> None:
        self._uart.write(frame.encode())
