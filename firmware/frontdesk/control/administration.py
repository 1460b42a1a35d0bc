"""Verbs about the administrator, and the way back in where the password was lost."""

from __future__ import annotations

from .box import Answer, Box, VerbError
from .role import Role
from .times import iso


async def passwd(box: Box, password: str) -> Answer:
    """Sets the password of console and page; their sessions end."""
    await box.admin.set_password(password)
    return {}


async def passwd_viewer(box: Box, password: str) -> Answer:
    """Sets the password of those who may only look at the page."""
    await box.admin.set_viewer_password(password)
    return {}


async def add_token(box: Box, name: str, role: str = Role.VIEWER) -> Answer:
    """Makes a token for a program that speaks HTTP, good for 90 days."""
    if role not in list(Role):
        raise VerbError("A token is for a viewer or an admin, not {role!r}.", role=role[:20])
    return {"name": name, "token": await box.admin.tokens.make(name, Role(role), box.clock.wall())}


async def revoke_token(box: Box, name: str) -> Answer:
    """Takes a token away."""
    await box.admin.tokens.revoke(name)
    return {"name": name}


async def tokens(box: Box) -> list[Answer]:
    """The tokens that were made."""
    return [
        {"name": name, "role": str(token.role), "made": iso(token.made), "ends": iso(token.ends)}
        for name, token in sorted(box.admin.tokens.kept.items())
    ]


async def acknowledge(box: Box) -> Answer:
    """Ends the alarm about an admin password that was recovered."""
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
