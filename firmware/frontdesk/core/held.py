"""What stays bytes while a REGISTER that is known by its bytes waits for the disk (RFC 3261 section 17.2.2)."""

from __future__ import annotations

from ..sip.message import Field, Request, Response
from ..sip.parser import parse_message
from ..sip.via import Via, stamp
from ..sip.wire import Flow


class HeldRegister(Request):
    """Bytes and a top Via, until a 100 or a 500 is due; then what the parser makes of them."""

    __slots__ = ("_data", "_fields", "_flow")

    def __init__(self, data: bytes, via: Via, flow: Flow) -> None:
        """`via` as it is stamped."""
        super().__init__("REGISTER", "", [])
        self._data: bytes | None = data
        self._via = via
        self._flow = flow

    @property
    def fields(self) -> list[Field]:
        """Asked for, so it is parsed."""
        if self._data is not None:
            parsed, self._data = parse_message(self._data), None
            self._fields = parsed.fields
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
