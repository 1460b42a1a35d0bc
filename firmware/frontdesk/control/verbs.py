"""The one table of verbs, which CLI, console and page share, and the one way to run a row of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from . import (
    account_files,
    accounts,
    administration,
    backups,
    bindings,
    day,
    devices,
    exports,
    network,
    problems,
    reset,
    settings,
    system,
    text,
    who,
)
from .box import Box, VerbError
from .configuration import LONGEST
from .role import Role
from .text import Show, sentence, table

NOUNS = {"ext": "account"}
"""What people say, and what it is."""


class Kind(StrEnum):
    """What an argument is, and so how it is typed."""

    TEXT = "text"
    COUNT = "count"
    FLAG = "flag"
    VALUE = "value"
    """A setting's, as it is typed; programs may say a number or a boolean too."""
    PASSWORD = "password"
    """Never on a command line: read from standard input, or made."""
    SECRET = "secret"
    """A password or passphrase that nobody makes: asked for, or a line of standard input."""
    FILE = "file"
    """The content of a file."""


@dataclass(slots=True, frozen=True)
class Argument:
    """One argument; `option`: given by its name and not by its place."""

    name: str
    help: str
    kind: Kind = Kind.TEXT
    option: bool = False
    required: bool = True
    metavar: str = ""
    twice: bool = False
    """A secret that is new, and so typed twice."""


@dataclass(slots=True, frozen=True)
class Verb:
    """One row."""

    words: str
    run: Callable[..., Awaitable[Any]]
    show: Show
    arguments: tuple[Argument, ...] = ()
    role: Role = Role.ADMIN
    needs_box: bool = False
    """It makes no box where there is none."""
    waits: bool = False
    """For something outside: where no box runs it needs an event loop of its own."""

    @property
    def help(self) -> str:
        """The first line of the function's docstring."""
        return (self.run.__doc__ or "").partition("\n")[0]

    @property
    def json(self) -> bool:
        """Whether programs may want the answer as it is."""
        return self.role is Role.VIEWER


USER = Argument("user", "name or number of the account", metavar="USER")
NAME = Argument("name", "a name for people", option=True, required=False, metavar="TEXT")
PASSWORD = Argument("password", "a password of your own, asked for; else one is made and printed", Kind.PASSWORD,
                    option=True, required=False, twice=True)  # fmt: skip
ALIAS = Argument("alias", "the other number or name", metavar="ALIAS")
OF = Argument("user", "of this account alone", option=True, required=False, metavar="USER")
DEVICE = Argument("device", "the device's name", metavar="DEVICE")
URI = Argument("contact", "where it is, such as sip:door@192.0.2.7", metavar="URI")
STATIC = Argument("static", "it never expires; no other is added by hand", Kind.FLAG, option=True, required=False)
Q = Argument("q", "of several places the one with the highest is tried first: 1 (without it) to 0", Kind.VALUE,
             option=True, required=False, metavar="Q")  # fmt: skip
CSV = Argument(
    "text", f"a file with columns out of {','.join(account_files.COLUMNS)}; commas or spaces between aliases",
    Kind.FILE, metavar="FILE.csv",
)  # fmt: skip
MAKE_PASSWORDS = Argument("make-passwords", "make a password where file and box have none, and print it", Kind.FLAG,
                          option=True, required=False)  # fmt: skip
ADDRESS = Argument("address", "an IP address", metavar="ADDRESS")
KEY = Argument("key", "the setting; `frontdesk config list` shows all", metavar="KEY")
VALUE = Argument("value", "a value, or `default`", Kind.VALUE, metavar="VALUE")
VALUE_OR_BOTH = Argument("value", "a value, or `default`; KEY=VALUE is possible too", Kind.VALUE, required=False,
                         metavar="VALUE")  # fmt: skip
LIMIT = Argument("limit", f"calls that have ended, {system.CALLS} by default", Kind.COUNT, option=True, required=False)
SEARCH = Argument("search", "a part of a number, name or alias", required=False, metavar="TEXT")
START = Argument("start", "the first one, 0 by default", Kind.COUNT, option=True, required=False)
ACCOUNTS = Argument("limit", f"accounts, {who.LIMIT} by default", Kind.COUNT, option=True, required=False)
CONFIRM = Argument("confirm", "seconds in which `commit` has to be said once more, or it goes back", Kind.COUNT,
                   option=True, required=False, metavar="SECONDS")  # fmt: skip
