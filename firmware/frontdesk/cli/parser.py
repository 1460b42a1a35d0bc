"""The command line as argparse sees it, made from the table of verbs."""

from __future__ import annotations

import os
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter, _SubParsersAction
from pathlib import Path
from typing import NoReturn

from .. import __version__
from ..control import NOUNS, VERBS, Argument, Kind, Verb, VerbError, read_count
from ..control.checks import checked_domain

GROUPS = {
    "account": "Who may register and call.",
    "alias": "Further numbers and names of an account.",
    "device": "Passwords for single devices, each to be revoked alone.",
    "binding": "Places that are set by hand.",
    "peer": "Addresses whose requests need no password.",
    "config": "Settings of the box.",
    "domain": "The name that accounts belong to.",
    "clock": "The time of day.",
    "test": "Tries something out.",
    "passwd": "Passwords of those who run the box.",
    "token": "What programs need to use the box over HTTP.",
}
LATER = {
    "guard": "rate limits and bans",
    "pnp": "phones that set themselves up",
}
"""Options of `serve` that take `off` until there is something behind them."""
EXAMPLES = """\
examples:
  frontdesk serve --data ./data
  frontdesk account add 101 --name "Front desk"
  frontdesk bindings
"""


SECRET = "It asks for {what}.\nWhere there is no terminal, a line of standard input is taken; or give --{name}-file."
"""What a verb says of an argument that is on no command line."""


