"""What a verb says: where it cannot be done, and what it has to add where it can."""

from __future__ import annotations

from ..model import Refused, Sentence

__all__ = ["NotThere", "Refused", "Sentence", "VerbError"]


class VerbError(Refused):
    """A verb cannot be done."""

    @classmethod
    def of(cls, error: Refused) -> VerbError:
        """The same said by another error, such as one of a setting."""
        return cls(error.template, **error.words)


class NotThere(VerbError):
    """What is named is not there."""
