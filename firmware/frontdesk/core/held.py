"""A REGISTER that is known by its bytes and waits for the disk: it stays bytes (RFC 3261 section 17.2.2)."""

from __future__ import annotations

from ..sip.message import Field, Request, Response
from ..sip.parser import parse_message
from ..sip.via import stamp
from ..sip.wire import Flow


class HeldRegister(Request):
    """Bytes, until a 100 or a 500 is due; then what the parser makes of them."""

    __slots__ = ("_data", "_fields", "_flow")

    def __init__(self, data: bytes, flow: Flow) -> None:
        """`data`: a message that can be parsed, and came over `flow`."""
        super().__init__("REGISTER", "", [])
        self._data: bytes | None = data
        self._flow = flow

    @property
    def fields(self) -> list[Field]:
        """Asked for, so it is parsed."""
        if self._data is not None:
            self._fields, self._data = parse_message(self._data).fields, None
            stamp(self, self._flow)
        return self._fields

    @fields.setter
    def fields(self, fields: list[Field]) -> None:
        self._fields = fields


class ReadyAnswer(Response):
    """A 200 that is bytes already."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        super().__init__(200, "OK", [])
        self._data = data

    def encode(self) -> bytes:
        return self._data
