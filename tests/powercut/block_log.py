"""The log of a disk's writes and flushes, in the format of Linux's dm-log-writes, as QEMU's blklogwrites keeps it."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

MAGIC = 0x6A736677736872
"""WRITE_LOG_MAGIC in Linux's drivers/md/dm-log-writes.c."""
SUPER = struct.Struct("<QQQI")
"""Magic, version, entries, bytes of a sector."""
ENTRY = struct.Struct("<QQQQ")
"""First sector, sectors, flags, length of data that is no block."""
FLUSH, FUA, DISCARD = 1, 2, 4
SECTOR = 512


@dataclass(slots=True, frozen=True)
class Entry:
    """One write, flush or discard; `data` and `end` are places in the log."""

    sector: int
    sectors: int
    flags: int
    data: int
    end: int


class BlockLog:
    """The log of a disk, while it grows and when it is done."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY)
        self._end = SECTOR

    def close(self) -> None:
        """Closes the file."""
        os.close(self._file)

    def position(self) -> int:
        """The end of the last entry that is there now: what is on the disk now was logged before it."""
        while (entry := self._read(self._end)) is not None:
            self._end = entry.end
        return self._end

    def entries(self) -> list[Entry]:
        """All, in their order."""
        magic, _, count, sector = SUPER.unpack(os.pread(self._file, SUPER.size, 0))
        assert (magic, sector) == (MAGIC, SECTOR), "This is no log of blklogwrites."
        entries: list[Entry] = []
        while (entry := self._read(entries[-1].end if entries else SECTOR)) is not None:
            entries.append(entry)
        assert len(entries) == count, f"The log has {len(entries)} entries, not {count}."
        return entries

    def data(self, entry: Entry) -> bytes:
        """What was written."""
        length = entry.sectors * SECTOR
        return bytes(length) if entry.flags & DISCARD else os.pread(self._file, length, entry.data)

    def _read(self, at: int) -> Entry | None:
        sector, sectors, flags, _ = ENTRY.unpack(os.pread(self._file, ENTRY.size, at).ljust(ENTRY.size, b"\0"))
        if not sectors and not flags:
            return None  # The file is larger than what is in it.
        data = at + SECTOR
        return Entry(sector, sectors, flags, data, data if flags & DISCARD else data + sectors * SECTOR)
