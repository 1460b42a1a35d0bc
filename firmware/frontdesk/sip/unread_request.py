"""A request that is bytes until somebody asks for a field."""

from __future__ import annotations

from .message import Field, Request
from .parser import reread
from .wire import Flow


class UnreadRequest(Request):
    """What is sent, or waits, and is seldom looked at again."""

    __slots__ = ("_data", "_fields", "_flow")

    def __init__(self, method: str, uri: str, data: bytes, flow: Flow | None = None) -> None:
        """`data`: a message that was read, or is the box's own. With `flow`, over which it came, its top Via is still
        to be stamped."""
        self.method = method
        self.uri_text = uri
        self._uri = None
        # As the constructor of all messages, without its fields.
        self._via = self._cseq = None
        self._addresses, self._first = {}, {}
        self._indexed = -1
        self.body = b""
        self._data: bytes | None = data
        self._flow = flow

    @property
    def fields(self) -> list[Field]:
        """Asked for, so it is parsed."""
        if self._data is not None:
            read, self._data = reread(self._data), None
            self._fields, self.body = read.fields, read.body
            if self._flow is not None:
                self.stamp(self._flow)
        return self._fields

    @fields.setter
    def fields(self, fields: list[Field]) -> None:
        self._fields = fields

    def encode(self) -> bytes:
        return self._data if self._data is not None and self._flow is None else super().encode()
