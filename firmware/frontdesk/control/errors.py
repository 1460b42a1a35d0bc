"""What a verb says: where it cannot be done, and what it has to add where it can."""

from __future__ import annotations

from typing import Any

from ..model import Refused, Sentence

__all__ = ["Answer", "NotThere", "Refused", "Sentence", "VerbError"]

Answer = dict[str, Any]
"""What most verbs answer; of JSON's types."""


class VerbError(Refused):
    """A verb cannot be done."""

    @classmethod
    def of(cls, error: Refused) -> VerbError:
        """The same said by another error, such as one of a setting."""
        return cls(error.template, **error.words)


class NotThere(VerbError):
    """What is named is not there."""
