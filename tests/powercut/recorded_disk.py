"""An ext4 file system on an image whose writes and flushes QEMU records, and one on the image after a power cut."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

SIZE = 32 << 20
"""Bytes of the image; the write-ahead log takes up to 8 MB of it."""
LOG_SIZE = 1 << 30
"""Bytes that the log may take; the file is sparse."""
PATIENCE = 10.0
"""Seconds for QEMU to offer the disk."""
PROGRAMS = ("qemu-storage-daemon", "mkfs.ext4", "mount", "umount")


class Recording(NamedTuple):
    """The image as it was first, the log of what was written, and where the file system is mounted meanwhile."""

    base: Path
    log: Path
    mounted: Path


def missing() -> str:
    """What this machine lacks, one sentence; "" if nothing."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    programs = [program for program in PROGRAMS if shutil.which(program, path=path) is None]
    if os.geteuid() != 0:
        return "Power cuts need root, to mount file systems."
    if not Path("/dev/fuse").exists():
        return "Power cuts need FUSE, and there is no /dev/fuse: try `modprobe fuse`."
    return f"Power cuts need {' and '.join(programs)}: `make powercut` installs them." if programs else ""


@contextmanager
def recorded_disk(folder: Path) -> Iterator[Recording]:
    """Records until the end of the block; then the file system is unmounted in order."""
    recording = Recording(folder / "base.img", folder / "log.img", folder / "mounted")
    disk, exported = folder / "disk.img", folder / "exported.img"
    make_file_system(disk)
    shutil.copyfile(disk, recording.base)
    recording.log.touch()
    os.truncate(recording.log, LOG_SIZE)
    exported.touch()
    with _exported(disk, recording.log, exported), mounted(exported, recording.mounted):
        yield recording


def make_file_system(image: Path, size: int = SIZE) -> None:
    """An empty ext4, all of it written now: nothing is left for the kernel to do in the background."""
    image.touch()
    os.truncate(image, size)
    run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))


@contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    """The image's file system. Raises CalledProcessError where it cannot be mounted."""
    at.mkdir(exist_ok=True)
    run("mount", "-o", "loop", str(image), str(at))
    try:
        yield at
    finally:
        run("umount", str(at))


@contextmanager
def _exported(disk: Path, log: Path, exported: Path) -> Iterator[None]:
    daemon = subprocess.Popen(
        (
            "qemu-storage-daemon",
            "--blockdev", f"driver=file,node-name=disk,filename={disk}",
            "--blockdev", f"driver=file,node-name=log,filename={log}",
            "--blockdev", "driver=blklogwrites,node-name=logged,file=disk,log=log,log-sector-size=512",
            "--export", f"type=fuse,id=export,node-name=logged,mountpoint={exported},writable=on",
        )
    )  # fmt: skip
    try:
        until = time.monotonic() + PATIENCE
        while not exported.stat().st_size:
            assert daemon.poll() is None and time.monotonic() < until, "qemu-storage-daemon offers no disk."
            time.sleep(0.02)
        yield
    finally:
        daemon.terminate()  # It writes the log's first sector and unmounts the export.
        daemon.wait()


def run(*command: str) -> None:
    """Runs a command; what it says comes with the CalledProcessError."""
    subprocess.run(command, check=True, capture_output=True, text=True)
