"""A line that loses and damages bytes, with its own time, and a box end behind it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from panel_link.answering import Answerer
from panel_link.asking import Port

Noise = Callable[[bytes], bytes]


def clean(data: bytes) -> bytes:
    """As it was sent."""
    return data


def damage(random: Random, share: float) -> Noise:
    """That share of the bytes comes as another byte."""
    return lambda data: bytes(random.randrange(256) if random.random() < share else byte for byte in data)


def loss(random: Random, share: float) -> Noise:
    """That share of what is sent at once never comes, or comes twice."""
    return lambda data: b"" if random.random() < share else data * (2 if random.random() < share else 1)


class Line(Port):
    """Both ways through `noise`; the box does each request at once, by `work`, after saying WAIT `waits` times."""

    def __init__(self, noise: Noise = clean, work: Callable[[bytes], bytes] = lambda request: request[::-1]) -> None:
        self.box = Answerer("box", 7)
        self.noise = noise
        self.work = work
        self.waits = 0
        self.done: list[bytes] = []
        self.bytes = 0
        """Over the line, both ways."""
        self.frames = 0
        """That the laptop sent."""
        self.cut_after: int | None = None
        """Bytes until the cable is pulled."""
        self._time = 0.0
        self._coming = b""

    def now(self) -> float:
        """Moves when somebody waits."""
        return self._time

    def write(self, data: bytes) -> None:
        """To the box, and its answer on the way back."""
        self.frames += 1
        answer = self._carry(self.box.receive(self._carry(data)))
        self._coming += answer
        self._work()

    def read(self, seconds: float) -> bytes:
        """What has come; all time is over where it is nothing."""
        if not self._coming:
            self._time += seconds
        coming, self._coming = self._coming, b""
        return coming

    def _work(self) -> None:
        if self.box.pending and self.waits:
            self.waits -= 1
            return
        for exchange in self.box.pending:
            self.done.append(bytes(exchange.request))
            exchange.answer = self.work(bytes(exchange.request))
        self.box.pending.clear()

    def _carry(self, data: bytes) -> bytes:
        self.bytes += len(data)
        if self.cut_after is not None:
            data, self.cut_after = data[: self.cut_after], self.cut_after - len(data)
            if self.cut_after < 0:
                self.box.receive(self.noise(data)) if data else None
                raise OSError("the cable is gone")
        return self.noise(data)
