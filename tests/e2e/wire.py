"""The SIP messages that a phone sent and received, read from the trace that baresip -s writes."""

from collections.abc import Iterator
from dataclasses import dataclass

_BEGINS, _ENDS = "\x1b[36;1m#", "\x1b[;m"  # baresip colours a message, and ends with the plain colour


@dataclass(slots=True)
class Traced:
    """One message and between whom it went: `transport`, `source` and `target` (host:port)."""

    transport: str
    source: str
    target: str
    start: str
    headers: list[tuple[str, str]]
    body: str

    def __str__(self) -> str:
        lines = "".join(f"    {name}: {value}\n" for name, value in self.headers)
        body = "".join(f"    | {line}\n" for line in self.body.splitlines())
        return f"{self.transport} {self.source} -> {self.target}\n    {self.start}\n{lines}{body}"

    @property
    def is_request(self) -> bool:
        return not self.start.startswith("SIP/2.0 ")

    @property
    def status(self) -> int:
        return 0 if self.is_request else int(self.start.split(" ", 2)[1])

    @property
    def method(self) -> str:
        """The method of a request, or of the request that a response answers."""
        return self.start.split(" ", 1)[0] if self.is_request else self.value("CSeq").split()[-1]

    def values(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found.lower() == name.lower()]

    def value(self, name: str) -> str:
        return next(iter(self.values(name)), "")


class TraceReader:
    """Lines in, messages out."""

    def __init__(self) -> None:
        self._lines: list[str] | None = None

    def read(self, line: str) -> Iterator[Traced]:
        if line == _BEGINS:
            self._lines = []
        elif self._lines is not None and line.startswith(_ENDS):
            yield _traced(self._lines)
            self._lines = None
        elif self._lines is not None:
            self._lines.append(line)


def _traced(lines: list[str]) -> Traced:
    transport, source, _, target = lines[0].split(" ")
    end = lines.index("", 2) if "" in lines[2:] else len(lines)
    headers = [(name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines[2:end])]
    return Traced(transport, source, target, lines[1], headers, "\n".join(lines[end + 1 :]))
