"""Accounts, aliases, peers and settings as rows: functions over a connection whose transaction the caller holds."""

from __future__ import annotations

import json
import sqlite3
from collections import deque
from collections.abc import Sequence

from ..model import HA1_SIZES, Account, Secret, address_of_record
from .text import cell, texts

_ACCOUNTS = "SELECT username, name, enabled, settings FROM accounts ORDER BY username"
# In the order of their rows: an account's secrets are written together, the main one first.
_SECRETS = "SELECT username, name, md5, sha256, sha512_256 FROM secrets"
_ALIASES = "SELECT username, alias FROM aliases"


def check(connection: sqlite3.Connection) -> None:
    """Raises what reading all of it would: `quick_check` passes over text that is none, and JSON that is none."""
    for (*_, settings) in connection.execute(_ACCOUNTS):
        if settings:
            json.loads(settings)
    for select in (_SECRETS, _ALIASES):
        deque(connection.execute(select), maxlen=0)
    for table in ("peers", "settings"):
        load_pairs(connection, table)


def load(connection: sqlite3.Connection, realm: str) -> list[Account]:
    """All accounts in the order of their names, the main secret of each first."""
    accounts: dict[str, Account] = {}
    for row in connection.execute(_ACCOUNTS):
        username, name, enabled, settings = texts(row)
        accounts[username] = account = Account(username, address_of_record(username, realm), name, enabled == 1)
        if settings:
            account.settings = json.loads(settings)
    for row in connection.execute(_SECRETS):
        username, name, md5, sha256, sha512_256 = texts(row)
        if username in accounts:  # A row without its account, left by somebody with another tool, means nothing.
            ha1 = {"MD5": md5 or "", "SHA-256": sha256 or "", "SHA-512-256": sha512_256 or ""}
            accounts[username].secrets += (Secret(name, ha1),)
    for row in connection.execute(_ALIASES):
        username, alias = texts(row)
        if username in accounts:
            accounts[username].aliases += (alias,)
    return list(accounts.values())


def save(connection: sqlite3.Connection, accounts: Sequence[Account]) -> None:
    """Adds accounts or takes their new forms; an alias may move from one to another."""
    for account in accounts:
        _remove_parts(connection, cell(account.username))
    for account in accounts:
        username = cell(account.username)
        settings = json.dumps(account.settings, sort_keys=True) if account.settings else None
        connection.execute(
            "INSERT OR REPLACE INTO accounts (username, name, enabled, settings) VALUES (?, ?, ?, ?)",
            (username, cell(account.name), int(account.enabled), settings),
        )
        connection.executemany(
            "INSERT INTO secrets (username, name, md5, sha256, sha512_256) VALUES (?, ?, ?, ?, ?)",
            [(username, cell(secret.name), *map(secret.of, HA1_SIZES)) for secret in account.secrets],
        )
        connection.executemany(
            "INSERT INTO aliases (alias, username) VALUES (?, ?)",
            [(cell(alias), username) for alias in account.aliases],
        )


def remove(connection: sqlite3.Connection, username: str) -> None:
    """Takes an account away with its secrets and aliases."""
    _remove_parts(connection, cell(username))
    connection.execute("DELETE FROM accounts WHERE username = ?", (cell(username),))


def _remove_parts(connection: sqlite3.Connection, username: str | bytes) -> None:
    connection.execute("DELETE FROM secrets WHERE username = ?", (username,))
    connection.execute("DELETE FROM aliases WHERE username = ?", (username,))


def load_pairs(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """All of a table with two columns: `meta`, `settings`, `peers`."""
    return dict(map(texts, connection.execute(f"SELECT * FROM {table} ORDER BY 1")))


def save_pair(connection: sqlite3.Connection, table: str, key: str, value: str) -> None:
    """Adds or changes one row of such a table."""
    connection.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (cell(key), cell(value)))


def remove_pair(connection: sqlite3.Connection, table: str, key: str) -> None:
    """Takes one row of such a table away."""
    column = "address" if table == "peers" else "key"
    connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (cell(key),))
