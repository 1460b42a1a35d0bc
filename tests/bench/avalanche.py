"""`make avalanche`: power comes back in a building: on a quick disk, a slow one, a slow board; and more than that.

Phones register with the full exchange, each from a socket of its own, while others call and renew. Nothing is timed by
a test: the figures are for people, and ratios travel better than they do.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.loads import BUILD, build_generators, write_users
from tests.bench.processes import PROC, read, usage
from tests.bench.servers import HOST, Account, Frontdesk

HERE = Path(__file__).parent
CALLERS = 150  # accounts that call, 100 of them are called
RENEWING = 200  # accounts whose phones renew
CALLS_A_SECOND = 50
REFRESHES_A_SECOND = 200
SHARE = 0.002, 0.004  # seconds that the server runs and stands still in turn: a third of a core


class OnDisk(Frontdesk):
    """The product on a disk whose sync takes `sync` seconds."""

    def __init__(self, sync: float, folder: Path):
        super().__init__(f"sync-{sync * 1000:g}ms", "changes", folder)
        self._sync = sync

    def command(self) -> list[str]:
        return [sys.executable, str(HERE / "slow_disk.py"), str(self._sync), *super().command()[1:]]


@dataclass(slots=True)
class Crowd:
    """Who registers, who calls and who renews: three lists of users."""

    folder: Path
    phones: int
    accounts: list[Account] = field(default_factory=list)

    def __post_init__(self) -> None:
        total = self.phones + CALLERS + RENEWING
        self.accounts = [Account(f"u{n:06d}", f"s3cret-{n:06d}") for n in range(total)]
        write_users(self.accounts[:CALLERS], self.folder / "callers.csv")
        write_users(self.accounts[CALLERS : CALLERS + RENEWING], self.folder / "renewing.csv")
        write_users(self.accounts[CALLERS + RENEWING :], self.folder / "phones.csv")

    def calls(self, seconds: float, rate: int = CALLS_A_SECOND) -> list[str]:
        limits = ["--callees", "100", "--window", "50", "--rate", str(rate), "--ops", "0"]
        return ["callload", "--csv", str(self.folder / "callers.csv"), *limits, "--duration", str(seconds), "--sync"]

    def refreshes(self, seconds: float) -> list[str]:
        limits = ["--mode", "refresh", "--users", str(RENEWING), "--window", "64", "--rate", str(REFRESHES_A_SECOND)]
        path = str(self.folder / "renewing.csv")
        return ["regload", "--csv", path, *limits, "--ops", "0", "--duration", str(seconds), "--sync"]

    def avalanche(self, within: float) -> list[str]:
        path = str(self.folder / "phones.csv")
        return ["avalanche", "--csv", path, "--users", str(self.phones), "--within", str(within)]


def together(port: int, commands: Sequence[list[str]]) -> list[dict[str, Any]]:
    """Runs generators at the same time, when all of them are ready; what each tells."""
    running: list[subprocess.Popen[str]] = []
    for tool, *rest in commands:
        command = [str(BUILD / tool), "--server", f"{HOST}:{port}", *rest]
        running.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert running[-1].stdout is not None
        if running[-1].stdout.readline().strip() != "READY":
            raise RuntimeError(f"{tool} could not begin")
    for one in running:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    return [json.loads(one.communicate()[0]) for one in running]


@contextmanager
def a_third_of_a_core(pid: int) -> Iterator[None]:
    """Stops and continues the server's process in turn."""
    over = threading.Event()

    def turns() -> None:
        while not over.is_set():
            os.kill(pid, signal.SIGCONT)
            time.sleep(SHARE[0])
            os.kill(pid, signal.SIGSTOP)
            time.sleep(SHARE[1])
        os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=turns)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def peak_megabytes(pid: int) -> float:
    """The most memory that the process has had (VmHWM)."""
    line = next(line for line in read(PROC / str(pid) / "status").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def one_avalanche(sync: float, slow_board: bool, phones: int, within: float, folder: Path) -> dict[str, Any]:
    """Calls and refreshes alone, then the same while the phones register."""
    crowd, server = Crowd(folder, phones), OnDisk(sync, folder)
    server.set_up(crowd.accounts)
    server.start()
    try:
        rest = peak_megabytes(server.pid)
        seconds = within + 3
        with a_third_of_a_core(server.pid) if slow_board else nullcontext():
            alone = together(server.port, [crowd.calls(seconds), crowd.refreshes(seconds)])
            before = usage(server.pid).cpu
            storm = together(server.port, [crowd.avalanche(within), crowd.calls(seconds), crowd.refreshes(seconds)])
            spent = usage(server.pid).cpu - before
        board = "a third of a core" if slow_board else "a core"
        peak = peak_megabytes(server.pid)
        return {"sync": sync, "board": board, "cpu": spent, "alone": alone, "storm": storm, "rest": rest, "peak": peak}
    finally:
        server.stop()


def one_overload(sync: float, phones: int, within: float, folder: Path) -> dict[str, Any]:
    """More phones than a third of a core can carry."""
    crowd, server = Crowd(folder, phones), OnDisk(sync, folder)
    server.set_up(crowd.accounts)
    server.start()
    try:
        with a_third_of_a_core(server.pid):
            before = usage(server.pid).cpu
            (told,) = together(server.port, [crowd.avalanche(within)])
            spent = usage(server.pid).cpu - before
        return {"sync": sync, "cpu": spent, "told": told, "peak": peak_megabytes(server.pid)}
    finally:
        server.stop()


COLUMNS = {
    "registered": "{:.0f}", "all after, s": "{:.2f}", "503": "{:.0f}", "resent": "{:.0f}",
    "exchange p50, ms": "{:.1f}", "p99, ms": "{:.1f}", "calls meanwhile": "{:.0f}", "failed": "{:.0f}",
    "call p99, ms": "{:.1f}", "without": "{:.1f}", "refresh p99, ms": "{:.1f}", "without ": "{:.1f}",
    "CPU, s": "{:.1f}", "MB at rest": "{:.0f}", "at most": "{:.0f}",
}  # fmt: skip


def figures(run: dict[str, Any]) -> list[float]:
    """One for each column."""
    (phones, calls, refreshes), (alone_calls, alone_refreshes) = run["storm"], run["alone"]
    exchange = phones["exchange_us"]
    return [
        phones["registered"], phones["elapsed"], phones["codes"].get("503", 0), phones["retx"],
        exchange["p50"] / 1000, exchange["p99"] / 1000, calls["ok"], calls["ops"] - calls["ok"],
        p99(calls), p99(alone_calls), p99(refreshes), p99(alone_refreshes), run["cpu"], run["rest"], run["peak"],
    ]  # fmt: skip


def p99(told: dict[str, Any]) -> float:
    """Milliseconds."""
    return float(told["lat_us"]["p99"]) / 1000


def table(rounds: dict[str, list[list[float]]]) -> str:
    """The median of all rounds for each kind of run, then the second kind as a multiple of the first."""
    medians = {kind: [median(column) for column in zip(*rows, strict=True)] for kind, rows in rounds.items()}
    rows = [
        [kind, *(form.format(cell) for form, cell in zip(COLUMNS.values(), cells, strict=True))]
        for kind, cells in medians.items()
    ]
    quick, slow, *_ = medians.values()
    ratios = [f"{each / base:.2f}" if base else "-" for each, base in zip(slow, quick, strict=True)]
    lines = [["a sync, the board", *COLUMNS], ["---", *("---:" for _ in COLUMNS)], *rows, ["slow / quick", *ratios]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def overload_row(run: dict[str, Any]) -> str:
    told = run["told"]
    cells = [
        f"{run['sync'] * 1000:g} ms", f"{told['registered']} of {told['phones']}", f"{told['elapsed']:.1f} s",
        str(told["codes"].get("503", 0)), str(told["codes"].get("401", 0)), str(told["retx"]), str(told["given_up"]),
        f"{run['cpu']:.1f} s", f"{run['peak']:.0f} MB",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |\n"


OVERLOAD_HEAD = (
    "| a sync | registered | all after | 503 | 401 | resent | exchanges given up | CPU | memory at most |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make avalanche", description=__doc__)
    parser.add_argument("--phones", type=int, default=2000)
    parser.add_argument("--within", type=float, default=2.0, help="seconds in which all of them begin")
    parser.add_argument("--syncs", default="0.0003,0.03", help="seconds, with a comma between them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--overload", type=int, default=19_000, help="phones of the overload run; 0: none")
    parser.add_argument("--folder", type=Path, default=Path("/dev/shm"), help="a file system in memory")
    options = parser.parse_args()
    build_generators()
    folder = Path(tempfile.mkdtemp(prefix="avalanche-", dir=options.folder))
    syncs = [float(each) for each in options.syncs.split(",")]
    runs = [*((sync, False) for sync in syncs), (syncs[-1], True)]
    try:
        rounds: dict[str, list[list[float]]] = {}
        for number in range(options.rounds):
            for sync, slow_board in reversed(runs) if number % 2 else runs:
                run = one_avalanche(sync, slow_board, options.phones, options.within, folder)
                rounds.setdefault(f"{sync * 1000:g} ms, {run['board']}", []).append(figures(run))
                sys.stderr.write(f"round {number + 1}: {sync * 1000:g} ms, {run['board']}: {figures(run)}\n")
        if rounds:
            sys.stdout.write(table(rounds))
        if options.overload:
            run = one_overload(syncs[-1], options.overload, options.within, folder)
            sys.stdout.write("\n" + OVERLOAD_HEAD + overload_row(run))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
