"""`frontdesk-export 1`: all that was set on a box as lines of plain ASCII, for people to read and to paste.

    frontdesk-export 1
    1 domain example.com
    2 account 101 "Front desk"
    . 4CF0A1D2

Each line is numbered, so that a lost one is named; the last holds the CRC-32 of all before it, line ends (LF) included.
Where somebody writes one by hand, the numbers and the last line may be left out, and `#` begins a line of his own.
Words stand between single spaces; what has other characters than letters, digits and a few signs is a string of JSON.

    domain NAME                            the realm
    set KEY VALUE                          a setting that is not at its default
    peer ADDRESS NAME                      a trusted peer
    account USER NAME [off]
    option USER KEY VALUE                  a setting of an account
    alias USER ALIAS
    binding USER URI [Q]                   a place that was set by hand
    secret USER DEVICE MD5 SHA-256 SHA-512-256    HA1s (RFC 7616 section 3.4.2); DEVICE "" for the main password
    key NAME HEX                           keys of the box
    admin HASH                             of the admin password
    viewer HASH                            of the read-only password

The last four stand in an export with secrets alone.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..model import HA1_SIZES, Account, Sentence
from .errors import VerbError

HEADER = "frontdesk-export"
VERSION = 1
KEYS = ("record_route_key",)
GONE_KEYS = ("auth_key",)
"""Of older boxes: nothing needs them any more."""
END = "."
"""Begins the last line."""
LONGEST = 32 << 20
"""Characters of an export or a backup, written and read: 100,000 accounts have two thirds of it, and reading as much
takes 300 MB for a moment."""

_BARE = re.compile(r"[A-Za-z0-9_.+*!~:;@/=%&?$,<>()\[\]{}^|-]+")


@dataclass(slots=True)
class Configuration:
    """What an export holds."""

    realm: str = ""
    settings: dict[str, str | None] = field(default_factory=dict)
    peers: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    bindings: dict[tuple[str, str], float | None] = field(default_factory=dict)
    """User and URI of each binding that was set by hand, and its q."""
    keys: dict[str, str] = field(default_factory=dict)
    admin: str | None = None
    viewer: str | None = None
    notes: list[Sentence] = field(default_factory=list)
    """What of it was passed over, for people."""


def write(configuration: Configuration) -> str:
    """The export, whole and numbered; what is not in the configuration is not in there."""
    statements = (" ".join(map(_written, words)) for words in _statements(configuration))
    return numbered(f"{HEADER} {VERSION}", statements)


def numbered(first: str, statements: Iterable[str]) -> str:
    """The first line, the statements with their numbers, and the checksum; `reading.statements` is the inverse."""
    lines = [first, *(f"{number} {statement}" for number, statement in enumerate(statements, 1))]
    return "".join(f"{line}\n" for line in [*lines, f"{END} {checksum(lines)}"])


def bounded(text: str) -> str:
    """What was written, if it can be read back. Raises VerbError."""
    if len(text) > LONGEST:
        raise VerbError("It would have more than {most} KiB, the most that can be read back.", most=LONGEST >> 10)
    return text


def _statements(configuration: Configuration) -> Iterator[list[str]]:
    accounts = [account for _, account in sorted(configuration.accounts.items())]
    yield ["domain", configuration.realm]
    yield from (["set", key, value or ""] for key, value in configuration.settings.items())
    yield from (["peer", address, name] for address, name in sorted(configuration.peers.items()))
    for account in accounts:
        user = account.username
        yield ["account", user, account.name, *([] if account.enabled else ["off"])]
        yield from (["option", user, key, value] for key, value in sorted(account.settings.items()))
        yield from (["alias", user, alias] for alias in sorted(account.aliases))
    for binding, q in sorted(configuration.bindings.items()):
        yield ["binding", *binding, *([] if q is None else [f"{q:g}"])]
    for account in accounts:
        for secret in account.secrets:
            yield ["secret", account.username, secret.name, *(secret.of(algorithm) or "" for algorithm in HA1_SIZES)]
    yield from (["key", *key] for key in sorted(configuration.keys.items()))
    passwords = (("admin", configuration.admin), ("viewer", configuration.viewer))
    yield from ([whose, kept] for whose, kept in passwords if kept is not None)


def _written(word: str) -> str:
    return word if _BARE.fullmatch(word) else json.dumps(word)


def checksum(lines: Iterable[str]) -> str:
    """CRC-32 in hex, as the last line has it."""
    text = "".join(f"{line}\n" for line in lines)
    return f"{binascii.crc32(text.encode('utf-8', 'surrogateescape')):08X}"
