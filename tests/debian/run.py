"""`make debian`: a command, in this source, in a Debian 13 of its own that shares the kernel and the network with this
computer, and pip's settings and certificates too."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.debian import CACHE, SOURCE, bare_debian, run, unpack

NEEDED = ("/etc/hosts", "/etc/resolv.conf")
VARIABLES = re.compile(r"PIP_|SSL_CERT_|REQUESTS_CA_BUNDLE|(https?|no|all)_proxy", re.IGNORECASE)
# Its / is a mount point, as on any computer, and its /tmp is in memory, as Debian 13 has it.
ENTER = f"""
root=$1 command=$2; shift 2
mount --make-rprivate /
mount --bind "$root" "$root"
for place in proc sys dev; do mount --rbind /$place "$root/$place"; done
for place in run tmp; do mount -t tmpfs $place "$root/$place"; done
mkdir -p "$root$HOME"
for path; do
    if [ -d "$path" ]; then mkdir -p "$root$path"
    elif [ ! -e "$root$path" ]; then mkdir -p "$root${{path%/*}}"; : > "$root$path"
    fi
    mount -o ro,bind "$path" "$root$path"
done
cd "$root"
pivot_root . mnt
umount -l /mnt
cd /{SOURCE}
exec sh -ec "$command"
"""


def main() -> int:
    """The exit status of the command, which is the second argument; the first names Debian packages. Without a command
    the Debian is made, and nothing runs in it."""
    packages, *command = sys.argv[1:]
    try:
        tar = bare_debian(run("dpkg", "--print-architecture").strip(), packages.replace(" ", ","))
    except AssertionError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return inside(tar, command[0]) if command else 0


def inside(tar: Path, command: str) -> int:
    """Its exit status."""
    root = CACHE / "root"
    shutil.rmtree(root, ignore_errors=True)
    unpack(tar, root)
    variables = {name: value for name, value in os.environ.items() if VARIABLES.match(name)}
    settings = run(sys.executable, "-m", "pip", "config", "debug")
    paths = [*NEEDED, *filter(os.path.exists, named_in("\n".join([settings, *variables.values()])))]
    environment = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(Path.home()), "LANG": "C.UTF-8"}
    there = ["unshare", "--mount", "sh", "-ec", ENTER, "sh", str(root), command, *paths]
    status = subprocess.run(there, env=variables | environment, check=False).returncode
    shutil.rmtree(root)
    return status


def named_in(settings: str) -> list[str]:
    """The paths there, each folder before what is in it. A folder that is an index leads to files beside it."""
    found = re.findall(r"(?<![\w:/~])(file://)?(/[^\s',]+)", settings)
    return sorted({str(Path(path).parent) if scheme else path for scheme, path in found})


if __name__ == "__main__":
    sys.exit(main())
