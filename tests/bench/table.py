"""The figures as Markdown: medians over the rounds, and ratios taken inside each round."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.loads import LOADS, Measurement

MEANING = {
    "full": "REGISTER, 401, REGISTER with credentials, 200",
    "refresh": "REGISTER that reuses its nonce, 16 open at a time",
    "refresh1": "the same, one at a time",
    "moved": "the same with another Contact each time: on disk before its 200",
    "call": "INVITE, 407, INVITE, 180, 200, ACK, BYE, 200",
    "options": "OPTIONS to the server itself, no credentials",
}


@dataclass(slots=True)
class Standing:
    """What a server is besides its loads. Megabytes, milliseconds, wake-ups a second."""

    server: str
    durable: str
    start: float
    at_rest: float
    bindings: int = 0
    with_bindings: float = 0.0
    wakeups: float = 0.0


def markdown(measurements: Sequence[Measurement], standings: Sequence[Standing], anchors: Sequence[str]) -> str:
    parts = [_load_table(load, measurements, anchors) for load in LOADS if any(m.load == load for m in measurements)]
    return "\n".join([*parts, _standing_table(standings)])


def _load_table(load: str, measurements: Sequence[Measurement], anchors: Sequence[str]) -> str:
    ours = [m for m in measurements if m.load == load]
    anchors = [anchor for anchor in anchors if any(m.server == anchor for m in ours)]
    ratios = [f"CPU / {anchor}" for anchor in anchors]
    head = ["server", "a second", "CPU us each", "+-%", *ratios, "p50 ms", "p99 ms"]
    head += ["failed", "resent", "kB written / 1000"]
    rows = [_load_row(server, ours, anchors) for server in dict.fromkeys(m.server for m in ours)]
    return f"### {load}: {MEANING[load]}\n\n{table(head, rows)}"


def _load_row(server: str, measurements: Sequence[Measurement], anchors: Sequence[str]) -> list[str]:
    mine = [m for m in measurements if m.server == server]
    cpu = [m.cpu_each for m in mine]
    spread = 50 * (max(cpu) - min(cpu)) / median(cpu)
    return [
        server,
        f"{median(m.per_second for m in mine):.0f}",
        f"{median(cpu):.1f}",
        f"{spread:.0f}",
        *(_ratio(mine, [m for m in measurements if m.server == anchor]) for anchor in anchors),
        f"{median(m.p50 for m in mine) / 1000:.2f}",
        f"{median(m.p99 for m in mine) / 1000:.2f}",
        str(sum(m.failed for m in mine)),
        str(sum(m.retransmitted for m in mine)),
        f"{median(m.written / max(m.succeeded, 1) for m in mine) * 1000 / 1024:.0f}",
    ]


def rows_of(measurements: Sequence[Measurement], server: str, load: str) -> list[Measurement]:
    """What was measured of one load on one server, a round each."""
    return [m for m in measurements if (m.server, m.load) == (server, load)]


def ratio(
    mine: Sequence[Measurement], anchor: Sequence[Measurement], figure: Callable[[Measurement], float]
) -> float | None:
    """The median of the rounds' own ratios: a noisy neighbour hits both sides of one. None where there is none."""
    ratios = [figure(m) / figure(a) for m in mine for a in anchor if a.round == m.round and a.succeeded]
    return median(ratios) if ratios else None


def _ratio(mine: Sequence[Measurement], anchor: Sequence[Measurement]) -> str:
    found = ratio(mine, anchor, lambda one: one.cpu_each)
    return "-" if found is None else f"{found:.2f}"


def _standing_table(standings: Sequence[Standing]) -> str:
    head = ["server", "on disk before the 200", "start ms", "PSS MB at rest"]
    head += ["bindings", "PSS MB with them", "wake-ups/s"]
    rows = []
    for server in dict.fromkeys(s.server for s in standings):
        mine = [s for s in standings if s.server == server]
        start, rest = median(s.start for s in mine), median(s.at_rest for s in mine)
        full = max(mine, key=lambda s: s.bindings)
        row = [server, full.durable, f"{start:.0f}", f"{rest:.1f}"]
        rows.append([*row, str(full.bindings), f"{full.with_bindings:.1f}", f"{full.wakeups:.1f}"])
    return f"### process\n\n{table(head, rows)}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown; all columns but the first are figures."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
