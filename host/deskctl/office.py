"""office.toml: what a box is to become, checked with errors that name the line (README.md has a complete example)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from .lines import Lines

USER = re.compile(r"[A-Za-z0-9_.+*!~-]{1,64}")
"""What a box takes for a number or name."""
JOINERS = "\u200c\u200d"
"""Invisible characters that a box takes in a name: they join an emoji's parts, and part or join letters."""
RANGE = re.compile(r"(\d{1,9})-(\d{1,9})")
LONGEST_RANGE = 1000
TABLES = ("box", "network", "settings", "account", "peers")
NAMED = {
    "box": {"hostname": "hostname", "timezone": "timezone"},
    "network": {"address": "net.address", "gateway": "net.gateway", "dns": "net.dns"},
}
"""The settings that have a place of their own in the file."""
DEFAULT = "default"
NAMED_SO = "web.listen"
"""The one setting with a value that a box shows by this word; of all others it shows what the default is."""
ROW = "row"
"""The place of what a row of many boxes says."""
ACCOUNT_KEYS = ("user", "range", "name", "aliases")


class OfficeError(Exception):
    """The file cannot be used; one line of text for each mistake, `FILE:LINE: sentence`."""


@dataclass(slots=True)
class Wanted:
    """One account."""

    user: str
    name: str | None
    """None: whatever it is."""
    aliases: list[str]
    line: int


@dataclass(slots=True)
class Office:
    """The whole file; `lines` tells where each thing stands, for later complaints."""

    accounts: dict[str, Wanted] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    places: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Where each setting stands, and the domain: table and key."""
    domain: str | None = None
    peers: dict[str, str] = field(default_factory=dict)
    lines: Lines = field(default_factory=lambda: Lines(""))
    file: str = "office.toml"
    row: str = ""
    """File and line of the row of many boxes that it was made for."""

    def mistake(self, sentence: str, *path: str | int) -> str:
        """With the file and the line before it."""
        if path[0] == ROW:
            return f"{self.row}: {sentence}"
        return f"{self.file}:{self.lines.of(*path)}: {sentence}"


def read(text: str, file: str) -> Office:
    """Raises OfficeError."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = (found and found[1]) or max(1, len(text.splitlines()))
        raise OfficeError(f"{file}:{line}: {str(error).partition(' (at ')[0]}.") from None
    reader = _Reader(tables, Office(lines=Lines(text), file=file))
    office = reader.read()
    if reader.mistakes:
        raise OfficeError("\n".join(reader.mistakes))
    return office


