"""The three clocks that a row needs: CLOCK_BOOTTIME, the wall, and which boot this is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boottime() -> float:
    """Seconds since the board was started, sleep included; no step of the wall clock moves it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def read_boot_id() -> int:
    """The kernel's boot id, cut to the 60 bits that a row keeps in one small integer."""
    return int(BOOT_ID.read_text().replace("-", "")[:15], 16)


@dataclass(slots=True, frozen=True)
class Clock:
    """`now` in boot seconds, `wall` in Unix seconds."""

    now: Callable[[], float] = boottime
    wall: Callable[[], float] = time.time
    boot_id: int = 0

    @classmethod
    def of_this_boot(cls) -> Clock:
        """The real ones."""
        return cls(boot_id=read_boot_id())

    def offset(self) -> float:
        """What is added to boot seconds for wall time, as the wall clock stands now."""
        return self.wall() - self.now()
