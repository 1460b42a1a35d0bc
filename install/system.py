"""The running system: what systemd has to hear of, and what is left for a person to do."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from frontdesk.board import Board

from .layout import getty

COMMAND = "/usr/local/bin/frontdesk"
CONFIG = Path("/boot/firmware/config.txt")
"""Of the Raspberry Pi's boot loader."""
COMMAND_LINE = Path("/boot/firmware/cmdline.txt")
NOT_INSTALLED = 5
"""systemctl(1), "Exit status": there is no such unit."""
PATIENCE = 120.0
"""Seconds that a box may take to start."""


def is_running() -> bool:
    """Whether this system was started by systemd (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()


def start(board: Board, is_new: bool) -> None:
    """Users, rules and units are taken into use; the box is started, or where anything is new, started anew."""
    _run("systemd-sysusers")
    _run("systemd-tmpfiles", "--create", "/usr/local/lib/tmpfiles.d/frontdesk.conf")
    _run("systemctl", "daemon-reload")
    for port in board.ports:
        _run("systemctl", "stop", getty(port))
    _run("udevadm", "control", "--reload")
    # A login prompt takes its port for root; this gives it back to the group.
    _run("udevadm", "trigger", "--settle", "--subsystem-match=tty", "--subsystem-match=gpio")
    _run("systemctl", "restart" if is_new else "start", "frontdesk-helper.service", "frontdesk.service")


def stop() -> None:
    """The box ends, where its units are still there."""
    try:
        _run("systemctl", "stop", "frontdesk.service", "frontdesk-helper.service")
    except subprocess.CalledProcessError as error:
        if error.returncode != NOT_INSTALLED:
            raise


def forget() -> None:
    """Its units are gone."""
    _run("systemctl", "daemon-reload")


def to_do(board: Board, live: bool) -> Iterator[str]:
    """What is left for a person."""
    missing = [line for line in board.config if line not in _lines(CONFIG)] if live else list(board.config)
    if missing:
        yield f"Add to {CONFIG}, and start the board anew:"
        yield from (f"    {line}" for line in missing)
    names = [Path(port).name for port in board.ports]
    words = " ".join(_lines(COMMAND_LINE)).split() if live else []
    for word in words:
        if word.startswith("console=") and word.removeprefix("console=").partition(",")[0] in [*names, "serial0"]:
            yield f"Take {word} out of {COMMAND_LINE}: the kernel would write into that port."
    if not live:
        yield "The first-boot code is shown by `frontdesk status` once the box has started."
    else:
        yield from _code()


def _code() -> Iterator[str]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        asked = subprocess.run([COMMAND, "status", "--json"], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            code = json.loads(asked.stdout).get("first_boot_code")
            yield f"Frontdesk serves. First-boot code: {code}" if code else "Frontdesk serves."
            return
        time.sleep(0.5)
    yield "Frontdesk has not started yet. See: journalctl -u frontdesk"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
