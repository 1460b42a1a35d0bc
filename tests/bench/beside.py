"""What a load costs another beside it: p99 together against alone, on one box, in turns; medians of the ratios.

Registrations beside 100 calls a second, those calls beside registrations; at the end, once, calls while a megabyte of
garbage is typed at the console. The box has a processor of its own: on two that all share, two generators and the box
wait for each other, and a generator's own waiting is counted as the box's.
"""

import argparse
import os
import pty
import random
import sys
import tempfile
import threading
import time
import tty
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.avalanche import Crowd, p99, together
from tests.bench.goals import Goal
from tests.bench.loads import build_generators
from tests.bench.servers import Frontdesk

GARBAGE = 1_000_000  # bytes
GARBAGE_TAKES = 50.0  # seconds: the box reads no more than 256 bytes at once, and does other things in between


class Console:
    """A serial line of the box, and somebody who types rubbish at it."""

    def __init__(self) -> None:
        self._near, far = pty.openpty()
        tty.setraw(far)
        self.path = os.ttyname(far)
        self._far = far
        self.typed, self.seconds = 0, 0.0

    def type(self, stop: threading.Event) -> None:
        """A megabyte as fast as it is taken; what the box says is thrown away."""
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        noise = random.Random(20261123)
        began = time.monotonic()
        while self.typed < GARBAGE and not stop.is_set():
            self.typed += os.write(self._near, noise.randbytes(1024))
        self.seconds = time.monotonic() - began

    def _read(self) -> None:
        while os.read(self._near, 65_536):
            pass


def one_round(server: Frontdesk, crowd: Crowd, seconds: float) -> list[float]:
    """The ratios of two loads."""
    calls, refreshes = crowd.calls(seconds, 100), crowd.refreshes(seconds)
    (calls_alone,) = together(server.port, [calls])
    (refreshes_alone,) = together(server.port, [refreshes])
    calls_beside, refreshes_beside = together(server.port, [calls, refreshes])
    _check(calls_alone, calls_beside)
    return [p99(refreshes_beside) / p99(refreshes_alone), p99(calls_beside) / p99(calls_alone)]


def garbage(server: Frontdesk, crowd: Crowd, console: Console) -> float:
    """The ratio of calls for as long as a megabyte takes, against as many before it."""
    calls = crowd.calls(GARBAGE_TAKES, 100)
    (alone,) = together(server.port, [calls])
    stop = threading.Event()
    typist = threading.Thread(target=console.type, args=(stop,))
    typist.start()
    (noisy,) = together(server.port, [calls])
    stop.set()
    typist.join(10)
    _check(alone, noisy)
    return p99(noisy) / p99(alone)


def _check(*told: dict[str, Any]) -> None:
    for each in told:
        if each["ok"] != each["ops"]:
            raise RuntimeError(f"{each['ops'] - each['ok']} calls of {each['ops']} failed")


LEAST, AIM = 3.0, 1.5  # times as long as alone
ROWS = (
    "p99 of a registration beside 100 calls a second",
    "p99 of a call beside 200 registrations a second",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    build_generators()
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        crowd = Crowd(folder, 0)
        server = Frontdesk("frontdesk", "changes", folder, "--console", console.path)
        server.set_up(crowd.accounts)
        server.start()
        try:
            apart(server.pid)
            rounds = [one_round(server, crowd, options.seconds) for _ in range(options.rounds)]
            for row, ratios in zip(ROWS, zip(*rounds, strict=True), strict=True):
                tell(row, ratios)
            ratio = garbage(server, crowd, console)
        finally:
            server.stop()
    took = f"{console.typed / 1e6:.2f} MB of garbage are typed at the console in {console.seconds:.0f} s"
    tell(f"p99 of a call while {took}", [ratio])
    return 0 if console.typed >= GARBAGE else 1


def apart(pid: int) -> None:
    """Gives the process one processor and this one, with what it starts, the others."""
    own, *others = sorted(os.sched_getaffinity(0))
    if others:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {own})
        os.sched_setaffinity(0, set(others))


def tell(row: str, ratios: Sequence[float]) -> None:
    spread = ", ".join(f"{ratio:.1f}" for ratio in ratios)
    Goal(row, LEAST, AIM, " times alone").tell(median(ratios), f"{spread}; ")


if __name__ == "__main__":
    sys.exit(main())