class _Reader:
    def __init__(self, tables: dict[str, Any], office: Office) -> None:
        self._tables = tables
        self._office = office
        self._taken: dict[str, str] = {}
        """Numbers and names in use, and by whom."""
        self.mistakes: list[str] = []

    def read(self) -> Office:
        for name in self._tables:
            if name not in TABLES:
                self._wrong(f"There is no table {name!r}; there are {', '.join(TABLES)}.", name)
        self._read_accounts(self._tables.get("account", []))
        self._read_domain()
        for name, keys in NAMED.items():
            self._read_named(name, keys)
        self._read_settings("settings", self._table("settings"), {})
        self._read_peers(self._table("peers"))
        return self._office

    def _wrong(self, sentence: str, *path: str | int) -> None:
        self.mistakes.append(self._office.mistake(sentence, *path))

    def _table(self, name: str) -> dict[str, Any]:
        table = self._tables.get(name, {})
        if isinstance(table, dict):
            return table
        self._wrong(f"{name} is a table: write [{name}].", name)
        return {}

    # -- accounts ------------------------------------------------------------------------------------------------------

    def _read_accounts(self, rows: object) -> None:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self._wrong("Accounts are written as [[account]].", "account")
            return
        for index, row in enumerate(rows):
            for key in row:
                if key not in ACCOUNT_KEYS:
                    self._wrong(f"An account has no {key!r}; it has {', '.join(ACCOUNT_KEYS)}.", "account", index, key)
            self._read_account(row, index)
        self._take_aliases()

    def _read_account(self, row: dict[str, Any], index: int) -> None:
        if ("user" in row) == ("range" in row):
            self._wrong("An account needs either a user or a range.", "account", index)
            return
        users = [row["user"]] if "user" in row else self._range(row["range"], index)
        name, aliases = row.get("name"), row.get("aliases", [])
        if name is not None and not (isinstance(name, str) and _is_visible(name) and len(name) <= 128):
            sentence = "A name is one line of at most 128 characters, no tabs and other invisible ones among them."
            self._wrong(sentence, "account", index, "name")
            name = None
        if "range" in row and aliases:
            self._wrong("A range has no aliases; give that account a table of its own.", "account", index, "aliases")
        if not isinstance(aliases, list):
            self._wrong('Aliases are a list, such as ["desk", "9"].', "account", index, "aliases")
            aliases = []
        for user in users:
            self._add(user, name, aliases, index)

    def _range(self, text: object, index: int) -> list[str]:
        found = RANGE.fullmatch(text) if isinstance(text, str) else None
        if not found or not int(found[1]) <= int(found[2]) < int(found[1]) + LONGEST_RANGE:
            self._wrong(f'A range is such as "101-120", of at most {LONGEST_RANGE}.', "account", index, "range")
            return []
        return [str(number).zfill(len(found[1])) for number in range(int(found[1]), int(found[2]) + 1)]

    def _add(self, user: object, name: str | None, aliases: list[str], index: int) -> None:
        place = ("account", index, "user")
        if not isinstance(user, str) or not USER.fullmatch(user):
            self._wrong(f"{user!r} cannot be a user: in quotes, 1 to 64 letters, digits and _ . + * ! ~ -.", *place)
        elif user in self._taken:
            self._wrong(f"{user!r} is an account already.", *place)
        else:
            self._taken[user] = user
            shown = name and name.replace("{user}", user).strip()
            self._office.accounts[user] = Wanted(user, shown, aliases, self._office.lines.of(*place))

    def _take_aliases(self) -> None:
        for index, row in enumerate(self._tables.get("account", [])):
            aliases = row.get("aliases", [])
            for alias in aliases if isinstance(aliases, list) else []:
                if not isinstance(alias, str) or not USER.fullmatch(alias):
                    self._wrong(f"{alias!r} cannot be an alias.", "account", index, "aliases")
                elif alias in self._taken:
                    self._wrong(f"{alias!r} is taken by {self._taken[alias]}.", "account", index, "aliases")
                else:
                    self._taken[alias] = str(row.get("user"))

    # -- the rest ------------------------------------------------------------------------------------------------------

    def _read_domain(self) -> None:
        domain = self._table("box").get("domain")
        if domain is None or (isinstance(domain, str) and domain):
            self._office.domain = domain and domain.lower()
        else:
            self._wrong('A domain is a name, such as "office.example".', "box", "domain")

    def _read_named(self, name: str, keys: dict[str, str]) -> None:
        table = {key: value for key, value in self._table(name).items() if (name, key) != ("box", "domain")}
        for key in [key for key in table if key not in keys]:
            there = ", ".join([*keys, *(["domain"] if name == "box" else [])])
            self._wrong(f"There is no {key!r} in [{name}]; there are {there}.", name, key)
            del table[key]
        self._read_settings(name, table, keys)

    def _read_settings(self, name: str, table: dict[str, Any], keys: dict[str, str]) -> None:
        for path, value in _flat(table):
            key = ".".join(path)
            setting = keys.get(key, key.replace("_", "-"))
            text = setting_text(value)
            if text is None:
                self._wrong(f"{key} is a text, a number, true, false or a list of texts.", name, *path)
            elif text == DEFAULT and setting != NAMED_SO:
                self._wrong(f"A box shows no {DEFAULT!r} for {key}: write the value itself, or no line.", name, *path)
            elif setting in self._office.settings:
                self._wrong(f"{setting} is set in [{self._office.places[setting][0]}] already.", name, *path)
            else:
                self._office.settings[setting] = text
                self._office.places[setting] = (name, *path)

    def _read_peers(self, table: dict[str, Any]) -> None:
        for address, name in table.items():
            try:
                peer = ip_address(address)
            except ValueError:
                self._wrong(f"{address!r} is no IP address; it stands in quotes.", "peers", address)
                continue
            if isinstance(name, str):
                # An IPv4 address that is mapped into IPv6 is itself, as the box writes it.
                self._office.peers[str(getattr(peer, "ipv4_mapped", None) or peer)] = name.strip()
            else:
                self._wrong('A peer has a name, such as "192.0.2.9" = "Provider".', "peers", address)


def _flat(table: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Its values, and the parts of their names: TOML makes tables of names with dots."""
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from (((key, *path), each) for path, each in _flat(value))
        else:
            yield (key,), value


def _is_visible(text: str) -> bool:
    return all(char.isprintable() or char in JOINERS for char in text)


def setting_text(value: object) -> str | None:
    """A TOML value as a setting is typed; None: no setting is like that."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(value)
    return value if isinstance(value, str) else None