LINES = Argument("limit", f"lines, {system.LINES} by default", Kind.COUNT, option=True, required=False)
DOMAIN = Argument("domain", "the name, such as example.com", metavar="NAME")
SECRETS = Argument("secrets", "with passwords' hashes and keys", Kind.FLAG, option=True, required=False)
EXPORT = Argument("text", "what `export` printed", Kind.FILE, metavar="FILE")
PASSPHRASE = Argument("passphrase", "what it is sealed with", Kind.SECRET, twice=True)
SEALED_WITH = Argument("passphrase", "what it was sealed with", Kind.SECRET)
BACKUP = Argument("text", "what `backup` printed", Kind.FILE, metavar="FILE")
KEEP_NETWORK = Argument("keep-network", "keep address, names and time zone", Kind.FLAG, option=True, required=False)
TIME = Argument("time", "such as 2027-01-31T14:05", metavar="TIME")
YES = Argument("yes", "do it; nothing is done without", Kind.FLAG, option=True, required=False)
ADMIN_PASSWORD = Argument("password", "the new admin password", Kind.SECRET, twice=True)
VIEWER_PASSWORD = Argument("password", "the new read-only password (an empty line: none)", Kind.SECRET, twice=True)
TOKEN = Argument("name", "the token's name", metavar="NAME")
TOKEN_ROLE = Argument("role", "viewer (by default) or admin", option=True, required=False, metavar="ROLE")

VERBS = (
    Verb("account add", accounts.add, sentence("Added {user}."), (USER, NAME, PASSWORD)),
    Verb("account remove", accounts.remove, sentence("Removed {user} and its bindings."), (USER,)),
    Verb("account disable", accounts.disable, sentence("Disabled {user} and dropped its phones."), (USER,)),
    Verb("account enable", accounts.enable,
         sentence("Enabled {user}. Its phones are reached once they register again."), (USER,)),
    Verb("account passwd", accounts.passwd, sentence("Changed the password of {user}."), (USER, PASSWORD)),
    Verb("account set", accounts.change, sentence("Changed {user}."),
         (USER, Argument("assignment", "such as name=Workshop", metavar="KEY=VALUE"))),
    Verb("account list", accounts.show,
         table("There are no accounts yet.", user="user", name="name", enabled="enabled", bindings="bindings",
               aliases="aliases", devices="devices"), role=Role.VIEWER),
    Verb("account import", account_files.load, text.added, (CSV, MAKE_PASSWORDS)),
    Verb("alias add", accounts.alias, sentence("{alias} now reaches {user}."), (USER, ALIAS)),
    Verb("alias remove", accounts.unalias, sentence("{alias} no longer reaches {user}."), (ALIAS, OF)),
    Verb("alias list", accounts.aliases, table("There are no aliases yet.", alias="alias", user="user"),
         role=Role.VIEWER),
    Verb("device add", devices.add, sentence("Added the device {device} of {user}."), (USER, DEVICE, PASSWORD)),
    Verb("device revoke", devices.revoke, sentence("Revoked the device {device} of {user}."), (USER, DEVICE)),
    Verb("device list", devices.show,
         table("There are no devices with a password of their own.", user="user", device="device",
               bindings="bindings"),
         (Argument("user", "of this account alone", required=False, metavar="USER"),), Role.VIEWER),
    Verb("binding add", bindings.add, sentence("{user} is now reached at {contact}."), (USER, URI, STATIC, Q)),
    Verb("binding remove", bindings.remove, sentence("{user} is no longer reached at {contact}."), (USER, URI)),
    Verb("peer add", settings.trust, sentence("Requests from {address} need no password now."), (ADDRESS, NAME)),
    Verb("peer remove", settings.distrust, sentence("Requests from {address} need a password now."), (ADDRESS,)),
    Verb("peer list", settings.peers, table("There are no trusted peers.", address="address", name="name"),
         role=Role.VIEWER),
    Verb("config get", settings.get, str, (KEY,), Role.VIEWER),
    Verb("config set", settings.put, text.put, (KEY, VALUE_OR_BOTH)),
    Verb("config stage", settings.stage, text.staged, (KEY, VALUE), needs_box=True),
    Verb("config diff", settings.diff, text.diff, role=Role.VIEWER),
    Verb("config commit", settings.commit, text.committed, (CONFIRM,), needs_box=True),
    Verb("config rollback", settings.rollback, sentence("Nothing is staged or on trial now."), needs_box=True),
    Verb("config list", settings.show, table("", key="setting", value="value", meaning="meaning"), role=Role.VIEWER),
    Verb("bindings", bindings.show, text.bindings, role=Role.VIEWER),
    Verb("who", who.who, text.who, (SEARCH, START, ACCOUNTS), Role.VIEWER),
    Verb("problems", problems.problems, text.problems, role=Role.VIEWER),
    Verb("today", day.today, text.today, role=Role.VIEWER),
    Verb("calls", system.calls, text.calls, (LIMIT, Argument(
        "start", "the first one that has ended, 0 by default", Kind.COUNT, option=True, required=False)), Role.VIEWER),
    Verb("events", system.events, text.events,
         (Argument("user", "of this account alone", required=False, metavar="USER"),), Role.VIEWER),
    Verb("status", system.status, text.status, role=Role.VIEWER),
    Verb("log", system.log, text.log, (LINES,), Role.VIEWER),
    Verb("ping", network.ping, text.ping, (ADDRESS,), Role.VIEWER, waits=True),
    Verb("test net", network.test, text.findings, role=Role.VIEWER, waits=True),
    Verb("net", system.net, text.network, role=Role.VIEWER),
    Verb("domain get", settings.domain, str, role=Role.VIEWER),
    Verb("domain set", settings.rename, sentence("The domain is {domain}."), (DOMAIN,)),
    Verb("export", exports.export, str.rstrip, (SECRETS,), needs_box=True),
    Verb("backup", backups.backup, str.rstrip, (PASSPHRASE,), needs_box=True),
    Verb("restore", backups.restore, text.restored, (BACKUP, SEALED_WITH)),
    Verb("import", exports.load, text.imported, (EXPORT,)),
    Verb("factory-reset", reset.factory_reset, sentence("Everything is gone; the domain is {domain}."),
         (KEEP_NETWORK, YES), needs_box=True),
    Verb("clock set", system.set_clock, sentence("It is {time} now."), (TIME,)),
    Verb("reboot", system.reboot, sentence("It starts anew.")),
    Verb("poweroff", system.poweroff, sentence("It turns itself off.")),
    Verb("passwd admin", administration.passwd, sentence("Changed the admin password."), (ADMIN_PASSWORD,)),
    Verb("passwd viewer", administration.passwd_viewer, sentence("Changed the read-only password."),
         (VIEWER_PASSWORD,)),
    Verb("token add", administration.add_token, text.token, (TOKEN, TOKEN_ROLE)),
    Verb("token revoke", administration.revoke_token, sentence("The token {name} is worth nothing now."), (TOKEN,)),
    Verb("token list", administration.tokens,
         table("There are no tokens.", name="name", role="may", ends="until"), role=Role.VIEWER),
    Verb("acknowledge", administration.acknowledge, sentence("The alarm is acknowledged.")),
)  # fmt: skip
TABLE = {verb.words: verb for verb in VERBS}


