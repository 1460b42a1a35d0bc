"""The virtual machine: one QEMU with a serial port, a log and forwarded ports, that can be killed."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

from tests.e2e.namespace import Namespace

from .image import Image

MEMORY = "512"
"""Megabytes: what the smallest board has."""
START = 300.0
"""Seconds that it may take; everything is emulated."""
APPEND = "console=hvc0 panic=5 systemd.show_status=no"


class Machine:
    """It stands alone in a network namespace, where its own address leads to it by QEMU's forwarded ports: what it says
    of itself in SIP is then right for the phones, too. `port` is its serial port, once it was started."""

    address = "10.0.2.15"
    """What QEMU's user network gives to its first guest."""

    def __init__(self, image: Image, folder: Path, place: Namespace) -> None:
        self._image = image
        self._log = folder / "console.log"
        self._place = place
        self.port = ""
        self._process: subprocess.Popen[str] | None = None
        place.ip("address", "add", f"{self.address}/32", "dev", "lo")

    def start(self) -> None:
        """Power on; returns at once."""
        # At no address of the host: QEMU would show the guest its own one as the source of what comes over UDP.
        forward = "hostfwd=udp::5060-:5060,hostfwd=tcp::5060-:5060"
        self._process = subprocess.Popen(
            [
                *self._place.command(), "qemu-system-aarch64", "-M", "virt", "-cpu", "max,pauth-impdef=on", "-smp", "2",
                "-m", MEMORY, "-display", "none", "-monitor", "none", "-kernel", str(self._image.kernel),
                "-initrd", str(self._image.initramfs), "-append", APPEND,
                "-drive", f"file={self._image.disk},format=raw,if=none,id=disk", "-device", "virtio-blk-pci,drive=disk",
                "-netdev", f"user,id=net,{forward}", "-device", "virtio-net-pci,netdev=net,romfile=",
                "-device", "i6300esb", "-action", "watchdog=reset",
                "-device", "virtio-serial-pci", "-chardev", f"file,id=log,path={self._log}",
                "-device", "virtconsole,chardev=log", "-serial", "pty",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        found = re.search(r"redirected to (/dev/pts/\d+)", said)
        assert found, said
        self.port = found[1]

    def kill(self) -> None:
        """As if its power was cut."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def answers(self) -> float:
        """Seconds until a SIP OPTIONS is answered."""
        started = time.monotonic()
        while time.monotonic() - started < START:
            if self._is_there():
                return time.monotonic() - started
        raise AssertionError(f"the box did not answer; the kernel and systemd said:\n{self.log()[-4000:]}")

    def on_disk(self, name: str) -> str:
        """What a file of it holds, or where a link leads, as far as it has reached the disk."""
        said = [
            subprocess.run(["debugfs", "-R", f"{what} {name}", str(self._image.disk)], capture_output=True, text=True)
            for what in ("cat", "stat")
        ]
        return "".join(each.stdout for each in said)

    def log(self) -> str:
        """What kernel and systemd said."""
        return self._log.read_text(errors="replace")

    def _is_there(self) -> bool:
        with self._place.stream() as asking:
            asking.settimeout(2.0)
            try:
                asking.bind(("127.0.0.1", 0))  # QEMU gives its host another address than its guest only from there.
                asking.connect((self.address, 5060))
                asking.sendall(OPTIONS.format(box=self.address).encode())
                return asking.recv(4096).startswith(b"SIP/2.0 200")
            except OSError:
                return False
            finally:
                time.sleep(0.2)


OPTIONS = (
    "OPTIONS sip:{box} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;rport;branch=z9hG4bKpower\r\nMax-Forwards: 70\r\n"
    "From: <sip:test@127.0.0.1>;tag=1\r\nTo: <sip:{box}>\r\nCall-ID: power@127.0.0.1\r\nCSeq: 1 OPTIONS\r\n"
    "Content-Length: 0\r\n\r\n"
)
