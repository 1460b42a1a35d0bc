"""What a tree of processes costs, read from /proc: CPU time, sleeps, bytes written, memory."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROC = Path("/proc")


@dataclass(slots=True)
class Usage:
    """Sums over all processes of a tree since they started."""

    cpu: float  # seconds on a processor, from the scheduler's own count (nanoseconds)
    wakeups: int  # voluntary context switches
    written: int  # bytes that made pages dirty

    def __sub__(self, earlier: Self) -> "Usage":
        return Usage(self.cpu - earlier.cpu, self.wakeups - earlier.wakeups, self.written - earlier.written)


def tree(root: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (stat := read(entry / "stat")):
            parent = int(stat.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def usage(root: int) -> Usage:
    total = Usage(0.0, 0, 0)
    for pid in tree(root):
        total.written += _field(read(PROC / str(pid) / "io"), "write_bytes")
        for task in (PROC / str(pid) / "task").glob("*"):
            total.cpu += int((read(task / "schedstat") or "0").split()[0]) / 1e9
            total.wakeups += _field(read(task / "status"), "voluntary_ctxt_switches")
    return total


def pss_megabytes(root: int) -> float:
    """Memory with what is shared counted once."""
    return sum(_field(read(PROC / str(pid) / "smaps_rollup"), "Pss") for pid in tree(root)) / 1024


def read(path: Path) -> str:
    """Empty when the process has gone meanwhile."""
    try:
        return path.read_text()
    except OSError:
        return ""


def _field(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    return int(found.group(1)) if found else 0
