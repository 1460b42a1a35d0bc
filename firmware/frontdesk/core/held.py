"""What stays bytes while a REGISTER that is known by its bytes waits for the disk (RFC 3261 section 17.2.2)."""

from __future__ import annotations

from ..sip.message import Field, Request, Response
from ..sip.parser import parse_message
from ..sip.via import Via, stamp_via
from ..sip.wire import Flow

_VIA = b"\r\nVia: "


def is_plain(data: bytes) -> bool:
    """Whether the first line behind the Request-Line is a Via."""
    return data.find(b"\r\n") == data.find(_VIA) >= 0


class HeldRegister(Request):
    """Bytes and a Via, until a 100 or a 500 is due; then what the parser makes of them."""

    __slots__ = ("_data", "_fields")

    def __init__(self, data: bytes, flow: Flow) -> None:
        """`data`: a message that `is_plain`, and came over `flow`."""
        super().__init__("REGISTER", "", [])
        self._data: bytes | None = data
        at = data.index(_VIA) + len(_VIA)
        self._via = Via.parse(data[at : data.index(b"\r", at)].decode())
        stamp_via(self._via, flow)

    @property
    def fields(self) -> list[Field]:
        """Asked for, so it is parsed."""
        if self._data is not None:
            self._fields, self._data = parse_message(self._data).fields, None
            self.write_via()
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
