"""A computer that notes what it is given, and what tests of staged settings ask of a desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from frontdesk.config import text_of
from frontdesk.control import VerbError
from frontdesk.control.host import ManagedElsewhere
from frontdesk.model import Settings
from tests.control.desk import Desk


class Machine(ManagedElsewhere):
    """Takes what it is given, and notes it; or refuses."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.refuses = ""
        self.then: Callable[[], None] = lambda: None

    async def apply(self, settings: Settings, keys: Sequence[str]) -> list[str]:
        if self.refuses:
            raise VerbError(self.refuses)
        self.addresses.append(settings.net_address)
        self.then()
        return []


def stage(desk: Desk, **settings: str) -> list[str]:
    """The warnings."""
    keys = {key.replace("__", ".").replace("_", "-"): value for key, value in settings.items()}
    return [desk.do("config stage", key=key, value=value)["warning"] for key, value in keys.items()]


def cut_after(desk: Desk, changes: int) -> None:
    """The power goes behind so many changes by hand: no further one reaches the disk."""
    real, done = desk.records._execute, []

    async def execute(write: Any, **how: bool) -> Any:
        if how.get("snapshot", True):
            done.append(write)
            if len(done) > changes:
                raise OSError("no power")
        return await real(write, **how)

    desk.records._execute = execute


def used(desk: Desk, key: str) -> str:
    return text_of(desk.box.settings, key)


def notices(desk: Desk) -> str:
    return "\n".join(desk.do("status").get("notices", ()))