async def run(box: Box, words: str, arguments: Mapping[str, object], role: Role = Role.ADMIN) -> Any:
    """Does one verb for somebody of that role; its answer is made of JSON's types. Raises VerbError."""
    verb = TABLE.get(canonical(words))
    if verb is None:
        raise VerbError("There is no verb {words!r}.", words=words[:60])
    if not role.may(verb.role):
        raise VerbError("Only an administrator may do that ({verb}).", verb=verb.words)
    values = {name.replace("-", "_"): value for name, value in checked(verb, arguments).items()}
    try:
        if verb.role is Role.VIEWER:
            return await verb.run(box, **values)
        async with box.turn:
            return await verb.run(box, **values)
    except OSError as error:
        if verb.role is Role.VIEWER:
            raise VerbError("The data cannot be read: {error}.", error=str(error)) from error
        raise VerbError("Nothing was changed, the data cannot be written: {error}.", error=str(error)) from error


def canonical(words: str) -> str:
    """The words of the table for what was said."""
    noun, _, rest = words.partition(" ")
    return f"{NOUNS.get(noun, noun)} {rest}".rstrip()


def checked(verb: Verb, arguments: Mapping[str, object]) -> dict[str, object]:
    """The arguments of a verb, each there and of its type, and no others. Raises VerbError."""
    known = {argument.name: argument for argument in verb.arguments}
    for name in arguments:
        if name not in known:
            raise VerbError("{verb} has no argument {name!r}.", verb=verb.words, name=str(name)[:60])
    values = {name: value for name, value in arguments.items() if value is not None}
    for argument in verb.arguments:
        if argument.required and argument.name not in values:
            raise VerbError("{verb} needs {argument}.", verb=verb.words, argument=argument.metavar or argument.name)
    for name, value in values.items():
        _check_type(known[name], value)
    return values


def _check_type(argument: Argument, value: object) -> None:
    if argument.kind is Kind.FLAG:
        good = isinstance(value, bool)
    elif argument.kind is Kind.COUNT:
        good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
    else:
        good = isinstance(value, str | int | float if argument.kind is Kind.VALUE else str)
    name = argument.metavar or argument.name
    if not good:
        raise VerbError("{argument} is not a {kind} that can be used.", argument=name, kind=argument.kind)
    if isinstance(value, str) and len(value) > LONGEST:
        raise VerbError("{argument} has more than {most} KiB, the most that can be read.", argument=name,
                        most=LONGEST >> 10)  # fmt: skip
