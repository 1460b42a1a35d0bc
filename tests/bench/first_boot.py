"""A whole first boot over a line of 115200 baud: deskctl makes a new box an office of 20 accounts; time and bytes."""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
import tty
from pathlib import Path

from tests.e2e.box import Box

BYTES_A_SECOND = 115_200 / 10  # start, eight, stop
CHUNK = 64
AIM = 60.0  # seconds
OFFICE = """\
[box]
hostname = "reception"
timezone = "Europe/Berlin"
[network]
address = "192.0.2.10/24"
gateway = "192.0.2.1"
dns = ["192.0.2.1", "198.51.100.1"]
[settings]
domains = ["pbx.office.test"]
default-expires = "10m"
""" + "".join(
    f'[[account]]\nuser = "{user}"\nname = "Room {user}"\naliases = ["room-{user}"]\n' for user in range(101, 121)
)


class SlowLine:
    """Joins a pty of its own to the box's, at the speed of a real line; `port` is for the laptop."""

    def __init__(self, console: str):
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        self.port = os.ttyname(theirs)
        box = os.open(console, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(box)
        self.carried = {"to the box": 0, "from the box": 0}
        for name, source, drain in (("to the box", ours, box), ("from the box", box, ours)):
            threading.Thread(target=self._carry, args=(name, source, drain), daemon=True).start()

    def _carry(self, name: str, source: int, drain: int) -> None:
        free = time.monotonic()
        with contextlib.suppress(OSError):  # The box has ended.
            while data := os.read(source, CHUNK):
                free = max(free, time.monotonic()) + len(data) / BYTES_A_SECOND
                time.sleep(max(0.0, free - time.monotonic()))
                os.write(drain, data)
                self.carried[name] += len(data)


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "office.toml").write_text(OFFICE)
        (folder / "password").write_text("a good password\n")
        box = Box(folder / "data", options=("--console", "pty"))
        box.start()
        try:
            return first_boot(box, folder)
        finally:
            box.kill()


def first_boot(box: Box, folder: Path) -> int:
    [console] = [line.removeprefix("console: ") for line in box.log().splitlines() if line.startswith("console: ")]
    line = SlowLine(console)
    command = [sys.executable, "-m", "deskctl", "provision", str(folder / "office.toml"), "--yes", "--json",
               "--port", line.port, "--password-file", str(folder / "password")]  # fmt: skip
    started = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    carried = ", ".join(f"{count / 1000:.1f} kB {way}" for way, count in line.carried.items())
    sys.stdout.write(f"First boot over 115200 baud, 20 accounts: {seconds:.1f} s (aim: {AIM:.0f} s), {carried}\n")
    return 0 if seconds < AIM else 1


if __name__ == "__main__":
    sys.exit(main())
