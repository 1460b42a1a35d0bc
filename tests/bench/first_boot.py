"""A whole first boot over a line of 115200 baud: deskctl makes a new box an office of 20 accounts; time and bytes."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.e2e.box import Box
from tests.e2e.wiring import LINE, Wiring

AIM = 60.0  # seconds
OFFICE = """\
[box]
hostname = "reception"
timezone = "Europe/Berlin"
domain = "first-boot.test"
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


def main() -> int:
    wiring = Wiring(rate=LINE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "office.toml").write_text(OFFICE)
        (folder / "password").write_text("a good password\n")
        box = Box(folder / "data", options=("--console", wiring.box))
        box.start()
        try:
            return first_boot(wiring, folder)
        finally:
            box.kill()
            wiring.close()


def first_boot(wiring: Wiring, folder: Path) -> int:
    command = [sys.executable, "-m", "deskctl", "provision", str(folder / "office.toml"), "--yes", "--json",
               "--port", wiring.panel, "--password-file", str(folder / "password")]  # fmt: skip
    started = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    carried = ", ".join(f"{count / 1000:.1f} kB {way}" for way, count in wiring.carried.items())
    sys.stdout.write(f"First boot over 115200 baud, 20 accounts: {seconds:.1f} s (aim: {AIM:.0f} s), {carried}\n")
    return 0 if seconds < AIM else 1


if __name__ == "__main__":
    sys.exit(main())
