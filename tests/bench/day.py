"""What a day of 100 phones writes: the real core and journal over a clock that is moved by hand.

Each phone renews every 5 minutes, and ten of them move once an hour. As root this is done on an ext4 of its own, whose
device is read: with all that the file system writes for itself. Else the journal's own account is all there is.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.goals import Goal
from tests.bench.loads import BUILD
from tests.powercut.recorded_disk import make_file_system, mounted
from tests.support.durable_box import PASSWORD, DurableBox, durable_box

PHONES, INTERVAL, DAY = 100, 300, 86_400  # phones, seconds, seconds
MOVERS = 10  # phones that come from another port each hour
SECTOR = 512
DISK = 1 << 30  # bytes, taken as they are written; smaller ones get blocks of 1 kB, which no board has


@contextmanager
def disk(folder: Path) -> Iterator[tuple[Path, Path | None]]:
    """A folder, and where the kernel counts what is written to its device."""
    if os.geteuid() != 0:
        yield folder, None
        return
    make_file_system(folder / "disk.img", DISK)
    with mounted(folder / "disk.img", folder / "mounted"):
        number = (folder / "mounted").stat().st_dev
        yield folder / "mounted", Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/stat")


def written(device: Path) -> int:
    """Bytes since it was mounted."""
    os.sync()
    return int(device.read_text().split()[6]) * SECTOR


def spend_a_day(box: DurableBox) -> None:
    """In each interval every phone renews once, evenly spread."""
    pause = INTERVAL / PHONES - 0.1  # `register` takes the rest
    for turn in range(DAY // INTERVAL):
        for phone in range(PHONES):
            moves = turn * INTERVAL // 3600 if phone < MOVERS else 0
            box.clock.advance(pause)
            box.register(str(phone), f"{phone}@phone", 5060 + phone + 1000 * moves, cseq=turn + 1)
            if any(answer.status != 200 for answer in box.wait()):
                raise RuntimeError("a phone was refused")


def main() -> None:
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as name, disk(Path(name)) as (folder, device):
        with durable_box(folder / "data") as box:
            rows = "".join(f"{phone},{PASSWORD}\n" for phone in range(PHONES))
            box.do("account import", text=f"username,password\n{rows}")
            before = written(device) if device else 0
            journal = box.journal.bytes_written
            spend_a_day(box)
            journal = box.journal.bytes_written - journal
            commits = box.journal.commits
        megabytes = (written(device) - before if device else journal) / 1e6
    where = "on the device" if device else "by the journal's account"
    what = f"A day of {PHONES} phones that renew every {INTERVAL} s, {MOVERS} of which move each hour"
    journal_says = f"{where}; {journal / 1e6:.1f} MB written by the journal in {commits} commits; "
    Goal(what, 20, 5, " MB").tell(megabytes, journal_says)


if __name__ == "__main__":
    main()
