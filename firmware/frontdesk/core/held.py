"""A REGISTER that is known by its bytes and waits for the disk: it stays bytes (RFC 3261 section 17.2.2)."""

from __future__ import annotations

from ..sip.message import Field, Recipe, Request, Response
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
    """A 200 of which the recipe is at hand."""

    __slots__ = ("_branch", "_recipe")

    def __init__(self, recipe: Recipe, branch: str) -> None:
        super().__init__(200, "OK", [])
        self._recipe = recipe
        self._branch = branch

    @property
    def recipe(self) -> Recipe:
        return self._recipe

    def encode(self) -> bytes:
        return self._recipe.encode(self._branch)
