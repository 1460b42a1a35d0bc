"""What can go wrong with the data directory."""

from __future__ import annotations


class StoreError(OSError):
    """The data cannot be used; the text is one plain sentence for the person at the box."""
