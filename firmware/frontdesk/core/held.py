"""The 200 of a REGISTER that is known by its bytes and waits for the disk (RFC 3261 section 17.2.2)."""

from __future__ import annotations

from ..sip.message import Recipe, Response
from .answer_template import Ok


class ReadyAnswer(Response):
    """A 200 of which the recipe is at hand."""

    __slots__ = ("_branch", "_recipe")

    def __init__(self, recipe: Ok, branch: bytes) -> None:
        """`branch`: what is behind its magic cookie."""
        super().__init__(200, "OK", [])
        self._recipe = recipe
        self._branch = branch

    @property
    def recipe(self) -> Recipe:
        return self._recipe

    def encode(self) -> bytes:
        return self._recipe.to(self._branch)
