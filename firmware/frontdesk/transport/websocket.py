"""SIP in a browser: messages in a WebSocket's frames (RFC 7118, RFC 6455)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Event, Message, Ping, Request, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import RemoteProtocolError

from ..sip.errors import TransportError
from ..sip.framing import PING, PONG, Reply
from ..sip.parser import MAX_MESSAGE

SUBPROTOCOL = "sip"
"""RFC 7118 section 4.1."""
NOTHING = Reply()
_SENTENCE = b"Phones in browsers are heard here, over a WebSocket with the subprotocol sip (RFC 7118)."
_REFUSAL = Reply(
    b"HTTP/1.1 400 Bad Request\r\nSec-WebSocket-Version: 13\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s\n" % (len(_SENTENCE) + 1, _SENTENCE)
)


class WebSocket:
    """One WebSocket, from its handshake on; any path and any origin will do, as each request is asked for its
    password. Each message is one of SIP's (RFC 7118 section 5). No compression: a few bytes would become many."""

    def __init__(self) -> None:
        self._line = WSConnection(ConnectionType.SERVER)
        self._message = bytearray()
        self._is_unread = self._is_open = False
        self.is_over = False

    @property
    def pending(self) -> int:
        """A handshake or a message that is not complete, or what is not worked on yet."""
        return self._is_unread or not self._is_open or len(self._message)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Messages, and what is due for handshakes, pings and goodbyes; NOTHING for other frames, which take time."""
        self._is_unread = True
        try:
            if not self.is_over:
                self._line.receive_data(data)
            for event in takewhile(lambda _: not self.is_over, self._line.events()):
                yield self._heard(event)
        except (RemoteProtocolError, ValueError):  # of the handshake; ValueError: a Host that is no name
            yield self._leave(CloseReason.PROTOCOL_ERROR)
        self._is_unread = False

    def frame(self, message: bytes) -> bytes:
        """As text where it is some (RFC 7118 section 4.2). Raises TransportError after a goodbye."""
        if self.is_over:
            raise TransportError("the WebSocket is closed")
        try:
            return self._line.send(TextMessage(message.decode()))
        except UnicodeDecodeError:
            return self._line.send(BytesMessage(message))

    def goodbye(self) -> bytes:
        """The browser may look for the box again."""
        return b"" if self.is_over else self._leave(CloseReason.GOING_AWAY)

    def _heard(self, event: Event) -> bytes:
        if isinstance(event, Message):
            return self._take(event)
        if isinstance(event, Request):
            return self._accept(event)
        if isinstance(event, CloseConnection):
            self.is_over = True
        return Reply(self._line.send(event.response())) if isinstance(event, (Ping, CloseConnection)) else NOTHING

    def _accept(self, request: Request) -> Reply:
        if SUBPROTOCOL not in request.subprotocols:
            return self._leave(CloseReason.PROTOCOL_ERROR)
        self._is_open = True
        return Reply(self._line.send(AcceptConnection(subprotocol=SUBPROTOCOL)))

    def _take(self, part: Message[Any]) -> bytes:
        self._message += part.data.encode() if isinstance(part.data, str) else part.data
        if len(self._message) > MAX_MESSAGE:
            return self._leave(CloseReason.MESSAGE_TOO_BIG)
        if not part.message_finished:
            return NOTHING
        message = bytes(self._message)
        self._message.clear()
        return Reply(self.frame(PONG)) if message == PING else message

    def _leave(self, code: CloseReason) -> Reply:
        self.is_over = True
        return Reply(self._line.send(CloseConnection(code))) if self._is_open else _REFUSAL