class Parser(ArgumentParser):
    """One plain sentence for a wrong command line, and exit status 2."""

    def __init__(self, **options: object) -> None:
        super().__init__(formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False, **options)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and where help is."""
        text = message[:1].upper() + message[1:].rstrip(".")
        self.exit(2, f"frontdesk: {text}. Try: {self.prog} --help\n")


def build_parser() -> Parser:
    """The whole command line."""
    parser = Parser(
        prog="frontdesk",
        description="Frontdesk, a SIP registrar in a box: it knows where everybody sits, and puts callers through.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"frontdesk {__version__}")
    _add_data(parser)
    parser.set_defaults(data=Path(os.environ.get("FRONTDESK_DATA") or "./data"))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_serve(commands)
    _add_boards(commands)
    groups: dict[str, _SubParsersAction[Parser]] = {}
    for verb in VERBS:
        group, _, word = verb.words.partition(" ")
        if word and group not in groups:
            also = [word for word, noun in NOUNS.items() if noun == group]
            of_group = commands.add_parser(group, aliases=also, help=GROUPS[group], description=GROUPS[group])
            _add_data(of_group)
            groups[group] = of_group.add_subparsers(title="commands", metavar="COMMAND", required=True)
        _add_verb(groups[group] if word else commands, word or group, verb)
    return parser


def _add_verb(commands: _SubParsersAction[Parser], word: str, verb: Verb) -> None:
    secrets = (argument for argument in verb.arguments if argument.kind is Kind.SECRET)
    asked = [SECRET.format(what=each.help, name=each.name) for each in secrets]
    parser = commands.add_parser(word, help=verb.help, description="\n\n".join([verb.help, *asked]))
    for argument in verb.arguments:
        _add_argument(parser, argument)
    if verb.json:
        parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    _add_common(parser, verb.words)


def _add_argument(parser: ArgumentParser, argument: Argument) -> None:
    name, help = argument.name, argument.help
    if argument.kind in (Kind.SECRET, Kind.PASSWORD):
        parser.add_argument(f"--{name}-file", metavar="FILE", help=f"the {name} is its first line")
    if argument.kind is Kind.SECRET:
        return
    if argument.kind is Kind.PASSWORD:
        parser.add_argument(f"--{name}-stdin", dest=name, action="store_true", help=help)
    elif argument.kind is Kind.FLAG:
        parser.add_argument(f"--{name}", dest=name, action="store_true", help=help)
    elif argument.option:
        kind = whole_number if argument.kind is Kind.COUNT else str
        parser.add_argument(f"--{name}", type=kind, metavar=argument.metavar or "N", help=help)
    else:
        nargs = None if argument.required else "?"
        parser.add_argument(name, metavar=argument.metavar, nargs=nargs, help=help)


def _add_data(parser: ArgumentParser) -> None:
    """Before the command or after it: no default of a command undoes what was given before."""
    parser.add_argument(
        "--data", type=folder, default=SUPPRESS, metavar="DIR",
        help="where the box keeps its data (default: $FRONTDESK_DATA, else ./data)",
    )  # fmt: skip


def _add_common(parser: ArgumentParser, verb: str) -> None:
    _add_data(parser)
    what = "the realm of data that this command makes"
    if verb == "serve":
        what = "a name that the box answers for; the first becomes " + what
    parser.add_argument(
        "--domain", dest="domains", action="append", default=[], type=domain_name, metavar="NAME", help=what
    )
    parser.set_defaults(verb=verb)


def _add_serve(commands: _SubParsersAction[Parser]) -> None:
    text = "Register phones and put their calls through."
    parser = commands.add_parser("serve", help=text, description=text)
    parser.add_argument(
        "--sip", action="append", default=[], metavar="udp:HOST:PORT",
        help="listen there, udp:, tcp:, tls:, ws: or wss:; tls alone: at its usual port everywhere (default: udp, tcp)",
    )  # fmt: skip
    parser.add_argument(
        "--flush", type=seconds, metavar="SECONDS",
        help="how long a pure refresh may wait for the disk, such as 600 or 10m; 0: it never waits (default: 10m)",
    )  # fmt: skip
    parser.add_argument("--log", choices=["text", "json"], default="text", help="how it is written (default: text)")
    parser.add_argument(
        "--console", action="append", default=[], type=console_port, metavar="pty|PORT|off",
        help="a serial console at that port, such as /dev/ttyAMA0; pty: at a pseudo-terminal, which is named",
    )  # fmt: skip
    parser.add_argument(
        "--panel", type=panel_port, metavar="pty|PORT|off",
        help="the front panel at that port; pty: at a pseudo-terminal, which is named (default: the board's, else off)",
    )  # fmt: skip
    parser.add_argument(
        "--web", action="append", default=[], type=web_listener, metavar="https:HOST:PORT|off",
        help="the setup page there, http: or https:, unless the setting web.listen says where (default: off)",
    )  # fmt: skip
    for option, what in LATER.items():
        parser.add_argument(f"--{option}", action="append", type=only_off, metavar="off", help=f"{what}: off as yet")
    parser.add_argument(
        "--board", metavar="NAME|auto",
        help="the kind of board, whose console and limits are the defaults; auto: by its device tree (see `boards`)",
    )  # fmt: skip
    _add_common(parser, "serve")


def _add_boards(commands: _SubParsersAction[Parser]) -> None:
    text = "List the kinds of board there are, and check their files."
    parser = commands.add_parser("boards", help=text, description=f"{text} The star is on this computer's.")
    parser.add_argument("--json", action="store_true", help="as JSON, for programs")
    parser.set_defaults(verb="boards")


# -- types of values: argparse shows their sentence -------------------------------------------------------------------


def only_off(text: str) -> str:
    """A value that can only be `off` yet."""
    if text != "off":
        raise ArgumentTypeError(f"only `off` is possible yet, not {text!r}")
    return text


def console_port(text: str) -> str:
    """`pty`, `off`, a device, or a URL of pyserial."""
    return _port("a console", text)


def web_listener(text: str) -> str:
    """A listener of the setup page, or `off`."""
    from ..listeners import read_web_listener, read_web_listeners

    if text == "off":
        return text
    try:
        read_web_listener(text)
    except ValueError as error:
        raise ArgumentTypeError(f"it {error}, not {text!r}") from None
    return read_web_listeners(text)[0]


def panel_port(text: str) -> str:
    """As a console's."""
    return _port("the front panel", text)


def _port(what: str, text: str) -> str:
    if text not in ("pty", "off") and not text.startswith("/") and "://" not in text:
        raise ArgumentTypeError(f"{what} is at pty, at a port such as /dev/ttyAMA0, or off, not {text!r}")
    return text


def folder(text: str) -> Path:
    """A folder, by its name: an empty one is a variable of a script that is not set, and not the folder it runs in."""
    if not text:
        raise ArgumentTypeError("it is empty; the folder in which you are is `.`")
    return Path(text)


def whole_number(text: str) -> int:
    """A whole number, not negative."""
    try:
        return read_count(text)
    except ValueError:
        raise ArgumentTypeError(f"{text[:40]!r} is no whole number") from None


def seconds(text: str) -> float:
    """Seconds, or a duration such as 10m."""
    from ..config import read_duration

    try:
        return read_duration(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is none; it {error}") from None


def domain_name(text: str) -> str:
    """A host name or address as it stands in a URI."""
    try:
        return checked_domain(text)
    except VerbError as error:
        raise ArgumentTypeError(str(error).removesuffix(".")) from None
