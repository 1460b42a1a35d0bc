"""deskctl's command line."""

from __future__ import annotations

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace, _SubParsersAction
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from panel_link.asking import LinkError

from . import batch, flashing, plugging, ports, terminal
from .box import Box, Refused
from .cable import BAUD, FASTEST, Cable, CableGone
from .doctor import examine, own_version
from .flashing import NoPanel
from .office import Office, OfficeError
from .office import read as read_office
from .passwords import AdminPassword, NoPassword, passphrase
from .plan import PlanError
from .ports import NoBox
from .provision import NotAgreed, Wishes, provision
from .saving import BACKUP, EXPORT, restore, restore_backup, save
from .screen import Screen, open_closed
from .sheet import OnScreen, OnSheet
from .terminal import NoTerminal

DONE, REFUSED, BAD_COMMAND, NO_BOX, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit statuses: done; the box or the person refused; a wrong command line or file; no box, or its cable is gone."""
EPILOG = """\
exit status: 0 done, 1 refused by the box or by you, 2 a wrong command line or file, 3 no box answers
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Does one command; the exit status."""
    open_closed()
    options = build_parser().parse_args(argv)
    screen = Screen(options.json)
    try:
        status = int(options.run(options, screen))
        screen.finish()
        return status
    except (Refused, NotAgreed) as error:
        return _complain(screen, error, REFUSED)
    except (OfficeError, PlanError, NoPassword, NoTerminal) as error:
        return _complain(screen, error, BAD_COMMAND)
    except (LinkError, NoBox, CableGone, NoPanel) as error:
        return _complain(screen, error, NO_BOX)
    except OSError as error:
        screen.drop_unwritten()
        place = f"{error.filename}: " if error.filename else ""
        return _complain(screen, OSError(f"{place}{error.strerror or error}."), BAD_COMMAND)
    except KeyboardInterrupt:
        return INTERRUPTED


def _complain(screen: Screen, error: Exception, status: int) -> int:
    screen.complain(str(error))
    return status


# -- commands ----------------------------------------------------------------------------------------------------------


def _ports(options: Namespace, screen: Screen) -> int:
    found = ports.find(options.port, options.baud)
    screen.answer([
        {"port": each.port, "state": each.state, "serial": each.serial, "hostname": each.hostname,
         "version": each.version, "login": each.login}
        for each in found
    ])  # fmt: skip
    screen.table(
        ["port", "state", "serial number", "host name", "version", "device"],
        [(each.port, each.state, each.serial, each.hostname, each.version, each.description) for each in found],
    )
    return DONE if any(each.is_box for each in found) else NO_BOX


def _console(options: Namespace, screen: Screen) -> int:
    terminal.check()
    port = ports.choose(options.port, options.baud)
    cable = Cable(port, options.baud)
    cable.open()
    screen.say(f"Connected to {port}; Ctrl-] leaves.")
    terminal.run(cable)
    return DONE


def _provision(options: Namespace, screen: Screen) -> int:
    if options.batch and options.sheet:
        raise OfficeError("A batch has a sheet of its own, beside its file; leave --sheet out.")
    office = read_office(_text(options.file), options.file) if options.file else None
    password = AdminPassword(options.password_file, of_all=options.batch is not None)
    wishes = Wishes(password, options.dry_run, options.yes, options.no_admin_password)
    if options.batch:
        return _batch(options, office, wishes, screen)
    if office is None:
        raise OfficeError("Say which office.toml, or --batch boxes.csv.")
    words = OnSheet(screen, options.sheet) if options.sheet else OnScreen(screen)
    try:
        with _connected(options) as box:
            made = provision(box, office, wishes, words, screen)
    except (Exception, KeyboardInterrupt):
        if words.told:
            screen.answer({"done": False, "passwords": words.told})
        raise
    told = {} if options.dry_run else made.passwords
    screen.answer({"steps": made.diff, "done": not options.dry_run, "passwords": told, "notes": made.notes})
    return DONE


def _batch(options: Namespace, office: Office | None, wishes: Wishes, screen: Screen) -> int:
    rows = batch.read(_text(str(options.batch)), str(options.batch), office)
    if options.dry_run:
        shown = [(row.label, row.serial or "any", str(len(row.office.accounts))) for row in rows]
        screen.table(["box", "serial number", "accounts"], shown)
        screen.answer([{"box": row.label, "serial": row.serial, "accounts": [*row.office.accounts]} for row in rows])
        return DONE
    progress = batch.Progress(options.batch, rows)
    try:
        plugging.run(progress, options.port, options.baud, wishes, screen)
    finally:
        rest, sheet = progress.not_done, progress.sheet
        what = f"Not done: {', '.join(rest)}." if rest else f"{sheet} has their passwords: print it, then remove it."
        screen.say(f"{progress.done} of {progress.boxes} boxes are done. {what}")
        screen.answer({"boxes": progress.boxes, "done": progress.done, "not_done": rest, "sheet": str(sheet)})
    return REFUSED if rest else DONE


def _export(options: Namespace, screen: Screen) -> int:
    with _connected(options) as box:
        save(box, options.output, screen, "export", secrets=options.secrets)
    return DONE


def _backup(options: Namespace, screen: Screen) -> int:
    secret = passphrase(options.passphrase_file, new=True)
    with _connected(options) as box:
        save(box, options.output, screen, "backup", passphrase=secret)
    return DONE


def _restore(options: Namespace, screen: Screen) -> int:
    text = _text(options.file)
    if text.startswith(BACKUP):
        secret = passphrase(options.passphrase_file, new=False)
        if not options.yes and not screen.agreed("All that is on the box now goes. Restore the backup?"):
            raise NotAgreed("Nothing was changed; --yes restores it without asking.")
        with _connected(options) as box:
            restore_backup(box, text, secret, screen)
        return DONE
    if not text.startswith(EXPORT):
        raise OfficeError(f"{options.file}:1: It is no export or backup: the first line is {EXPORT}1 or {BACKUP}1.")
    with _connected(options) as box:
        restore(box, text, screen)
    return DONE


def _flash(options: Namespace, screen: Screen) -> int:
    if len(options.port) != 1:
        raise OfficeError("Say --port: the Pico's own, such as /dev/ttyACM0, and not the box's.")
    files = flashing.files(options.folder)
    with closing(Cable(options.port[0], options.baud)) as cable:
        cable.open()
        copied = flashing.flash(cable, files, screen)
    screen.say(f"{len(copied)} of {len(files)} files were copied; the panel starts anew.")
    screen.answer({"files": len(files), "copied": copied})
    return DONE


def _doctor(options: Namespace, screen: Screen) -> int:
    cable = Cable(ports.choose(options.port, options.baud), options.baud)
    box = Box(cable, AdminPassword(options.password_file).there)
    findings = []
    try:
        for finding in examine(cable, box):
            findings.append(finding)
            screen.say(f"{'ok ' if finding.good else 'BAD'} {finding.subject:9} {finding.text}")
    finally:
        box.close()
    screen.answer([asdict(finding) for finding in findings])
    return DONE if all(finding.good for finding in findings) else REFUSED


@contextmanager
def _connected(options: Namespace) -> Iterator[Box]:
    """Logged in, if it wants that."""
    cable = Cable(ports.choose(options.port, options.baud), options.baud)
    box = Box(cable, AdminPassword(options.password_file).there)
    try:
        box.connect()
        box.log_in()
        yield box
    finally:
        box.close()


def _text(name: str) -> str:
    try:
        with open(0 if name == "-" else name, encoding="utf-8-sig", closefd=name != "-") as file:
            return file.read()
    except OSError as error:
        raise OfficeError(f"{name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        sentence = "is not text in UTF-8: save it once more as that (from a spreadsheet `CSV UTF-8`)."
        raise OfficeError(f"{name} {sentence}") from None


# -- as argparse sees it -----------------------------------------------------------------------------------------------


class Parser(ArgumentParser):
    """Options are typed whole: `--password WORD` is none, and not short for --password-file."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)


