"""A response that is bytes until somebody asks for a field."""

from __future__ import annotations

from .message import Field, Response
from .parser import reread


class UnreadResponse(Response):
    """What is sent, and seldom looked at."""

    __slots__ = ("_data", "_fields")

    def __init__(self, status: int, reason: str, data: bytes) -> None:
        """`data`: all of it; it has no body."""
        self.forget_views()
        self.body = b""
        self.status = status
        self.reason = reason
        self._data: bytes | None = data

    @property
    def fields(self) -> list[Field]:
        """Asked for, so it is parsed."""
        if self._data is not None:
            self._fields, self._data = reread(self._data).fields, None
        return self._fields

    @fields.setter
    def fields(self, fields: list[Field]) -> None:
        self._fields = fields

    def encode(self) -> bytes:
        return super().encode() if self._data is None else self._data
