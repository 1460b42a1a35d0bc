"""The wires between the box and what hangs on it: two ttys, and what carries the bytes between them, noise and all."""

from __future__ import annotations

import os
import pty
import select
import threading
import time
import tty
from collections.abc import Callable

Noise = Callable[[bytes], bytes]
LINE = 115_200 / 10
"""Bytes a second at 115200 baud: start, eight, stop."""
PIECE = 64


class Wiring:
    """`box` and `panel` are the ttys of the two ends; they stay when either end is started anew."""

    def __init__(self, noise: Noise = lambda data: data, *, rate: float = 0.0, flow_control: bool = True) -> None:
        """`rate`: bytes a second each way, 0: at once. Without flow control, what an end does not take is lost."""
        self.noise = noise
        self.lost = 0
        self.carried = {"to the box": 0, "from the box": 0}
        """Bytes."""
        self._rate = rate
        self._near, self._far = pty.openpty(), pty.openpty()
        for master, end in (self._near, self._far):
            tty.setraw(end)
            os.set_blocking(master, flow_control)
        self.box, self.panel = os.ttyname(self._near[1]), os.ttyname(self._far[1])
        self._stop_out, self._stop_in = os.pipe()
        ways = (("from the box", self._near[0], self._far[0]), ("to the box", self._far[0], self._near[0]))
        self._threads = [threading.Thread(target=self._carry, args=way, daemon=True) for way in ways]
        for thread in self._threads:
            thread.start()

    def _carry(self, way: str, source: int, drain: int) -> None:
        free = time.monotonic()
        while self._stop_out not in (ready := select.select([source, self._stop_out], [], [])[0]):
            assert ready == [source]
            data = self.noise(os.read(source, PIECE))
            self.carried[way] += len(data)
            if self._rate:
                free = max(free, time.monotonic()) + len(data) / self._rate
                select.select([self._stop_out], [], [], max(0.0, free - time.monotonic()))
            try:
                self.lost += len(data) - os.write(drain, data)
            except BlockingIOError:
                self.lost += len(data)

    def close(self) -> None:
        """Takes the wires away."""
        os.write(self._stop_in, b"x")
        for thread in self._threads:
            thread.join()
        for descriptor in (*self._near, *self._far, self._stop_out, self._stop_in):
            os.close(descriptor)
