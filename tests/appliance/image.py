"""The disk of the appliance: a Debian for 64-bit ARM with the product installed, made without starting it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests.support.debian import PYTHON, ROOT, SOURCE, bare_debian, run, unpack

CACHE = ROOT / ".appliance"
PACKAGES = "systemd,systemd-sysv,dbus,udev,iproute2,kmod,make,python3,python3-venv,busybox-static"
KERNEL = """--customize-hook=chroot "$1" sh -ec '
    cd /boot
    apt-get download $(apt-cache depends linux-image-arm64 | sed -n "s/ *Depends: //p" | head -1)'"""
PLATFORMS = [f"manylinux{version}_aarch64" for version in ("2014", "_2_17", "_2_28", "_2_34")]
SIZE = "1200M"
EARLY = ("virtio_pci", "virtio_mmio", "virtio_console", "virtio_blk", "crc32c_generic", "ext4")
"""Modules without which the disk cannot be read, and nothing be told."""
LATER = ("virtio_net", "i6300esb")
INIT = """\
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
for module in $(/bin/busybox cat /modules); do /bin/busybox insmod /$module; done
while [ ! -b /dev/vda ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
"""


class Image:
    """Kernel, initramfs and disk, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.kernel, self.initramfs, self.disk = (folder / name for name in ("vmlinuz", "initramfs", "disk"))
        self._folder = folder
        self._root = folder / "root"

    def make(self) -> None:
        """All of it, anew."""
        shutil.rmtree(self._folder, ignore_errors=True)
        unpack(bare_debian("arm64", PACKAGES, KERNEL), self._root)
        unpacked = self._unpack_kernel()
        self._install_product()
        self._inside("systemctl enable systemd-networkd")
        self._make_initramfs(unpacked)
        run("mke2fs", "-q", "-t", "ext4", "-d", self._root, self.disk, SIZE)
        shutil.rmtree(self._root)

    def _unpack_kernel(self) -> Path:
        """Where its modules are; those that are needed later are in the root, too."""
        [package] = (self._root / "boot").glob("linux-image-*.deb")
        run("dpkg-deb", "-x", package, self._folder / "kernel")
        package.unlink()
        [kernel] = (self._folder / "kernel/boot").glob("vmlinuz-*")
        shutil.copy(kernel, self.kernel)
        (self._folder / "kernel/lib").symlink_to("usr/lib")  # depmod looks there or there, as its version has it.
        [modules] = (self._folder / "kernel/lib/modules").iterdir()
        run("depmod", "-b", self._folder / "kernel", modules.name)
        place = self._root / "lib/modules" / modules.name
        for module in with_dependencies(modules, LATER):
            (place / module).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(modules / module, place / module)
        for listing in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
            shutil.copy(modules / listing, place / listing)
        run("depmod", "-b", self._root, modules.name)
        return modules

    def _install_product(self) -> None:
        source = self._root / SOURCE
        wheels = source / ".wheels"
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        run(
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--python-version",
            PYTHON, *platforms, "--require-hashes", "-r", ROOT / "requirements-board.txt", "-d", wheels,
        )  # fmt: skip
        self._inside(f"make -s -C /{SOURCE} install BOARD=qemu-arm64 DESTDIR=/ WHEELS=/{SOURCE}/.wheels")
        shutil.rmtree(source)

    def _inside(self, command: str) -> None:
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
        for name in ("dev", "proc"):
            run("mount", "--bind", f"/{name}", self._root / name)
        try:
            run("chroot", self._root, "sh", "-ec", command, env=environment)
        finally:
            for name in ("dev", "proc"):
                run("umount", self._root / name)

    def _make_initramfs(self, modules: Path) -> None:
        tree = self._folder / "early"
        for name in ("bin", "dev", "root"):
            (tree / name).mkdir(parents=True)
        shutil.copy(self._root / "bin/busybox", tree / "bin/busybox")
        names = with_dependencies(modules, EARLY)
        for name in names:
            shutil.copy(modules / name, tree / Path(name).name)
        (tree / "modules").write_text("\n".join(Path(name).name for name in names))
        (tree / "init").write_text(INIT)
        (tree / "init").chmod(0o755)
        command = f"cd {tree} && find . | cpio --quiet -o -H newc | gzip -1 > {self.initramfs}"
        run("sh", "-ec", command)


def with_dependencies(modules: Path, names: tuple[str, ...]) -> list[str]:
    """The files of these modules below `modules`, each after those that it needs; what is built in has none."""
    needs = dict(line.split(":", 1) for line in (modules / "modules.dep").read_text().splitlines())
    by_name = {Path(path).name.partition(".")[0].replace("-", "_"): path for path in needs}
    wanted: list[str] = []
    for name in names:
        if path := by_name.get(name):
            wanted += [*reversed(needs[path].split()), path]
    return list(dict.fromkeys(wanted))
