"""The end that answers (the box): takes a request in chunks, lets it be done once, gives the answer in chunks."""

import struct
from binascii import crc32

from . import messages
from .frames import LONGEST_PAYLOAD, Frame, FrameReader

EXCHANGES = 4
"""Kept at once, so that a login in between does not lose the upload that it is for."""
LONGEST_REQUEST = 40 << 20
"""Bytes: a file of 32 MiB, as much as a box reads, and what JSON adds."""


class Exchange:
    """One request and its answer."""

    __slots__ = ("answer", "crc", "number", "private", "request", "taken", "total")

    def __init__(self, number: int, total: int, crc: int) -> None:
        self.number = number
        self.total = total
        self.crc = crc
        self.request = bytearray()
        self.taken = False
        self.answer: bytes | None = None
        self.private = False
        """Its answer is for those alone who are let in."""


class Answerer:
    """Bytes in, bytes out; it speaks only when it is asked."""

    def __init__(self, name: str, instance: int) -> None:
        """`instance`: 32 bits that differ each time the box starts."""
        self.name = name
        self.longest = LONGEST_REQUEST
        """Bytes of a request; less for a stranger."""
        self.locked = False
        """Private answers are not given away."""
        self.heard = False
        """There was a whole frame in the last bytes that came: it is a program that sends them."""
        self.left = False
        """The other end has said in them that it is done."""
        self.pending: list[Exchange] = []
        """Requests that are complete and to be done, each once; the owner takes them out and fills `answer` in."""
        self._greeting = struct.pack(messages.GREETING_HEAD, messages.VERSION, LONGEST_PAYLOAD, instance)
        self._reader = FrameReader()
        self._exchanges: list[Exchange] = []

    def receive(self, data: bytes) -> bytes:
        """What is to be sent for the bytes that came."""
        self.left = False
        frames = self._reader.read(data)
        whole = [frame for frame in frames if frame is not None]
        self.heard = bool(whole)
        answers = [self._answer(frame) for frame in whole]
        replies = [answer.encode() for answer in answers if answer is not None]
        # Once for all that came together: rubbish is not answered with more of it.
        if None in frames and not replies:
            replies.append(Frame(messages.DAMAGED, 0).encode())
        return b"".join(replies)

    def _answer(self, frame: Frame) -> "Frame | None":
        self.left = frame.type == messages.LEAVE
        if frame.type == messages.GREET:
            return Frame(messages.GREETING, frame.id, self._greeting + self.name.encode()[:64])
        if frame.type == messages.PUT:
            return self._put(frame)
        if frame.type == messages.GET:
            return self._get(frame)
        return Frame(messages.LEFT, frame.id) if self.left else None

    # -- the request comes ---------------------------------------------------------------------------------------------

    def _put(self, frame: Frame) -> "Frame | None":
        parts = messages.split(messages.PUT_HEAD, frame.payload)
        if parts is None:
            return None
        (number, total, crc, offset), piece = parts
        exchange = self._find(number)
        if exchange is None or (exchange.total, exchange.crc) != (total, crc):
            if total > self.longest:
                return self._refuse(frame.id, number, f"A request has at most {self.longest} bytes here.")
            exchange = self._open(number, total, crc)
        self._take(exchange, offset, piece)
        have = total if exchange.taken else len(exchange.request)
        return Frame(messages.HAVE, frame.id, struct.pack(messages.HAVE_HEAD, number, have))

    def _take(self, exchange: Exchange, offset: int, piece: bytes) -> None:
        if exchange.taken:
            return
        have = len(exchange.request)
        if offset <= have:
            exchange.request += piece[have - offset : exchange.total - offset]
        if len(exchange.request) == exchange.total:
            if crc32(exchange.request) == exchange.crc:
                exchange.taken = True
                self.pending.append(exchange)
            else:
                exchange.request = bytearray()

    # -- the answer goes -----------------------------------------------------------------------------------------------

    def _get(self, frame: Frame) -> "Frame | None":
        parts = messages.split(messages.GET_HEAD, frame.payload)
        if parts is None:
            return None
        number, offset, most = parts[0]
        exchange = self._find(number)
        known = struct.pack(messages.EXCHANGE, number)
        if exchange is None or not exchange.taken:
            return Frame(messages.UNKNOWN, frame.id, known)
        if exchange.private and self.locked:
            return self._refuse(frame.id, number, messages.LOG_IN)
        if exchange.answer is None:
            return Frame(messages.WAIT, frame.id, known)
        answer = exchange.answer
        head = struct.pack(messages.PIECE_HEAD, number, len(answer), crc32(answer), offset)
        return Frame(messages.PIECE, frame.id, head + answer[offset : offset + min(most, LONGEST_PAYLOAD - len(head))])

    def _refuse(self, id: int, number: int, sentence: str) -> Frame:
        return Frame(messages.REFUSED, id, struct.pack(messages.EXCHANGE, number) + sentence.encode())

    # -- what is kept --------------------------------------------------------------------------------------------------

    def _find(self, number: int) -> "Exchange | None":
        for exchange in self._exchanges:
            if exchange.number == number:
                return exchange
        return None

    def _open(self, number: int, total: int, crc: int) -> Exchange:
        exchange = Exchange(number, total, crc)
        others = [other for other in self._exchanges if other.number != number]
        self._exchanges = others[-(EXCHANGES - 1) :]
        self._exchanges.append(exchange)
        return exchange
