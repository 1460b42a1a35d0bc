"""Bytes that arrive once and in order over a line that loses frames: one frame at a time, sent until it is taken."""

from .channels import CONSOLE, TAKEN
from .frames import Frame

SHORTEST, LONGEST = 16, 128
"""Bytes of a piece: half as many after each that had to be sent again, twice as many after one that had not.
128 take 13 ms at 115200 baud, so that the status is never far behind."""
RESEND = 120
"""Milliseconds without TAKEN."""
MOST_WAITING = 4096
"""Bytes; who writes more has to wait."""
GIVES_UP = 50
"""Times that one piece is sent; then nobody is there, and what waits is dropped."""
_LAST_NUMBER = 65535
_CLOCK = (1 << 30) - 1
"""Where MicroPython's milliseconds begin anew."""


class Stream:
    """One end; `now` is in whole milliseconds of either runtime's clock."""

    def __init__(self, number: int) -> None:
        """`number`: where the pieces' numbers begin, 0 to 65535, another after each start: an end that has not heard of
        the restart must not take the first new piece for its last old one.
        """
        self._number = number
        self.reset()

    def reset(self) -> None:
        """The other end has begun anew, and will not take what was meant for the one before."""
        self._waiting = bytearray()
        self._unacknowledged: Frame | None = None
        self._sent_at = 0
        self._times = 0
        self._length = LONGEST
        self._heard = 0
        """The number of the last piece that came; 0: none."""

    @property
    def room(self) -> int:
        """Bytes that can be written."""
        return MOST_WAITING - len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """All that was written has arrived."""
        return self._unacknowledged is None and not self._waiting

    def write(self, data: bytes) -> None:
        """Sends in its turn; look at `room` first, what is more is kept all the same."""
        self._waiting += data

    def drop(self) -> None:
        """What waits is not sent; a piece that is on its way arrives."""
        self._waiting = bytearray()

    def due(self, now: int) -> "Frame | None":
        """A frame that is to be sent now."""
        if self._unacknowledged is not None:
            if (now - self._sent_at) & _CLOCK < RESEND:
                return None
            if self._times >= GIVES_UP:
                self._waiting = bytearray()
                self._unacknowledged = None
                return None
        elif self._waiting:
            self._number = self._number % _LAST_NUMBER + 1
            piece = bytes(self._waiting[: self._length])
            self._waiting = self._waiting[self._length :]
            self._unacknowledged = Frame(CONSOLE, self._number, piece)
            self._times = 0
        else:
            return None
        self._times += 1
        self._sent_at = now
        return self._unacknowledged

    def taken(self, number: int) -> None:
        """TAKEN came."""
        if self._unacknowledged is not None and self._unacknowledged.id == number:
            self._unacknowledged = None
            again = self._times > 1
            self._length = max(SHORTEST, self._length // 2) if again else min(LONGEST, self._length * 2)

    def receive(self, frame: Frame) -> "tuple[bytes, Frame]":
        """What is new of a piece that came, and the TAKEN for it."""
        new = frame.payload if frame.id != self._heard else b""
        self._heard = frame.id
        return new, Frame(TAKEN, frame.id)
