"""The administrator's password, the code that does for it at first boot, and what follows where it was lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from . import scrypt
from .errors import Sentence, VerbError
from .first_boot_code import FirstBootCode
from .parts import Records
from .role import Role
from .throttle import SERIAL_LINE, Crowded, Throttle
from .times import iso
from .tokens import Tokens

T = TypeVar("T")
SHORTEST, LONGEST = 8, 128
"""Characters of an admin password."""
AT_ONCE = 2
"""Passwords that are tried at the same time."""
ADMINS = Sentence("admin")
"""Whose password it is, in the sentence that refuses one."""
HOUR = 3600.0
RESTRICTED = 72 * HOUR
"""Seconds of uptime after a recovery in which no secret leaves the box."""


class OffLoop(Protocol):
    """Runs what takes long where nobody waits for it."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


async def on_the_spot(work: Callable[[], T], /) -> T:
    """The way of a process that has nothing else to do."""
    return work()


def two_at_once() -> OffLoop:
    """The way of the box: in threads, two at most, since scrypt takes 16 MB each, and the calls want the processor."""
    import asyncio  # A command where no box runs does without it, and starts sooner.
    from concurrent.futures import ThreadPoolExecutor

    threads = ThreadPoolExecutor(2, "off-loop")

    async def run(work: Callable[[], T], /) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    return run


def checked_password(password: str, whose: Sentence = ADMINS) -> str:
    """One that can be an admin's. Raises VerbError."""
    if not SHORTEST <= len(password) <= LONGEST or not password.isprintable():
        raise VerbError(
            "The {whose} password has {shortest} to {longest} characters that can be typed.",
            whose=whose, shortest=SHORTEST, longest=LONGEST,
        )
    return password


