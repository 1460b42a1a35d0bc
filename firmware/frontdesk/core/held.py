"""The 200 of a REGISTER that is known by its bytes and waits for the disk (RFC 3261 section 17.2.2)."""

from __future__ import annotations

from ..sip.message import Ingredients, Message, Response
from .answer_template import AnswerTemplate


class ReadyAnswer(Response):
    """A 200 of which the template is at hand."""

    __slots__ = ("_branch", "_ingredients")

    def __init__(self, template: AnswerTemplate, branch: bytes, number: bytes, date: bytes | None) -> None:
        """`branch`: what is behind its magic cookie; the others: see `Recipe`."""
        Message.__init__(self, [])
        self.status = 200
        self.reason = "OK"
        self._branch = branch
        self._ingredients = template, number, date

    @property
    def ingredients(self) -> Ingredients:
        return self._ingredients

    def encode(self) -> bytes:
        template, number, date = self._ingredients
        return template.ok(self._branch, number, date)