def build_parser() -> Parser:
    """The whole command line."""
    parser = Parser(prog="deskctl", description="Sets boxes up over a serial cable.", epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"deskctl {own_version()}")
    _add_common(parser)
    parser.set_defaults(port=[], baud=BAUD, json=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, run: object, text: str, to: _SubParsersAction[Parser] = commands) -> Parser:
        command = to.add_parser(name, help=text, description=text, epilog=EPILOG)
        _add_common(command)
        command.set_defaults(run=run)
        return command

    add("ports", _ports, "Find boxes by asking at every port.")
    add("console", _console, "The box's console on this terminal.")
    _add_provision(add("provision", _provision, "Make a box what a file says; only what differs is changed."))
    _add_saving(
        add("export", _export, "Write down what was set on a box."),
        add("backup", _backup, "Write down all of a box, calls too, sealed with a passphrase."),
        add("restore", _restore, "Read an export or a backup back."),
    )
    panel = commands.add_parser("panel", help="The front panel.", description="The front panel.")
    _add_common(panel)
    of_panel = panel.add_subparsers(title="commands", metavar="COMMAND", required=True)
    flash = add("flash", _flash, "Copy the panel's program to the Pico at --port, its USB port.", of_panel)
    flash.add_argument("folder", type=Path, nargs="?", default=Path("build/panel"), metavar="FOLDER",
                       help="what `make panel` laid out (default: build/panel)")  # fmt: skip
    _add_password(add("doctor", _doctor, "Look what is well: port, cable, versions, the box itself."))
    return parser


