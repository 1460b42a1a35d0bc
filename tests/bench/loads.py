"""The loads: each is one generator with its arguments, run against a server while its processes are watched."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import usage
from tests.bench.servers import DOMAIN, HOST, Account, Server

GENERATORS = Path(__file__).parent / "generators"
BUILD = Path(__file__).parent / "build"

# name -> generator, arguments, operations that are open at the same time
LOADS = {
    "full": ("regload", "--mode full", 16),
    "refresh": ("regload", "--mode refresh", 16),
    "refresh1": ("regload", "--mode refresh", 1),
    "moved": ("regload", "--mode refresh --move", 16),
    "call": ("callload", "--callees 100", 16),
    "options": ("regload", "--mode options", 16),
}


@dataclass(slots=True)
class Measurement:
    """One load on one server in one round. Times in seconds, latencies in microseconds."""

    server: str
    load: str
    round: int
    succeeded: int
    failed: int
    retransmitted: int
    elapsed: float
    cpu: float
    written: int
    p50: int
    p99: int

    @property
    def per_second(self) -> float:
        return self.succeeded / self.elapsed

    @property
    def cpu_each(self) -> float:
        """Microseconds of the server's CPU for each operation that succeeded."""
        return self.cpu * 1e6 / max(self.succeeded, 1)


def build_generators() -> None:
    subprocess.run(["make", "-s", "-C", str(GENERATORS), f"OUT={BUILD}"], check=True)


def write_users(accounts: Sequence[Account], path: Path) -> Path:
    """The generators' list: username, domain, password."""
    path.write_text("username,domain,password\n" + "".join(f"{a.user},{DOMAIN},{a.password}\n" for a in accounts))
    return path


def measure(server: Server, load: str, round_: int, users: Path, count: int, seconds: float) -> Measurement:
    tool, arguments, window = LOADS[load]
    limits = ["--window", str(window), "--ops", "0", "--duration", str(seconds)]
    limits += ["--users", str(count)] if tool == "regload" else []
    return _run(server, load, round_, [tool, *arguments.split(), *limits], users)


def register_all(server: Server, users: Path, count: int) -> int:
    """Registers every user once; how many the server took."""
    arguments = ["regload", "--mode", "full", "--window", "64", "--ops", str(count), "--users", str(count)]
    return _run(server, "insert", 0, arguments, users).succeeded


def _run(server: Server, load: str, round_: int, arguments: Sequence[str], users: Path) -> Measurement:
    tool, *rest = arguments
    command = [str(BUILD / tool), "--server", f"{HOST}:{server.port}", "--csv", str(users), "--sync", *rest]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as generator:
        assert generator.stdin is not None and generator.stdout is not None
        if generator.stdout.readline().strip() != "READY":  # it has warmed up, and waits for our word
            raise RuntimeError(f"{server.name}: {load} could not begin: `{' '.join(command)}`")
        before = usage(server.pid)
        generator.stdin.write("go\n")
        generator.stdin.flush()
        told = json.loads(generator.stdout.readline())
        spent = usage(server.pid) - before
        generator.stdin.close()
    return Measurement(
        server=server.name,
        load=load,
        round=round_,
        succeeded=told["ok"],
        failed=told["ops"] - told["ok"],
        retransmitted=told["retx"],
        elapsed=told["elapsed"],
        cpu=spent.cpu,
        written=spent.written,
        p50=told["lat_us"]["p50"],
        p99=told["lat_us"]["p99"],
    )
