"""Copies the front panel's program to a Pico, by the raw REPL of its MicroPython.

A file is written beside its place, read back, and put there when its CRC-32 is right; `main.py` is the last, so that a
cable that is pulled leaves a panel that can be flashed again.
"""

from __future__ import annotations

from binascii import crc32
from pathlib import Path
from typing import Protocol

from .screen import Screen

INTERRUPT, RAW, DO, FRIENDLY = b"\x03", b"\x01", b"\x04", b"\x02"
PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
PIECE = 256
"""Bytes of a file in one piece of program: the Pico keeps all of that in its memory while it reads it."""
PATIENCE = 5.0
"""Seconds for an answer; formatting and erasing flash takes up to one."""
LAST = "main.py"
COMPILED = ".mpy"
HELPERS = """\
import os
from binascii import crc32, unhexlify
def folder(name):
    try:
        os.mkdir(name)
    except OSError:
        pass
def check(name):
    crc = 0
    try:
        with open(name, "rb") as file:
            while True:
                piece = file.read(512)
                if not piece:
                    return crc
                crc = crc32(piece, crc)
    except OSError:
        return -1
def forget(name):
    try:
        os.remove(name)
    except OSError:
        pass
def place(name, new):
    forget(name)
    os.rename(new, name)
"""
NEW = "new.tmp"


class NoPanel(Exception):
    """No MicroPython answers, or it cannot do what it is to; the text is one sentence."""


class Line(Protocol):
    """The Pico's USB port."""

    url: str

    def write(self, data: bytes) -> None: ...
    def read(self, seconds: float) -> bytes: ...
    def now(self) -> float: ...


def files(folder: Path) -> dict[str, bytes]:
    """Name on the Pico -> content, in the order in which they are copied. Raises NoPanel."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    if LAST not in found:
        raise NoPanel(f"{folder} holds no {LAST}: `make panel` makes it.")
    return dict(sorted(found.items(), key=lambda item: (item[0] == LAST, item[0])))


def flash(line: Line, files: dict[str, bytes], screen: Screen) -> list[str]:
    """Copies what differs and starts it; the names of what was copied. Raises NoPanel, CableGone."""
    repl = Repl(line)
    repl.enter()
    repl.run(HELPERS)
    for name in sorted({name.rpartition("/")[0] for name in files} - {""}):
        repl.run(f"folder({name!r})")
    missing = [name for name, content in files.items() if repl.run(f"print(check({name!r}))") != str(crc32(content))]
    total = sum(len(files[name]) for name in missing)
    done = 0
    with screen.bar("panel") as bar:
        for name in missing:
            done += _copy(repl, name, files[name])
            bar.moved(done, total, 0, 0)
    for name in files:
        if name.endswith(COMPILED):  # A source of the same name, copied by other means, would be run instead of it.
            repl.run(f"forget({name.removesuffix(COMPILED) + '.py'!r})")
    repl.leave()
    return missing


def _copy(repl: Repl, name: str, content: bytes) -> int:
    repl.run(f"file = open({NEW!r}, 'wb')")
    for start in range(0, len(content), PIECE):
        repl.run(f"file.write(unhexlify({content[start : start + PIECE].hex()!r}))")
    repl.run("file.close()")
    if repl.run(f"print(check({NEW!r}))") != str(crc32(content)):
        raise NoPanel(f"{name} did not arrive whole; is there room on the Pico?")
    repl.run(f"place({name!r}, {NEW!r})")
    return len(content)


class Repl:
    """MicroPython's raw REPL: a piece of program in, what it printed out."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._read = b""

    def enter(self) -> None:
        """Stops what runs. Raises NoPanel."""
        for _ in range(3):
            self._read = b""
            self._line.write(b"\r" + INTERRUPT + INTERRUPT + b"\r" + RAW)
            try:
                self._until(PROMPT, 2.0)
                return
            except NoPanel:
                continue
        raise NoPanel(f"No MicroPython answers at {self._line.url}.")

    def run(self, program: str) -> str:
        """What it printed. Raises NoPanel."""
        self._line.write(program.encode() + DO)
        self._until(b"OK")
        printed = self._until(DO)
        complaint = self._until(DO)
        self._until(b">")
        if complaint.strip():
            raise NoPanel(f"The Pico says: {complaint.decode(errors='replace').strip().splitlines()[-1]}.")
        return printed.decode(errors="replace").strip()

    def leave(self) -> None:
        """Starts MicroPython anew, and so what was copied."""
        self._line.write(FRIENDLY + DO)

    def _until(self, end: bytes, seconds: float = PATIENCE) -> bytes:
        until = self._line.now() + seconds
        while end not in self._read:
            left = until - self._line.now()
            if left <= 0:
                raise NoPanel(f"The Pico at {self._line.url} has stopped answering.")
            self._read += self._line.read(left)
        before, _, self._read = self._read.partition(end)
        return before
