"""What `make install` puts where, beside the virtual environment: a file or a link for each path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from frontdesk.board import Board

HERE = Path(__file__).parent
HELPER = HERE.parent / "firmware" / "helper" / "frontdesk_helper"
LOCAL = PurePosixPath("/usr/local")
UNITS = LOCAL / "lib/systemd/system"
ETC = PurePosixPath("/etc/systemd/system")
MODE = 0o644
EXECUTABLE = 0o755


@dataclass(slots=True, frozen=True)
class File:
    """A file as it is to be."""

    content: bytes
    mode: int = MODE


@dataclass(slots=True, frozen=True)
class Link:
    """A symbolic link."""

    target: str


Layout = dict[PurePosixPath, File | Link]


def layout(board: Board) -> Layout:
    """Everything for that board, by its path in the system."""
    return common() | helper() | link_local() | enabled() | of_board(board) | without_getty(board)


def common() -> Layout:
    """What each board gets: units, users, rules, and the command."""
    found: Layout = {}
    for path in sorted((HERE / "files").rglob("*")):
        if path.is_file():
            inside = path.relative_to(HERE / "files")
            found[LOCAL / inside] = File(path.read_bytes(), EXECUTABLE if inside.parts[0] == "bin" else MODE)
    return found


def helper() -> Layout:
    """The helper, where the service's user can't write."""
    place = LOCAL / "lib/frontdesk-helper"
    found: Layout = {place / "frontdesk-helper": File((HERE / "frontdesk-helper").read_bytes(), EXECUTABLE)}
    for path in sorted(HELPER.rglob("*.py")):
        found[place / "frontdesk_helper" / path.relative_to(HELPER)] = File(path.read_bytes())
    return found


def link_local() -> Layout:
    """NetworkManager, too, gives an interface an address of its own making while no DHCP server answers, and asks on
    (RFC 3927; NetworkManager.conf(5), section CONNECTION). For systemd-networkd it is among the files."""
    lines = ["[connection-frontdesk]", "match-device=type:ethernet,type:wifi", "ipv4.link-local=3"]
    lines += ["ipv4.dhcp-timeout=2147483647", ""]
    return {PurePosixPath("/etc/NetworkManager/conf.d/frontdesk.conf"): _text(lines)}


def enabled() -> Layout:
    """What `systemctl enable` would make, so that it can be made where no systemd runs."""
    unit = "frontdesk.service"
    return {ETC / "multi-user.target.wants" / unit: Link(str(UNITS / unit))}


def of_board(board: Board) -> Layout:
    """The board's name, its watchdog and its kernel modules."""
    drop_in = ["[Unit]", *(f"Conflicts={getty(port)}" for port in board.ports), ""]
    drop_in += ["[Service]", f"Environment=BOARD={board.name}", ""]
    found: Layout = {UNITS / "frontdesk.service.d/board.conf": _text(drop_in)}
    if board.watchdog:
        lines = ["[Manager]", f"RuntimeWatchdogSec={board.watchdog}", ""]
        found[LOCAL / "lib/systemd/system.conf.d/frontdesk-watchdog.conf"] = _text(lines)
    if board.modules:
        found[LOCAL / "lib/modules-load.d/frontdesk.conf"] = _text([*board.modules, ""])
    return found


def without_getty(board: Board) -> Layout:
    """A login prompt on a port of the box would take every other byte of it: masked, since Conflicts= alone leaves it
    to chance which of the two systemd starts."""
    return {ETC / getty(port): Link("/dev/null") for port in board.ports}


def getty(device: str) -> str:
    """The unit of a login prompt on that port (systemd-getty-generator(8)); slashes are dashes in a unit's name."""
    return f"serial-getty@{device.removeprefix('/dev/').replace('/', '-')}.service"


def _text(lines: list[str]) -> File:
    return File("\n".join(lines).encode())
