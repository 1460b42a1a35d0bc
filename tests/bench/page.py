"""What the setup page costs: memory, wake-ups and start with it on and off, and the p99 of registrations while ten
browsers poll its front page, against the same without them, in turns; medians of the ratios."""

import argparse
import contextlib
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import httpx

from tests.bench import goals
from tests.bench.avalanche import Crowd, p99, together
from tests.bench.loads import build_generators
from tests.bench.processes import pss_megabytes, usage
from tests.bench.servers import HOST, Frontdesk, free_port

BROWSERS = 10
POLL = 5.0  # seconds, as web/frontdesk_web/static/poll.js has it
AT_REST = 10.0  # seconds in which wake-ups are counted
PASSWORD = "correct horse"
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Browser:
    """One that is logged in, and polls as the page's script does."""

    def __init__(self, page: str) -> None:
        self._client = httpx.Client(base_url=page, verify=False, timeout=30)
        self._tag = ""
        self.polls = 0

    def send(self, path: str, **fields: str) -> None:
        """Fills in the form of that page, and sends it."""
        token = CSRF.search(self._client.get(path).text)
        answer = self._client.post(path, data={**fields, **({"csrf": token[1]} if token else {})})
        if answer.status_code != 303:
            raise RuntimeError(f"{path}: {answer.status_code}")

    def poll(self, stop: threading.Event, first: float) -> None:
        """Until it is told to stop; the first time after so many seconds, for no two browsers were opened at once."""
        pause = first
        while not stop.wait(pause):
            pause = POLL
            answer = self._client.get("/live", headers={"If-None-Match": self._tag} if self._tag else {})
            if answer.status_code not in (200, 304):
                raise RuntimeError(f"/live: {answer.status_code}")
            self._tag = answer.headers["ETag"]
            self.polls += 1


def opened(server: Frontdesk, page: str) -> list[Browser]:
    """Sets the box up, and logs all in."""
    first = Browser(page)
    first.send("/welcome", code=(server.folder / "data" / "first-boot-code").read_text().strip())
    first.send("/welcome/box", password=PASSWORD, again=PASSWORD, hostname="frontdesk", timezone="UTC")
    first.send("/welcome/network")
    first.send("/welcome/phones", accounts="none")
    browsers = [Browser(page) for _ in range(BROWSERS)]
    for each in browsers:
        each.send("/login", password=PASSWORD, role="admin")
    return browsers


@contextlib.contextmanager
def polling(browsers: list[Browser]) -> Iterator[None]:
    """While this lasts, they poll."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=each.poll, args=(stop, place * POLL / BROWSERS)) for place, each in enumerate(browsers)
    ]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join()


def at_rest(server: Frontdesk) -> tuple[float, float]:
    """MB, and wake-ups a second."""
    before = usage(server.pid)
    time.sleep(AT_REST)
    return pss_megabytes(server.pid), (usage(server.pid) - before).wakeups / AT_REST


def compare(folder: Path, crowd: Crowd, page: str) -> None:
    """Memory, wake-ups and start."""
    for name, options in (("off", ("--web", "off")), ("on", ("--web", page))):
        server = Frontdesk(f"page-{name}", "changes", folder, *options)
        server.set_up(crowd.accounts)
        try:
            started = median(_started(server) for _ in range(3))
            server.start()
            memory, wakeups = at_rest(server)
        finally:
            server.stop()
        sys.stdout.write(f"page {name}: {started * 1000:.0f} ms to the first answer, ")
        sys.stdout.write(f"{memory:.1f} MB and {wakeups:.1f} wake-ups/s at rest\n")
    replace(goals.AT_REST, what="memory at rest with the page on").tell(memory)


def _started(server: Frontdesk) -> float:
    taken = server.start()
    server.stop()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    build_generators()
    page = f"https:{HOST}:{free_port()}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        crowd = Crowd(folder, 0)
        compare(folder, crowd, page)
        server = Frontdesk("frontdesk", "changes", folder, "--web", page)
        server.set_up(crowd.accounts)
        server.start()
        try:
            browsers = opened(server, page.replace(":", "://", 1))
            load, ratios = [crowd.refreshes(options.seconds)], []
            for _ in range(options.rounds):
                (alone,) = together(server.port, load)
                with polling(browsers):
                    (beside,) = together(server.port, load)
                ratios.append(p99(beside) / p99(alone))
        finally:
            server.stop()
    spread = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    polls = sum(each.polls for each in browsers)
    sys.stdout.write(f"p99 of a registration beside {BROWSERS} browsers: {median(ratios):.2f} times alone ({spread}); ")
    sys.stdout.write(f"{polls} polls\n")


if __name__ == "__main__":
    main()
