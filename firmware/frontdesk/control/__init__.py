"""The verbs of CLI, console and page, one table: snapshots out, commands in."""

from ..config import read_count
from .admin import Admin
from .box import Box, VerbError
from .problems import alarms
from .role import Role
from .verbs import NOUNS, TABLE, VERBS, Argument, Kind, Verb, run

__all__ = [
    "NOUNS", "TABLE", "VERBS", "Admin", "Argument", "Box", "Kind", "Role", "Verb", "VerbError", "alarms",
    "read_count", "run",
]  # fmt: skip
