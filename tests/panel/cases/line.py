"""Either end of the line can be of MicroPython (firmware/panel_link/README.md)."""

from panel_link.answering import Answerer
from panel_link.asking import Asker, Call, Port


class Line(Port):
    """The other end is in the same program."""

    def __init__(self) -> None:
        self._end = Answerer("box", 7)
        self._said = b""

    def write(self, data: bytes) -> None:
        self._said += self._end.receive(data)
        for exchange in self._end.pending:
            exchange.answer = bytes(exchange.request) * 2
        self._end.pending.clear()

    def read(self, seconds: float) -> bytes:
        said, self._said = self._said, b""
        return said

    def now(self) -> float:
        return 0.0


asker = Asker(Line())
asker.greet()
assert (asker.name, asker.instance) == ("box", 7)
assert asker.run(Call(1, b"0123456789" * 200)) == b"0123456789" * 400
print("ok")  # noqa: T201 - the test reads it
