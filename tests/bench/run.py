"""`make bench`: the figures of the product, and of Kamailio beside it where it is installed, as a table."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.goals import marks
from tests.bench.loads import BUILD, LOADS, Measurement, build_generators, measure, register_all, write_users
from tests.bench.processes import pss_megabytes, usage
from tests.bench.servers import Account, Server, all_servers
from tests.bench.table import Standing, markdown

SETTLING = 0.5  # seconds after the start


class Bench:
    """Rounds of all loads on all servers, each started anew: A B C, then C B A, so that no one always goes first."""

    def __init__(self, servers: list[Server], options: argparse.Namespace, folder: Path):
        self._servers, self._options = servers, options
        self._loads = options.loads.split(",")
        self._accounts = [Account(f"u{n:06d}", f"s3cret-{n:06d}") for n in range(max(options.bindings, options.users))]
        self._users = write_users(self._accounts, folder / "users.csv")
        self.measurements: list[Measurement] = []
        self.standings: list[Standing] = []

    def run(self) -> None:
        for number in range(1, self._options.rounds + 1):
            for server in self._servers if number % 2 else reversed(self._servers):
                try:
                    self._one_server(server, number)
                except (RuntimeError, OSError) as error:  # one broken server does not end the run
                    say(f"round {number}: {server.name}: {error}")
                finally:
                    server.stop()

    def _one_server(self, server: Server, number: int) -> None:
        server.set_up(self._accounts)
        start = server.start() * 1000
        time.sleep(SETTLING)
        standing = Standing(server.name, server.durable, start, pss_megabytes(server.pid))
        self.standings.append(standing)
        if number == 1:
            self._watch(server, standing)
        for load in (load for load in self._loads if load in (server.loads or LOADS)):
            options = self._options
            one = measure(server, load, number, self._users, options.users, options.seconds)
            self.measurements.append(one)
            figures = f"{one.per_second:.0f}/s, {one.cpu_each:.1f} us, {one.failed} failed"
            say(f"round {number}: {server.name} {load}: {figures}")

    def _watch(self, server: Server, standing: Standing) -> None:
        """Wake-ups at rest, and memory with many bindings; once is enough."""
        before = usage(server.pid)
        time.sleep(self._options.idle)
        standing.wakeups = (usage(server.pid) - before).wakeups / self._options.idle
        if server.loads:
            return
        standing.bindings = register_all(server, self._users, self._options.bindings)
        time.sleep(SETTLING)
        standing.with_bindings = pss_megabytes(server.pid)


def say(line: str) -> None:
    """Progress goes to standard error: the table alone is on standard output."""
    sys.stderr.write(line + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("servers", nargs="*", help="names of servers (default: all)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="how long each load runs")
    parser.add_argument("--users", type=int, default=1000, help="users that the loads go round")
    parser.add_argument("--bindings", type=int, default=10_000, help="bindings to weigh")
    parser.add_argument("--idle", type=float, default=10.0, help="seconds to count wake-ups at rest")
    parser.add_argument("--loads", default=",".join(LOADS))
    return parser.parse_args()


def main() -> None:
    options = arguments()
    build_generators()
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        servers = [one for one in all_servers(Path(folder)) if one.name in options.servers or not options.servers]
        anchors = [server.name for server in servers if server.name.startswith("kam-")]
        if not shutil.which("kamailio"):
            say("Kamailio is not installed (kamailio, kamailio-sqlite-modules): the product is measured alone.")
        bench = Bench(servers, options, Path(folder))
        bench.run()
    sys.stdout.write(markdown(bench.measurements, bench.standings, anchors))
    sys.stdout.write("\n" + marks(bench.measurements, bench.standings))


if __name__ == "__main__":
    main()
