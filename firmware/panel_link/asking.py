"""The end that asks (the laptop): stop and wait, a resend after damage or silence, chunks as long as the line bears."""

import struct
from binascii import crc32

from . import messages
from .frames import LONGEST_PAYLOAD, Frame, FrameReader

ANSWER_TIME = 0.4
"""Seconds that the other end may take for a frame, beside the time on the line."""
GIVES_UP = 10.0
"""Seconds of resending one frame."""
QUIET = 0.02
"""Seconds; what was on its way when something was damaged has come by then, and one resend is enough for all."""
LONGEST_WORK = 120.0
"""Seconds that a request may take."""
SHORTEST_PAUSE = 0.01
LONGEST_PAUSE = 0.3
"""Seconds between two looks whether a request is done."""
SMALLEST = 32
LARGEST = 768
"""Bytes of a chunk: halved after damage, doubled after GOOD_ONES without."""
GOOD_ONES = 4
ANSWER = 0x80
"""The bit of a type that makes it an answer."""
STRANGE = "The other end answers in a way that is not known here."


class LinkError(Exception):
    """The other end does not answer, or not as agreed; the text is one sentence."""


class NoAnswer(LinkError):
    """Nothing came."""


class Anew(LinkError):
    """The box was started anew, or has let go of the request: nobody knows whether it was done."""


class Refused(LinkError):
    """The other end will not take it."""


class Port:
    """A line, and a clock; both ways raise OSError where the cable is gone."""

    byte_time = 0.0
    """Seconds of one byte on the line."""

    def write(self, data: bytes) -> None:
        """Sends."""
        raise NotImplementedError

    def read(self, seconds: float) -> bytes:
        """What has come, at the latest after `seconds`; then maybe nothing."""
        raise NotImplementedError

    def now(self) -> float:
        """Seconds."""
        raise NotImplementedError


class Call:
    """One request on its way; run again with the same object it goes on where it was."""

    def __init__(self, number: int, request: bytes) -> None:
        """`number`: 32 bits that no other call to that box had lately."""
        self.number = number
        self.request = request
        self.sent = 0
        self.answer = bytearray()
        self.total: int | None = None
        """Bytes of the whole answer, once it is known."""

    def moved(self) -> None:
        """Called after each chunk; for progress bars."""


