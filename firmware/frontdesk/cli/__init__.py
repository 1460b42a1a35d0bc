"""The command line: `serve`, and the verbs of `control`."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..control import TABLE, Argument, Kind, Verb, VerbError
from ..control.configuration import LONGEST
from ..control.text import weak
from ..control.verbs import checked
from .parser import build_parser

BAD_COMMAND = 2
"""Exit status of a wrong command line, a taken port, an unusable directory."""
REFUSED = 1
"""Exit status of a verb that could not be done."""


def main(argv: Sequence[str] | None = None) -> int:
    """Does one command; the exit status."""
    _open_closed_streams()
    try:
        options = build_parser().parse_args(argv)
        status = OWN[options.verb](options) if options.verb in OWN else _run(TABLE[options.verb], options)
        sys.stdout.flush()
        return status
    except SystemExit as end:  # argparse has said what there was to say.
        return end.code if isinstance(end.code, int) else BAD_COMMAND
    except VerbError as error:
        return _complain(str(error), REFUSED)
    except BrokenPipeError:
        _drop_output()  # Nobody reads on; nothing is wrong.
        return 0
    except OSError as error:
        return _complain(_plain(error), BAD_COMMAND)
    except KeyboardInterrupt:
        return 130


def _open_closed_streams() -> None:
    """A shell can close them (`>&-`): nobody is there then, which is no reason to fail."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _drop_output() -> None:
    """What was not written goes nowhere: Python tries it once more at its end, with a status of its own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(verb: Verb, options: Namespace) -> int:
    from .box import ask

    values: dict[str, Any] = {argument.name: getattr(options, argument.name, None) for argument in verb.arguments}
    for argument in verb.arguments:
        if argument.kind in (Kind.SECRET, Kind.PASSWORD):
            file = getattr(options, f"{argument.name}_file")
            asked = argument.kind is Kind.SECRET or values[argument.name] or file
            values[argument.name] = _read_password(argument, file) if asked else None
        elif argument.kind is Kind.FILE:
            with open(values[argument.name], encoding="utf-8", newline="") as file:
                values[argument.name] = _read(partial(file.read, LONGEST + 1), values[argument.name])
    checked(verb, values)  # The box would read no further than its bound, and could not say so.
    answer = ask(options.data, verb, values, options.domains)
    _print(json.dumps(answer, indent=2) if getattr(options, "json", False) else verb.show(answer))
    if warning := weak(answer):
        _complain(warning, 0)
    return 0


def _read_password(argument: Argument, file: str | None) -> str:
    if file:
        with open(file, encoding="utf-8-sig") as lines:
            line = _read(partial(lines.readline, LONGEST + 1), file)
    elif sys.stdin.isatty():
        from getpass import getpass

        word = argument.name.capitalize()
        line = getpass(f"{word}: ") + "\n"
        if argument.twice and getpass(f"{word} again: ") + "\n" != line:
            raise VerbError("The two are not the same.")
    else:
        line = _read(sys.stdin.readline, "standard input")
    password = line.rstrip("\r\n")
    if not line or (not password and argument.kind is Kind.PASSWORD):  # To some secrets an empty line is an answer.
        raise VerbError(f"There is no {argument.name} {f'in {file}' if file else 'on standard input'}.")
    return password


def _read(read: Callable[[], str], name: str) -> str:
    try:
        return read()
    except UnicodeDecodeError:
        sentence = "is not text in UTF-8: save it once more as that (from a spreadsheet `CSV UTF-8`)."
        raise VerbError(f"{name} {sentence}") from None


def _serve(options: Namespace) -> int:
    from ..app import run
    from .serve import serve_options

    return run(serve_options(options))


def _boards(options: Namespace) -> int:
    from .boards import check_boards, show

    boards, complaints = check_boards()
    _print(json.dumps(boards, indent=2) if options.json else show(boards))
    for complaint in complaints:
        _complain(complaint, BAD_COMMAND)
    return BAD_COMMAND if complaints else 0


OWN = {"serve": _serve, "boards": _boards}
"""Commands that are no verbs of a box."""


def _plain(error: OSError) -> str:
    if error.errno is None:  # Ours: a sentence already.
        return str(error)
    name = f" {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
    return f"Cannot use{name}: {error.strerror}."


def _complain(sentence: str, status: int) -> int:
    sys.stderr.write(f"frontdesk: {sentence}\n")
    return status


def _print(text: str) -> None:
    # A terminal that cannot show a character gets a stand-in, not a traceback.
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _drop_output()
        raise OSError(f"It was done, but the answer cannot be written: {error.strerror}.") from None
