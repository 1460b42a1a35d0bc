"""Frontdesk on a disk whose sync takes a given time. Usage: slow_disk.py SECONDS serve [flags of `frontdesk serve`].

The delay is injected at the journal's seam: the connection that `store.database.connect` makes waits at each commit, in
the writer thread, as a slow card would. Put the data on a file system in memory, so that the delay is all there is.
"""

import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from frontdesk import cli
from frontdesk.store import database


def delayed(seconds: float) -> type[sqlite3.Connection]:
    class SlowConnection(sqlite3.Connection):
        def execute(self, sql: str, *rest: Any) -> sqlite3.Cursor:
            cursor = super().execute(sql, *rest)
            if sql.startswith(("COMMIT", "INSERT")) and not self.in_transaction:
                time.sleep(seconds)
            return cursor

    return SlowConnection


def main() -> int:
    factory = delayed(float(sys.argv[1]))

    def attach(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(
            path, timeout=database.BUSY_TIMEOUT, isolation_level=None, check_same_thread=False, factory=factory
        )

    database.attach = attach
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
