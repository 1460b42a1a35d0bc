"""What a load costs another beside it: p99 together against alone, on one box, in turns; medians of the ratios.

Registrations beside 100 calls a second, those calls beside registrations, and calls while a megabyte of garbage is
typed at the console.
"""

import argparse
import os
import pty
import random
import sys
import tempfile
import threading
import tty
from pathlib import Path
from statistics import median

from tests.bench.avalanche import Crowd, p99, together
from tests.bench.loads import build_generators
from tests.bench.servers import Frontdesk

GARBAGE = 1_000_000  # bytes
GOAL, AIM = 3.0, 1.5  # times as long as alone


class Console:
    """A serial line of the box, and somebody who types rubbish at it."""

    def __init__(self) -> None:
        self._near, far = pty.openpty()
        tty.setraw(far)
        self.path = os.ttyname(far)
        self._far = far
        self.typed = 0

    def type(self, stop: threading.Event) -> None:
        """A megabyte as fast as it is taken; what the box says is thrown away."""
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        noise = random.Random(20261123)
        while self.typed < GARBAGE and not stop.is_set():
            self.typed += os.write(self._near, noise.randbytes(1024))

    def _read(self) -> None:
        while os.read(self._near, 65_536):
            pass


def one_round(server: Frontdesk, crowd: Crowd, console: Console, seconds: float) -> tuple[list[float], int]:
    """The three ratios, and how many bytes of garbage the box has taken meanwhile."""
    calls, refreshes = crowd.calls(seconds, 100), crowd.refreshes(seconds)
    (calls_alone,) = together(server.port, [calls])
    (refreshes_alone,) = together(server.port, [refreshes])
    calls_beside, refreshes_beside = together(server.port, [calls, refreshes])
    stop = threading.Event()
    typist = threading.Thread(target=console.type, args=(stop,))
    console.typed = 0
    typist.start()
    (calls_noisy,) = together(server.port, [calls])
    stop.set()
    typist.join(10)
    for told in (calls_alone, calls_beside, calls_noisy):
        if told["ok"] != told["ops"]:
            raise RuntimeError(f"{told['ops'] - told['ok']} calls of {told['ops']} failed")
    ratios = [p99(refreshes_beside) / p99(refreshes_alone), p99(calls_beside) / p99(calls_alone)]
    return [*ratios, p99(calls_noisy) / p99(calls_alone)], console.typed


ROWS = (
    "p99 of a registration beside 100 calls a second",
    "p99 of a call beside 200 registrations a second",
    "p99 of a call while garbage is typed at the console",
)


def main() -> None:
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
            rounds = [one_round(server, crowd, console, options.seconds) for _ in range(options.rounds)]
        finally:
            server.stop()
    for row, ratios in zip(ROWS, zip(*(ratios for ratios, _ in rounds), strict=True), strict=True):
        middle = median(ratios)
        mark = "aim" if middle <= AIM else "ok" if middle <= GOAL else "no"
        spread = ", ".join(f"{ratio:.1f}" for ratio in ratios)
        sys.stdout.write(f"{row}: {middle:.1f} times alone ({spread}; at least {GOAL:g}, aim {AIM:g}): {mark}\n")
    taken = median(typed for _, typed in rounds)
    sys.stdout.write(f"Of the garbage the box took {taken / 1000:.0f} kB in {options.seconds:g} s.\n")


if __name__ == "__main__":
    main()
