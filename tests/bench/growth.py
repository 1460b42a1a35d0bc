"""Whether cost grows with the work: CPU of a refresh and of a call, start and memory, with ever more bindings."""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.bench.loads import BUILD, build_generators, measure, register_all, write_users
from tests.bench.processes import pss_megabytes
from tests.bench.servers import Account, Frontdesk

LOADS = ("refresh", "call")
GROUP = 200  # the same users carry the load, however many there are: 100 are called, the others call
GOAL = 1.2  # times what it costs with the fewest
SETTLING = 0.5  # seconds after a start


def weigh(count: int, options: argparse.Namespace, folder: Path) -> list[float]:
    """CPU us of each load, start in ms and MB with so many accounts and bindings."""
    accounts = [Account(f"u{n:06d}", f"s3cret-{n:06d}") for n in range(max(count, GROUP))]
    users = write_users(accounts, folder / "users.csv")
    group = write_users(accounts[:GROUP], folder / "group.csv")
    server = Frontdesk("frontdesk", "changes", folder)
    server.set_up(accounts)
    server.start()
    try:
        taken = register_all(server, users, count)
        if taken < count:
            raise RuntimeError(f"{count - taken} of {count} users were not registered")
        server.stop()
        start = server.start() * 1000
        time.sleep(SETTLING)
        memory = pss_megabytes(server.pid)
        each = [
            median(measure(server, load, n, group, GROUP, options.seconds).cpu_each for n in range(options.rounds))
            for load in LOADS
        ]
    finally:
        server.stop()
    return [*each, start, memory]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bindings", default="100,10000,100000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    build_generators()
    sys.stdout.write("| bindings | CPU us a refresh | a call | start ms | PSS MB after it |\n")
    sys.stdout.write("| ---: | ---: | ---: | ---: | ---: |\n")
    rows = []
    for count in (int(each) for each in options.bindings.split(",")):
        with tempfile.TemporaryDirectory(dir=BUILD) as name:
            rows.append(weigh(count, options, Path(name)))
        figures = " | ".join(f"{figure:.1f}" for figure in rows[-1])
        sys.stdout.write(f"| {count} | {figures} |\n")
        sys.stdout.flush()
    for load, *costs in zip(LOADS, *rows, strict=False):
        ratio = max(costs) / costs[0]
        mark = "ok" if ratio <= GOAL else "no"
        sys.stdout.write(f"CPU of a {load}: at most {ratio:.2f} times that with the fewest (goal {GOAL:g}): {mark}\n")


if __name__ == "__main__":
    main()
