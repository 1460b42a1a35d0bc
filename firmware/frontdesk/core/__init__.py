"""The core: one message in -> registrar, proxy or an answer of the box's own; no IO, no clock."""

from .core import Action, Core, Keys

__all__ = ["Action", "Core", "Keys"]