class Admin:
    """One administrator. There is no default password: until one is set, only who is at the box administers it."""

    def __init__(
        self,
        records: Records,
        meta: Mapping[str, str],
        directory: Path,
        now: Callable[[], float],
        off_loop: OffLoop = on_the_spot,
    ) -> None:
        """`meta` is what was kept; `now` counts seconds of uptime; `off_loop` does at most two at once."""
        self.epoch = 0
        """Grows when every session has to end."""
        self._records = records
        self._now = now
        self.off_loop = off_loop
        self.first_boot = FirstBootCode(directory)
        self.tokens = Tokens(records)
        self._throttle = Throttle()
        self._trying = 0
        self.load(meta)

    def load(self, meta: Mapping[str, str]) -> None:
        """Takes what is on disk for true."""
        self.kept = meta.get("admin")
        self.viewer = meta.get("viewer")
        """What is kept of the password of those who may only look."""
        self.tokens.load(meta)
        self.alarm = meta.get("alarm")
        """When the password was recovered, until somebody acknowledges it."""
        self._restricted_until = self._now() + float(meta.get("restricted", 0))

    def reload(self, meta: Mapping[str, str]) -> None:
        """Takes what is on disk now, which was changed; all sessions end."""
        self.load(meta)
        self.epoch += 1
        self.settle_code()

    # -- the password --------------------------------------------------------------------------------------------------

    @property
    def is_set(self) -> bool:
        """Whether there is a password."""
        return self.kept is not None

    async def check(self, password: str, source: str, role: Role = Role.ADMIN) -> bool:
        """Whether it is the password. Raises Throttled where that source has tried too often, Crowded where others are
        before it: each takes a second of a small board, and holds up a page. The console is never refused so, and who
        has logged in from there before is not either: else strangers from many addresses could keep everybody out."""
        kept = self._of(role)
        if self.kept is None or len(password) > LONGEST:
            return False
        is_line = source == SERIAL_LINE
        source = source if role is Role.ADMIN else f"{source} {role}"  # the right one of one clears none of the other
        if self._trying >= AT_ONCE and not is_line and not self._throttle.welcomes(source):
            raise Crowded
        self._throttle.admit(source, self._now())
        # One that is not set takes as long as a wrong one, so that nobody learns whether it is.
        self._trying += 1
        try:
            good = await self.off_loop(partial(scrypt.matches, kept or self.kept, password))
        finally:
            self._trying -= 1
        if good and kept and kept == self._of(role):
            self._throttle.succeeded(source)
            return True
        return False

    def _of(self, role: Role) -> str | None:
        return self.kept if role is Role.ADMIN else self.viewer

    async def set_password(self, password: str) -> None:
        """Another password, kept when this returns; all sessions end, and the first-boot code is dead."""
        kept = await self._keep(ADMINS, password)
        await self._records.change(pairs=[("meta", "admin", kept)])
        self.kept = kept
        self.epoch += 1
        self.settle_code()

    async def set_viewer_password(self, password: str) -> None:
        """The password of those who may only look; empty: there is none any longer. All sessions end."""
        kept = await self._keep(Sentence("read-only"), password) if password else None
        await self._records.change(pairs=[("meta", "viewer", kept)])
        self.viewer = kept
        self.epoch += 1

    async def _keep(self, whose: Sentence, password: str) -> str:
        return await self.off_loop(partial(scrypt.keep, checked_password(password, whose)))

    # -- the first-boot code -------------------------------------------------------------------------------------------

    @property
    def code(self) -> str | None:
        """The first-boot code, as long as there is one."""
        return None if self.is_set else self.first_boot.text

    def settle_code(self) -> None:
        """Makes a code where there is no password and no code, and takes it away where there is a password."""
        if self.is_set:
            self.first_boot.end()
        else:
            self.first_boot.settle()

    # -- a lost password -----------------------------------------------------------------------------------------------

    async def recover(self, wall: float) -> None:
        """Takes the lost password away: all sessions end, an alarm stands, and no secret leaves the box for a while."""
        alarm = iso(wall)
        kept = [("meta", "admin", None), ("meta", "alarm", alarm), ("meta", "restricted", str(RESTRICTED))]
        await self._records.change(pairs=[*kept, ("meta", "viewer", None), *self.tokens.gone()])
        self.kept, self.viewer, self.alarm = None, None, alarm
        self.tokens.load({})
        self._restricted_until = self._now() + RESTRICTED
        self.epoch += 1
        self.settle_code()

    async def acknowledge(self) -> None:
        """Somebody has seen the alarm. Raises VerbError where there is none."""
        if self.alarm is None:
            raise VerbError("There is no alarm.")
        await self._records.change(pairs=[("meta", "alarm", None)])
        self.alarm = None

    @property
    def restricted(self) -> float:
        """Seconds for which no secret leaves the box."""
        return max(0.0, self._restricted_until - self._now())

    async def count_uptime(self) -> None:
        """Writes down every hour how much of it is left, for uptime is what counts; never ends."""
        from asyncio import sleep  # A command that only looks does without it.

        while True:
            await sleep(HOUR)
            if self.restricted:
                with suppress(OSError):
                    await self.keep_restricted()

    async def keep_restricted(self) -> None:
        """Writes down how much of it is left."""
        left = self.restricted
        await self._records.change(pairs=[("meta", "restricted", str(left) if left else None)])

    def refuse_secrets(self) -> None:
        """Raises VerbError while no secret may leave the box."""
        if self.restricted:
            hours = -int(-self.restricted // 3600)
            raise VerbError(
                "The admin password was recovered: secrets stay in the box for {hours} h of uptime yet.", hours=hours
            )

    @property
    def notices(self) -> list[Sentence]:
        """What the person at the box should know."""
        if self.alarm is None:
            return []
        sentence = (
            "The admin password was recovered at the console ({alarm}); `delete alarm` there, or "
            "`frontdesk acknowledge`, ends this notice."
        )
        return [Sentence(sentence, alarm=self.alarm)]
