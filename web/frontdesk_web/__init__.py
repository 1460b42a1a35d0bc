"""The setup page: a Bottle application over the verbs of `control`, served in threads of the same process."""

from __future__ import annotations

from .application import application
from .site import OnLoop, Site

__all__ = ["OnLoop", "Site", "application"]