class Asker:
    """Requests over a port."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._reader = FrameReader()
        self._id = 0
        self._size = LARGEST // 2
        self._good = 0
        self.name = ""
        self.instance = 0
        """Differs each time the box starts."""
        self.resent = 0
        """Frames that had to be sent again."""

    def greet(self, patience: float = GIVES_UP) -> None:
        """Finds out who is there. Raises LinkError, OSError."""
        frame = self._ask(messages.GREET, messages.GREETING, patience=patience)
        numbers, name = _split(messages.GREETING_HEAD, frame.payload)
        if numbers[0] != messages.VERSION:
            raise LinkError(f"The other end speaks version {numbers[0]} of the line, not {messages.VERSION}.")
        self.instance = numbers[2]
        try:
            self.name = name.decode()
        except UnicodeError:
            raise LinkError(STRANGE) from None

    def leave(self) -> None:
        """Gives the line back to people."""
        self._ask(messages.LEAVE, messages.LEFT)

    def run(self, call: Call) -> bytes:
        """The answer. Raises LinkError, OSError."""
        if call.total is None:
            self._upload(call)
            self._await(call)
        while call.total is None or len(call.answer) < call.total:
            self._fetch(call)
            call.moved()
        return bytes(call.answer)

    # -- one request ---------------------------------------------------------------------------------------------------

    def _upload(self, call: Call) -> None:
        """Until the other end has all of it; its first answer says what it had already."""
        while True:
            frame = self._ask(messages.PUT, messages.HAVE, call)
            numbers, _ = _split(messages.HAVE_HEAD, frame.payload)
            if numbers[0] != call.number or numbers[1] > len(call.request):
                raise LinkError(STRANGE)
            call.sent = numbers[1]
            call.moved()
            if call.sent == len(call.request):
                return

    def _await(self, call: Call) -> None:
        """Until it is done; the first piece of the answer comes with that."""
        pause = SHORTEST_PAUSE
        until = self._port.now() + LONGEST_WORK
        while self._fetch(call) == messages.WAIT:
            if self._port.now() > until:
                raise LinkError(f"The request was not done within {int(LONGEST_WORK)} seconds.")
            self._reader.read(self._port.read(pause))  # Nothing that is waited for can come.
            pause = min(LONGEST_PAUSE, pause * 2)

    def _fetch(self, call: Call) -> int:
        """The answer's next piece; the type of what came."""
        frame = self._ask(messages.GET, messages.PIECE, call)
        if frame.type == messages.PIECE:
            _join(call, frame.payload)
        return frame.type

    # -- one frame -----------------------------------------------------------------------------------------------------

    def _ask(self, type: int, expected: int, call: "Call | None" = None, patience: float = GIVES_UP) -> Frame:
        """Sends until the answer to it has come. Raises LinkError."""
        self._id = self._id % 0xFFFF + 1
        until = self._port.now() + patience
        while True:
            coded = Frame(type, self._id, self._payload(type, call)).encode()
            self._port.write(coded)
            frame = self._listen(ANSWER_TIME + self._port.byte_time * (len(coded) + LONGEST_PAYLOAD))
            if frame is not None:
                self._went_well()
                return _checked(frame, expected)
            self._went_wrong()
            if self._port.now() >= until:
                raise NoAnswer("The other end does not answer.")

    def _payload(self, type: int, call: "Call | None") -> bytes:
        """Made anew for each resend, with as many bytes of a chunk as the line bears then."""
        if call is None:
            return struct.pack(messages.HELLO, messages.MAGIC, messages.VERSION) if type == messages.GREET else b""
        if type == messages.GET:
            return struct.pack(messages.GET_HEAD, call.number, len(call.answer), self._size)
        head = struct.pack(messages.PUT_HEAD, call.number, len(call.request), crc32(call.request), call.sent)
        return head + call.request[call.sent : call.sent + self._size]

    def _listen(self, seconds: float) -> "Frame | None":
        """The answer; None after damage or silence. Answers to earlier frames are passed over."""
        until = self._port.now() + seconds
        while (left := until - self._port.now()) > 0:
            for frame in self._reader.read(self._port.read(left)):
                if frame is None or frame.type == messages.DAMAGED:
                    self._let_pass()
                    return None
                if frame.id == self._id and frame.type & ANSWER:
                    return frame
        return None

    def _let_pass(self) -> None:
        """At most for a while: somebody may be talking without end."""
        until = self._port.now() + ANSWER_TIME
        while self._port.read(QUIET) and self._port.now() < until:
            pass
        self._reader = FrameReader()

    def _went_well(self) -> None:
        self._good += 1
        if self._good >= GOOD_ONES:
            self._good = 0
            self._size = min(LARGEST, self._size * 2)

    def _went_wrong(self) -> None:
        self.resent += 1
        self._good = 0
        self._size = max(SMALLEST, self._size // 2)


def _split(head: str, payload: bytes) -> "tuple[tuple[int, ...], bytes]":
    parts = messages.split(head, payload)
    if parts is None:
        raise LinkError(STRANGE)
    return parts


def _join(call: Call, payload: bytes) -> None:
    numbers, piece = _split(messages.PIECE_HEAD, payload)
    if numbers[0] != call.number or numbers[3] != len(call.answer):
        raise LinkError(STRANGE)
    call.total = numbers[1]
    call.answer += piece
    if len(call.answer) > call.total or (len(call.answer) == call.total and crc32(call.answer) != numbers[2]):
        call.answer = bytearray()
        raise LinkError("The answer was damaged on its way.")


def _checked(frame: Frame, expected: int) -> Frame:
    if frame.type == messages.REFUSED:
        raise Refused(frame.payload[struct.calcsize(messages.EXCHANGE) :].decode())
    if frame.type == messages.UNKNOWN:
        raise Anew("The box does not know this request any longer; look what it has done, and ask again.")
    if frame.type != expected and (expected, frame.type) != (messages.PIECE, messages.WAIT):
        raise LinkError(STRANGE)
    return frame
