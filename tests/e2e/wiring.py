"""The wires between box and panel: two ttys and what carries the bytes between them, noise and all."""

from __future__ import annotations

import os
import pty
import select
import threading
import tty
from collections.abc import Callable

Noise = Callable[[bytes], bytes]


class Wiring:
    """`box` and `panel` are the ttys of the two ends; they stay when either end is started anew."""

    def __init__(self, noise: Noise = lambda data: data) -> None:
        self.noise = noise
        self._near, self._far = pty.openpty(), pty.openpty()
        for _, end in (self._near, self._far):
            tty.setraw(end)
        self.box, self.panel = os.ttyname(self._near[1]), os.ttyname(self._far[1])
        self._stop_out, self._stop_in = os.pipe()
        self._thread = threading.Thread(target=self._carry, daemon=True)
        self._thread.start()

    def _carry(self) -> None:
        other = {self._near[0]: self._far[0], self._far[0]: self._near[0]}
        while True:
            ready, _, _ = select.select([*other, self._stop_out], [], [])
            if self._stop_out in ready:
                return
            for end in ready:
                os.write(other[end], self.noise(os.read(end, 256)))

    def close(self) -> None:
        """Takes the wires away."""
        os.write(self._stop_in, b"x")
        self._thread.join()
        for descriptor in (*self._near, *self._far, self._stop_out, self._stop_in):
            os.close(descriptor)
