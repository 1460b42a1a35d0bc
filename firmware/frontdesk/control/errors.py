"""What a verb raises where it cannot be done."""

from __future__ import annotations


class VerbError(Exception):
    """A verb cannot be done; the text is one sentence for the person who asked."""
