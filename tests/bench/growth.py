"""Whether cost grows with the work: CPU of a refresh and of a call, start and memory, with ever more bindings."""

import argparse
import contextlib
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.bench.goals import Goal
from tests.bench.loads import BUILD, build_generators, measure, register_all, write_users
from tests.bench.processes import pss_megabytes
from tests.bench.servers import Account, Frontdesk

LOADS = ("refresh", "call")
GROUP = 200  # the same users carry the load, however many there are: 100 are called, the others call
GOAL = 1.2  # times between the dearest and the cheapest
START_COUNT = 10_000
START = Goal(f"start to the first answer with {START_COUNT:,} accounts and bindings", 600, 300, " ms")
STARTS = 3
SETTLING = 0.5  # seconds after a start


class Grown:
    """A server with so many accounts and bindings, started anew with them, the median of three times."""

    def __init__(self, count: int, folder: Path) -> None:
        accounts = [Account(f"u{n:06d}", f"s3cret-{n:06d}") for n in range(max(count, GROUP))]
        users = write_users(accounts, folder / "users.csv")
        self.count = count
        self.group = write_users(accounts[:GROUP], folder / "group.csv")
        self.server = Frontdesk("frontdesk", "changes", folder)
        self.costs: dict[str, list[float]] = {load: [] for load in LOADS}
        self.server.set_up(accounts)
        self.server.start()
        taken = register_all(self.server, users, count)
        self.server.stop()
        if taken < count:
            raise RuntimeError(f"{count - taken} of {count} users were not registered")
        starts = [self.server.start() * 1000]
        while len(starts) < STARTS:
            self.server.stop()
            starts.append(self.server.start() * 1000)
        self.start = median(starts)
        time.sleep(SETTLING)
        self.memory = pss_megabytes(self.server.pid)

    def measure(self, load: str, number: int, seconds: float) -> None:
        """One round of a load."""
        one = measure(self.server, load, number, self.group, GROUP, seconds)
        self.costs[load].append(one.cpu_each)

    def row(self) -> str:
        """Its line in the table."""
        costs = [median(self.costs[load]) for load in LOADS]
        return f"| {self.count} | " + " | ".join(f"{figure:.1f}" for figure in (*costs, self.start, self.memory)) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bindings", default="100,10000,100000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    build_generators()
    with contextlib.ExitStack() as stack:
        grown = []
        for count in (int(each) for each in options.bindings.split(",")):
            grown.append(Grown(count, Path(stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD)))))
            stack.callback(grown[-1].server.stop)
        for number in range(options.rounds):  # interleaved: the machine's own speed changes within minutes
            for load in LOADS:
                for each in grown if number % 2 else reversed(grown):
                    each.measure(load, number, options.seconds)
    sys.stdout.write("| bindings | CPU us a refresh | a call | start ms | PSS MB after it |\n")
    sys.stdout.write("| ---: | ---: | ---: | ---: | ---: |\n")
    sys.stdout.write("".join(f"{each.row()}\n" for each in grown))
    for load in LOADS:
        costs = [median(each.costs[load]) for each in grown]
        ratio = max(costs) / min(costs)
        mark = "ok" if ratio <= GOAL else "no"
        sys.stdout.write(f"CPU of a {load}: within {ratio:.2f} times of each other (goal {GOAL:g}): {mark}\n")
    for each in grown:
        if each.count == START_COUNT:
            START.tell(each.start)


if __name__ == "__main__":
    main()
