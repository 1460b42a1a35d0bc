"""`make install`, `make uninstall`: Frontdesk as a service of this computer, or of the system below DESTDIR.

Below a DESTDIR nothing is started and no user is made: systemd does both at the first boot, from sysusers.d and
tmpfiles.d.
"""

from __future__ import annotations

import os
import shutil
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
    fresh = environment.install(_below(root, ENVIRONMENT), options.wheels)
    _say("Its Python environment was made." if fresh else "Its Python environment is there already.")
    put(layout(board), root)
    if live:
        system.start(board)
    for line in system.to_do(board, live):
        _say(line)
    return 0


def put(wanted: Layout, root: Path) -> None:
    """Makes it so below `root`, and takes away what an installation before it had and this one has not."""
    lines = sorted(map(str, [*wanted, LIST]))
    for old in sorted(set(_listed(root)) - set(lines)):
        _remove(_below(root, PurePosixPath(old)))
    for place, what in wanted.items():
        path = _below(root, place)
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if isinstance(what, Link):
            _link(path, what.target)
        else:
            _write(path, what)
    _write(_below(root, LIST), File("\n".join([*lines, ""]).encode()))


def _uninstall(root: Path, live: bool) -> int:
    paths = _listed(root)
    if not paths:
        return _complain("Frontdesk is not installed here.")
    if live:
        system.stop()
    for line in paths:
        _remove(_below(root, PurePosixPath(line)))
    shutil.rmtree(_below(root, ENVIRONMENT), ignore_errors=True)
    if live:
        system.forget()
    _say("Frontdesk is gone. Its data are left: /var/lib/frontdesk")
    return 0


def _listed(root: Path) -> list[str]:
    path = _below(root, LIST)
    return path.read_text().splitlines() if path.is_file() else []


def _below(root: Path, path: PurePosixPath) -> Path:
    return root / path.relative_to("/")


def _write(path: Path, file: File) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(file.content)
    fresh.chmod(file.mode)
    fresh.replace(path)


def _link(path: Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _remove(path: Path) -> None:
    """A file, and the directories that were there for it alone."""
    path.unlink(missing_ok=True)
    for parent in path.parents[:2]:
        if "frontdesk" not in parent.name or any(parent.iterdir()):
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
