"""A Pico with its display, buttons, light and USB port: the real firmware on MicroPython's unix port, fakes below."""

from __future__ import annotations

import os
import pty
import select
import struct
import subprocess
import tty
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

ROOT = Path(__file__).parents[2]
MICROPYTHON = ROOT / ".venv-panel/bin/micropython"
LIBRARIES = ROOT / ".venv-panel/micropython-lib"
FIRMWARE = ROOT / "firmware"
FAKES = ROOT / "tests/panel/fakes"
PATH = ":".join(map(str, (FAKES, LIBRARIES, FIRMWARE / "front-panel", FIRMWARE, ".frozen")))
PICTURES = ROOT / "tests/panel/pictures"
HEAP = "192K"
"""The RP2040's."""
PATIENCE = 20.0
"""Seconds for what takes one or two on a machine with nothing else to do."""
A, B = 14, 15
"""Pins of the buttons."""


class Pico:
    """Powered at the beginning, and off at the end, of a `with`."""

    def __init__(self, uart: str, folder: Path, hurry: int = 1, flash: Path | None = None) -> None:
        """`uart`: the tty that leads to the box; `hurry`: its clock goes so many times as fast; `flash`: what was
        copied there runs, and not the sources.
        """
        self._main = (flash or FIRMWARE / "front-panel") / "main.py"
        self._files = {name: folder / name.lower() for name in ("PICTURE", "BUTTONS", "LIGHT")}
        self.usb, self._other = pty.openpty()
        tty.setraw(self._other)
        self._environment = {
            "MICROPYPATH": f"{FAKES}:{flash}:.frozen" if flash else PATH,
            "TERM": "dumb", "PANEL_UART": uart, "PANEL_USB": os.ttyname(self._other),
            "PANEL_HURRY": str(hurry),
            **{"PANEL_" + name: str(path) for name, path in self._files.items()},
        }  # fmt: skip
        self._errors = folder / "pico.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Pico:
        self.power()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        os.close(self.usb)
        os.close(self._other)

    def power(self) -> None:
        """On."""
        with self._errors.open("ab") as errors:
            self._process = subprocess.Popen(
                [MICROPYTHON, "-X", f"heapsize={HEAP}", self._main],
                env=self._environment, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
            )  # fmt: skip

    def cut(self) -> None:
        """Off, in the middle of whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    @property
    def said(self) -> str:
        """What it complained of."""
        return self._errors.read_text()

    # -- hands and eyes ------------------------------------------------------------------------------------------------

    def hold(self, *pins: int) -> None:
        """Presses these buttons, and lets the others go."""
        new = self._files["BUTTONS"].with_suffix(".new")
        new.write_text(" ".join(map(str, pins)))
        new.rename(self._files["BUTTONS"])

    def press(self, pin: int, seen: bytes) -> bytes:
        """Presses and lets go; the next picture that is not `seen`."""
        _pass(0.1)
        self.hold(pin)
        _pass(0.15)
        self.hold()
        return self.look(lambda picture: picture != seen)

    def picture(self) -> bytes:
        """What the display shows, as a PBM; empty: nothing yet."""
        path = self._files["PICTURE"]
        return path.read_bytes() if path.exists() else b""

    def look(self, wanted: Callable[[bytes], bool]) -> bytes:
        """The picture once it is as wanted."""
        until = monotonic() + PATIENCE
        while not wanted(self.picture()):
            assert monotonic() < until, f"the display does not show it; {self.said}"
            _pass(0.02)
        return self.picture()

    def shows(self, name: str) -> None:
        """Waits until the display shows a stored picture; what it shows instead is kept as a PNG for people."""
        wanted = (PICTURES / f"{name}.pbm").read_bytes()
        try:
            self.look(lambda picture: picture == wanted)
        except AssertionError:
            shown = self._files["PICTURE"].with_name(f"{name}.png")
            shown.write_bytes(png(self.picture()))
            raise AssertionError(f"the display does not show {name}.pbm, but {shown}; {self.said}") from None

    def shines(self, *colours: str) -> None:
        """Waits until the light has one of these colours."""
        until = monotonic() + PATIENCE
        while (light := self._light()) not in colours:
            assert monotonic() < until, f"the light is {light!r}"
            _pass(0.02)

    def _light(self) -> str:
        path = self._files["LIGHT"]
        return path.read_text().strip() if path.exists() else ""

    def type(self, text: str) -> None:
        """Types at the USB port."""
        os.write(self.usb, text.encode())

    def wake(self) -> str:
        """Presses Enter once the console of a new box asks for it; what the USB port has shown."""
        shown = self.read_until("Ctrl-C gives the full prompt.")
        self.type("\r")
        return shown + self.read_until("Admin password [")

    def read_until(self, words: str) -> str:
        """What the USB port has shown, once it has these words."""
        shown = b""
        until = monotonic() + PATIENCE
        while words.encode() not in shown:
            assert monotonic() < until, f"not {words!r} but {shown!r}; {self.said}"
            if select.select([self.usb], [], [], 0.1)[0]:
                shown += os.read(self.usb, 4096)
        return shown.decode()


@contextmanager
def blank(flash: Path) -> Iterator[str]:
    """The USB port of a Pico with MicroPython and this flash, and no program."""
    near, far = pty.openpty()
    tty.setraw(far)
    # Its terminal is the near side, as the unix port makes its own tty raw itself.
    process = subprocess.Popen([MICROPYTHON], stdin=near, stdout=near, stderr=near, cwd=flash, env={"TERM": "dumb"})
    try:
        yield os.ttyname(far)
    finally:
        process.kill()
        process.wait()
        os.close(near)
        os.close(far)


def drawn(what: str, folder: Path) -> bytes:
    """The picture that one line of the panel's own program draws, as a PBM."""
    lines = ["import pages", "from display import Display", "from panel_link.channels import Status"]
    program = "\n".join([*lines, "display = Display()", what, "display.show()"])
    place = {"MICROPYPATH": PATH, "PANEL_PICTURE": str(folder / "drawn")}
    subprocess.run([MICROPYTHON, "-c", program], env=place, check=True)
    return (folder / "drawn").read_bytes()


def _pass(seconds: float) -> None:
    select.select([], [], [], seconds)


def png(pbm: bytes, scale: int = 4) -> bytes:
    """A picture of the display that people can look at."""
    rows = pbm.partition(b"\n")[2].partition(b"\n")[2]
    dots = [[rows[y * 16 + x // 8] >> (7 - x % 8) & 1 for x in range(128)] for y in range(64)]
    lines = b"".join(
        b"\0" + b"".join(bytes([230 if dot else 20]) * scale for dot in row) for row in dots for _ in range(scale)
    )
    head = struct.pack(">IIBBBBB", 128 * scale, 64 * scale, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
