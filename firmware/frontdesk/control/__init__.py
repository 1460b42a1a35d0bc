"""The verbs of CLI, console and page, one table: snapshots out, commands in."""

from .admin import Admin
from .box import Box, VerbError
from .problems import alarms
from .role import Role
from .verbs import NOUNS, TABLE, VERBS, Argument, Kind, Verb, run

__all__ = [
    "NOUNS", "TABLE", "VERBS", "Admin", "Argument", "Box", "Kind", "Role", "Verb", "VerbError", "alarms", "run",
]  # fmt: skip
