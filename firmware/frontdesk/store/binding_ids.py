"""Ids of bindings: a token in a phone's hands may name one, so none is ever given twice."""

from __future__ import annotations

import sqlite3

from . import accounts, schema

BLOCK = 1_000_000
"""Set apart for each start."""


def free(connection: sqlite3.Connection) -> int:
    """One that no binding ever had."""
    reserved = int(accounts.load_pairs(connection, "meta").get(schema.IDS, "1"))
    highest: int = connection.execute("SELECT ifnull(max(id), 0) FROM bindings").fetchone()[0]
    return max(reserved, highest + 1)


def take(connection: sqlite3.Connection) -> int:
    """The first of a block that is set apart, within the caller's transaction."""
    first = free(connection)
    accounts.save_pair(connection, "meta", schema.IDS, str(first + BLOCK))
    return first
