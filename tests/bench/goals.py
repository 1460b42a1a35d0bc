"""What the figures are to become, and whether they have: the lowest goal, what is aimed at, and a mark."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.loads import Measurement
from tests.bench.table import Standing, ratio, rows_of, table

Figures = Sequence[Measurement]


@dataclass(slots=True, frozen=True)
class Goal:
    """One of them; `aim` is less than `least`, or more where more is better."""

    what: str
    least: float
    aim: float
    unit: str = ""

    def mark(self, figure: float) -> str:
        """aim: better could not be asked; ok: reached; no: missed."""
        sign = 1 if self.aim <= self.least else -1
        return "aim" if sign * figure <= sign * self.aim else "ok" if sign * figure <= sign * self.least else "no"

    def tell(self, figure: float, details: str = "") -> None:
        """A line on standard output."""
        limits = f"at least {self.least:g}, aim {self.aim:g}"
        told = f"{self.what}: {figure:.1f}{self.unit} ({details}{limits}): {self.mark(figure)}\n"
        sys.stdout.write(told)

    def row(self, figure: float | None) -> list[str]:
        """The same in a table; None: nobody measured it."""
        told, mark = ("-", "not measured") if figure is None else (f"{figure:.2f}", self.mark(figure))
        return [self.what, f"{self.least:g}{self.unit}", f"{self.aim:g}{self.unit}", told, mark]


def _cpu(load: str, server: str, peer: str) -> Callable[[Figures], float | None]:
    return lambda all_: ratio(rows_of(all_, server, load), rows_of(all_, peer, load), lambda one: one.cpu_each)


def _rate(load: str, server: str, peer: str) -> Callable[[Figures], float | None]:
    return lambda all_: ratio(rows_of(all_, server, load), rows_of(all_, peer, load), lambda one: one.per_second)


def _kilobytes(load: str, server: str) -> Callable[[Figures], float | None]:
    def written(all_: Figures) -> float | None:
        mine = rows_of(all_, server, load)
        return median(one.written / max(one.succeeded, 1) / 1024 for one in mine) if mine else None

    return written


FAST, DURABLE, PACKAGED = "kam-ht-fm-nc", "kam-wt-ht-fm-wal", "kam-wt"
OF_LOADS = (
    (Goal(f"CPU of a refresh, 16 open / {FAST}", 1.5, 0.9), _cpu("refresh", "frontdesk", FAST)),
    (Goal(f"CPU of a refresh, 1 open / {FAST}", 2.0, 1.2), _cpu("refresh1", "frontdesk", FAST)),
    (Goal(f"CPU of a moved binding, on disk, 16 open / {DURABLE}", 0.4, 0.2), _cpu("moved", "frontdesk", DURABLE)),
    (Goal(f"CPU of a full exchange with its 401 / {FAST}", 2.0, 1.2), _cpu("full", "frontdesk", FAST)),
    (Goal(f"CPU of a refresh, --flush 0, 16 open / {DURABLE}", 0.45, 0.25), _cpu("refresh", "frontdesk-each", DURABLE)),
    (Goal(f"CPU of a refresh, --flush 0, 1 open / {DURABLE}", 1.2, 0.8), _cpu("refresh1", "frontdesk-each", DURABLE)),
    (Goal(f"rate of moved bindings, 16 open / {PACKAGED}", 12, 25), _rate("moved", "frontdesk", PACKAGED)),
    (Goal(f"CPU of a call with 407 / {FAST}", 1.8, 0.9), _cpu("call", "frontdesk", FAST)),
    (Goal("written for a refresh, outside the flush", 0, 0, " kB"), _kilobytes("refresh", "frontdesk")),
    (Goal("written for a moved binding, 16 open", 1.5, 0.8, " kB"), _kilobytes("moved", "frontdesk")),
)
AT_REST = Goal("memory at rest", 36, 28, " MB")
WITH_BINDINGS = Goal("memory with 10,000 bindings", 60, 40, " MB")
WAKEUPS = Goal("wake-ups a second at rest", 3, 1)


def marks(measurements: Figures, standings: Sequence[Standing]) -> str:
    """All goals of these loads and of the process, as a table in Markdown."""
    rows = [goal.row(figure(measurements)) for goal, figure in OF_LOADS]
    ours = [one for one in standings if one.server == "frontdesk"]
    full = max(ours, key=lambda one: one.bindings, default=None)
    rows.append(AT_REST.row(median(one.at_rest for one in ours) if ours else None))
    rows.append(WITH_BINDINGS.row(full.with_bindings if full and full.bindings >= 10_000 else None))
    rows.append(WAKEUPS.row(full.wakeups if full else None))
    return f"### goals\n\n{table(['goal', 'at least', 'aim', 'figure', 'mark'], rows)}"
