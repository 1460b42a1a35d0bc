"""`make install`, `make uninstall`: Frontdesk as a service of this computer, or of the system below DESTDIR.

Below a DESTDIR nothing is started and no user is made: systemd does both at the first boot, from sysusers.d and
tmpfiles.d.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path, PurePosixPath

from frontdesk.board import AUTO, Board, BoardError, detect, load

from . import environment, system
from .layout import File, Layout, Link, layout

ENVIRONMENT = PurePosixPath("/opt/frontdesk")
LIST = PurePosixPath("/usr/local/lib/frontdesk-helper/installed")
"""What was installed, a path a line: so that it can be taken away, by another version too."""
LATER = (
    PurePosixPath("/etc/avahi/services/frontdesk.service"), PurePosixPath("/etc/cloud/cloud.cfg.d/99-frontdesk.cfg"),
)  # fmt: skip
"""What the helper makes: avahi would tell the network of a page that is gone."""
BEGUN = PurePosixPath("/run/frontdesk-is-new")
"""There until what was installed has been started: whoever is interrupted before starts it the next time."""


def main() -> int:
    """The exit status."""
    options = _options()
    os.umask(0o022)  # that of whoever gave the command may keep the service from its own program
    root = Path(options.destdir or "/")
    try:
        if options.uninstall:
            return _uninstall(root, live=not options.destdir)
        return _install(load(detect() if options.board == AUTO else options.board), root, options)
    except BoardError as error:
        return _complain(str(error))
    except PermissionError as error:
        return _complain(f"Cannot write {error.filename}: try again with sudo.")
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""  # A full disk is told without one.
        return _complain(f"{place}{error.strerror}.")
    except subprocess.CalledProcessError as error:
        return _complain(f"This went wrong: {' '.join(map(str, error.cmd))}")


def _options() -> Namespace:
    parser = ArgumentParser(prog="install")
    parser.add_argument("--board", default=AUTO)
    parser.add_argument("--destdir", default="")
    parser.add_argument("--wheels", default="")
    parser.add_argument("--uninstall", action="store_true")
    return parser.parse_args()


def _install(board: Board, root: Path, options: Namespace) -> int:
    live = not options.destdir
    if live and Path(sys.base_prefix).is_relative_to("/root") | Path(sys.base_prefix).is_relative_to("/home"):
        return _complain(f"The service could not read Python in {sys.base_prefix}; say PYTHON=/usr/bin/python3.")
    if live and not system.is_running():
        return _complain("systemd does not run here; DESTDIR=DIR installs into the system below DIR.")
    _say(f"Frontdesk for {board.title} ({board.name})")
    begun = _below(root, BEGUN)
    was_begun = begun.exists()
    if live:
        begun.parent.mkdir(exist_ok=True)
        begun.touch()
    fresh = environment.install(_below(root, ENVIRONMENT), options.wheels)
    _say("Its Python environment was made." if fresh else "Its Python environment is there already.")
    is_new = put(layout(board), root) or fresh or was_begun
    if live:
        os.sync()  # Whoever reads the code may pull the plug.
        system.start(board, is_new)
        begun.unlink()
    for line in system.to_do(board, live):
        _say(line)
    return 0


def put(wanted: Layout, root: Path) -> bool:
    """Makes it so below `root`, and takes away what an installation before it had and this one has not; whether
    anything was different."""
    lines = sorted(map(str, [*wanted, *LATER, LIST]))
    for old in sorted(set(_listed(root)) - set(lines)):
        _remove(_below(root, PurePosixPath(old)))
    everything = {LIST: File("\n".join([*lines, ""]).encode()), **wanted}
    return any([_put(_below(root, place), what) for place, what in everything.items()])


def _put(path: Path, what: File | Link) -> bool:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    return _link(path, what.target) if isinstance(what, Link) else _write(path, what)


def _uninstall(root: Path, live: bool) -> int:
    paths, environments = _listed(root), environment.parts(_below(root, ENVIRONMENT))
    if not paths and not environments:
        return _complain("Frontdesk is not installed here.")
    if live:
        system.stop()
    for each in environments:
        shutil.rmtree(each)
    for line in sorted(paths, key=str(LIST).__eq__):  # The list goes last: what was interrupted can be ended.
        _remove(_below(root, PurePosixPath(line)))
    if live:
        system.forget()
    _say("Frontdesk is gone. Its data are left: /var/lib/frontdesk")
    return 0


def _listed(root: Path) -> list[str]:
    path = _below(root, LIST)
    return path.read_text().splitlines() if path.is_file() else []


def _below(root: Path, path: PurePosixPath) -> Path:
    return root / path.relative_to("/")


def _write(path: Path, file: File) -> bool:
    if path.is_file() and (path.read_bytes(), path.lstat().st_mode) == (file.content, stat.S_IFREG | file.mode):
        return False
    fresh = path.with_name(path.name + environment.FRESH)
    fresh.write_bytes(file.content)
    fresh.chmod(file.mode)
    fresh.replace(path)
    return True


def _link(path: Path, target: str) -> bool:
    if path.is_symlink() and os.readlink(path) == target:
        return False
    path.unlink(missing_ok=True)
    path.symlink_to(target)
    return True


def _remove(path: Path) -> None:
    """A file, and the directories that were there for it alone."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + environment.FRESH).unlink(missing_ok=True)
    for parent in path.parents[:2]:
        if "frontdesk" not in parent.name or not parent.is_dir() or any(parent.iterdir()):
            return
        parent.rmdir()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(sentence: str) -> int:
    sys.stderr.write(f"install: {sentence}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
