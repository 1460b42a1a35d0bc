"""Disks as a power cut may leave them: all before the last flush, and of what came after it all, nothing or a part."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .block_log import FLUSH, FUA, SECTOR, BlockLog, Entry

KINDS = ("all", "nothing", "part")
"""What reached the disk of the writes after the last flush."""
REACHED = 0.5
"""The chance of such a write to have reached the disk, where a part did."""
TORN = 0.3
"""The chance of one that reached it to have done so only up to some sector."""


@dataclass(slots=True, frozen=True)
class Crash:
    """A disk after a power cut."""

    image: Path
    entries: int
    """The cut came after so many entries of the log."""
    kind: str
    position: int
    """The end of the last of them in the log."""

    def __str__(self) -> str:
        return f"after entry {self.entries}, {self.kind} of what was not flushed"


class CrashStates:
    """Makes `count` of them, one at a time, from earlier cuts to later ones; `random` says where and what."""

    def __init__(self, base: Path, log: BlockLog, random: Random) -> None:
        self._base = base
        self._log = log
        self._random = random
        self._entries = log.entries()

    def __len__(self) -> int:
        """How many entries the log has."""
        return len(self._entries)

    def states(self, count: int, folder: Path) -> Iterator[Crash]:
        """The image of each is there until the next is asked for."""
        cuts = sorted(self._random.randint(1, len(self._entries)) for _ in range(count))
        durable = folder / "durable.img"
        shutil.copyfile(self._base, durable)
        written = 0
        for number, cut in enumerate(cuts):
            flushed = max((i + 1 for i in range(written, cut) if self._entries[i].flags & FLUSH), default=written)
            self._write(durable, self._entries[written:flushed])
            written = flushed
            # A new file each time: a loop device that is still attached to the last one may remember its blocks.
            image = folder / f"crash-{number}.img"
            shutil.copyfile(durable, image)
            kind = KINDS[number % len(KINDS)]
            self._write(image, self._entries[flushed:cut], kind)
            yield Crash(image, cut, kind, self._entries[cut - 1].end)
            image.unlink()

    def _write(self, image: Path, entries: Sequence[Entry], kind: str = "all") -> None:
        file = os.open(image, os.O_WRONLY)
        try:
            for entry in entries:
                data = self._log.data(entry)
                os.pwrite(file, data[: self._reached(entry, kind)], entry.sector * SECTOR)
        finally:
            os.close(file)

    def _reached(self, entry: Entry, kind: str) -> int:
        """Bytes of a write that are on the disk."""
        whole = entry.sectors * SECTOR
        if kind == "all" or entry.flags & FUA:
            return whole
        if kind == "nothing" or self._random.random() >= REACHED:
            return 0
        torn = entry.sectors > 1 and self._random.random() < TORN
        return self._random.randrange(1, entry.sectors) * SECTOR if torn else whole
