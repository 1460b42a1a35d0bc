"""Verbs about the administrator, and the way back in where the password was lost."""

from __future__ import annotations

from typing import Any

from .box import Box, VerbError

Answer = dict[str, Any]


async def passwd(box: Box, password: str) -> Answer:
    """Sets the password of console and page; their sessions end."""
    await box.admin.set_password(password)
    return {}


async def acknowledge(box: Box) -> Answer:
    """Ends the alarm about a recovered admin password."""
    await box.admin.acknowledge()
    return {}


# -- only at the console, just after power-up --------------------------------------------------------------------------


def recovery_offered(box: Box) -> bool:
    """Whether there is a password that can be recovered, and it is not locked."""
    return box.admin.is_set and box.settings.console_recovery


async def recover(box: Box) -> None:
    """Takes a lost admin password away. Raises VerbError where that is locked, OSError where it cannot be written."""
    async with box.turn:
        if not recovery_offered(box):
            raise VerbError("The recovery of the admin password is locked; only a factory reset is left.")
        await box.admin.recover(box.clock.wall())
