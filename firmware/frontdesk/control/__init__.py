"""The verbs of CLI, console and page, one table: snapshots out, commands in."""

from .box import Box, VerbError
from .verbs import TABLE, VERBS, Argument, Kind, Role, Verb, run

__all__ = ["TABLE", "VERBS", "Argument", "Box", "Kind", "Role", "Verb", "VerbError", "run"]