def _add_common(parser: ArgumentParser) -> None:
    """Before the command or after it: no default of a command undoes what was given before."""
    parser.add_argument(
        "--port", action="append", default=SUPPRESS, metavar="PORT",
        help="such as /dev/ttyUSB0 or COM3, several for `ports` and --batch (default: where a box answers)",
    )  # fmt: skip
    parser.add_argument("--baud", type=_speed, default=SUPPRESS, help=f"speed of the line (default: {BAUD})")
    parser.add_argument("--json", action="store_true", default=SUPPRESS, help="the answer as JSON, for programs")


def _speed(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= FASTEST):
        raise ArgumentTypeError(f"a speed is 1 to {FASTEST} baud, not {text!r}")
    return int(text)


def _add_provision(command: ArgumentParser) -> None:
    command.add_argument("file", metavar="office.toml", nargs="?",
                         help="what the box is to become; - is standard input")  # fmt: skip
    command.add_argument("--batch", type=Path, metavar="boxes.csv",
                         help="many boxes; office.toml then holds what is the same for all")  # fmt: skip
    command.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    command.add_argument("--yes", action="store_true", help="do it without asking")
    command.add_argument("--sheet", type=Path, metavar="FILE",
                         help="a new file for the passwords of one box; none is shown")  # fmt: skip
    command.add_argument("--no-admin-password", action="store_true", help="leave a box that has none without one")
    _add_password(command)


def _add_saving(export: ArgumentParser, backup: ArgumentParser, restore: ArgumentParser) -> None:
    export.add_argument("--secrets", action="store_true", help="with passwords' hashes and keys: keep it safe")
    export.add_argument("--output", type=Path, metavar="FILE", help="into a new file (default: standard output)")
    backup.add_argument("--output", type=Path, metavar="FILE", help="into a new file (default: standard output)")
    restore.add_argument("file", metavar="FILE", help="what export or backup wrote; - is standard input")
    restore.add_argument("--yes", action="store_true", help="a backup replaces what is there: do it without asking")
    for command in (backup, restore):
        command.add_argument("--passphrase-file", type=Path, metavar="FILE",
                             help="the backup's passphrase is its first line (default: ask)")  # fmt: skip
    for command in (export, backup, restore):
        _add_password(command)


def _add_password(command: ArgumentParser) -> None:
    command.add_argument("--password-file", type=Path, metavar="FILE",
                         help="the admin password is its first line (default: ask)")  # fmt: skip
