"""What the process asks of Python, the C library and the kernel: a collector that is quiet, memory that is given back,
files enough, and the time of where it stands."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import time

LEAST_SHARE = 8
"""One file of so many is a connection's, however few are granted: of 1,024 an office of TCP phones still gets in."""
LARGE = 1 << 20
"""Bytes of a piece of memory that is the kernel's again as soon as it is free."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt(3)


def settle_memory() -> None:
    """What was loaded stays: the collector need not look at it again and again.

    What lives longer than a moment, as calls do, leaves no cycles: it is looked at again very seldom. That saves a
    twentieth of a call, and pauses of a quarter of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 1000, 20)
    _give_large_memory_back()


def _give_large_memory_back() -> None:
    """Each password that is tried takes 16 MB for a moment. The C library takes the first for a sign that such pieces
    are wanted again, and keeps some for each thread: 100 MB of who has tried a few."""
    import ctypes  # ifaddr has it loaded

    with contextlib.suppress(AttributeError):  # another C library than GNU's, which keeps none
        tune = ctypes.CDLL(None).mallopt
        tune(_MMAP_THRESHOLD, LARGE)
        tune(_TRIM_THRESHOLD, 2 * LARGE)


def keep_time(zone: str) -> None:
    """Whoever asks the process for local time, as the log does, gets that of the zone; UTC where nobody knows it."""
    if os.environ.get("TZ") != zone:
        os.environ["TZ"] = zone
        time.tzset()


def files_for(connections: int, spare: int) -> int:
    """Raises the limit on open files; for how many of the connections there are some then, beside so many to spare."""
    granted = _raise_file_limit(connections + spare)
    return min(connections, max(granted - spare, granted // LEAST_SHARE))


def _raise_file_limit(wanted: int) -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft
