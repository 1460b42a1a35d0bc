"""What a verb says: where it cannot be done, and what it has to add where it can."""

from __future__ import annotations

from ..model import Sentence, Told

__all__ = ["NotThere", "Sentence", "Told", "VerbError"]


class VerbError(Exception):
    """A verb cannot be done; the text is one sentence for the person who asked. Its template and the words in it are
    there for whoever says it in another language."""

    def __init__(self, template: str, **words: object) -> None:
        super().__init__(template.format(**words) if words else template)
        self.template = template
        self.words = words

    @classmethod
    def of(cls, error: Told) -> VerbError:
        """The same said by another error, such as one of a setting."""
        return cls(error.template, **error.words)


class NotThere(VerbError):
    """What is named is not there."""
