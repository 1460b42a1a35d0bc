"""A computer that notes what is done to it: files below a root of the test, programs that only write down how they were
called."""

from __future__ import annotations

from pathlib import Path

from frontdesk_helper.host import Host, Refused


class Computer(Host):
    """With one cable, and what is said to be running."""

    def __init__(self, root: Path, *active: str) -> None:
        super().__init__(root)
        self.root = root
        self.active = {f"{name}.service" for name in active}
        self.ran: list[str] = []
        self.says: dict[str, str] = {}
        """What a program prints, by the beginning of its command."""
        self.fails: set[str] = set()
        """Beginnings of commands that fail."""
        self.clock: list[float] = []
        for name in ("lo", "eth0", "wlan0/wireless"):
            (root / "sys/class/net" / name).mkdir(parents=True)
        for name in ("UTC", "Etc/UTC", "Europe/Berlin"):
            self.write(f"/usr/share/zoneinfo/{name}", "")
        self.write("/etc/hostname", "raspberrypi\n")
        self.write("/etc/hosts", "127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n")
        (root / "etc/localtime").symlink_to("/usr/share/zoneinfo/Etc/UTC")

    def run(self, *command: str) -> str:
        line = " ".join(command)
        if line.startswith("systemctl is-active"):
            if command[-1] not in self.active:
                raise Refused("It does not run.")
            return ""
        self.ran.append(line)
        if any(line.startswith(beginning) for beginning in self.fails):
            raise Refused(f"`{line}` failed.")
        if command[0] == "hostnamectl":
            self.write("/etc/hostname", command[-1] + "\n")
        if command[:2] == ("timedatectl", "set-timezone"):
            (self.root / "etc/localtime").unlink()
            (self.root / "etc/localtime").symlink_to(f"/usr/share/zoneinfo/{command[-1]}")
        return next((said for beginning, said in self.says.items() if line.startswith(beginning)), "")

    def set_clock(self, wall: float) -> None:
        self.clock.append(wall)

    def changes(self) -> list[str]:
        """What was run that changes something."""
        looks = ("nmcli -g", "timedatectl show")
        return [line for line in self.ran if not line.startswith(looks)]

    def picture(self) -> dict[str, str]:
        """Every file, and what it holds."""
        return {
            str(path.relative_to(self.root)): str(path.readlink()) if path.is_symlink() else path.read_text()
            for path in sorted(self.root.rglob("*"))
            if path.is_symlink() or path.is_file()
        }
