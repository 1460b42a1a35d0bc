"""What `control` asks of the store: changes of accounts and settings, each on disk when it returns."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from ..model import Account, Binding
from . import accounts, bindings, wiping
from .clock import Clock
from .errors import StoreError
from .journal import Write
from .text import cells, texts


class Execute(Protocol):
    """Does a change in a transaction: through the journal in the box, on the spot where no box runs."""

    def __call__(self, write: Write, *, snapshot: bool = True, bare: bool = False) -> Awaitable[Any]: ...


class Records:
    """The same functions over either way; all raise StoreError and then have changed nothing."""

    def __init__(self, execute: Execute, clock: Clock, forget_past: Callable[[bool], bool] = lambda all: True) -> None:
        """`forget_past` takes away all snapshots, and certificates where it is told so; whether nothing is left."""
        self._execute = execute
        self._clock = clock
        self._forget_past = forget_past

    async def pairs(self, table: str) -> dict[str, str]:
        """All of `meta`, `settings` or `peers`."""
        result: dict[str, str] = await self._do(
            lambda connection: accounts.load_pairs(connection, table), snapshot=False
        )
        return result

    async def change(
        self,
        *,
        accounts: Sequence[Account] = (),
        removed: Sequence[str] = (),
        bound: Sequence[Binding] = (),
        dropped: Iterable[int] = (),
        pairs: Sequence[tuple[str, str, str | None]] = (),
        calls: Sequence[dict[str, Any]] = (),
        wipe: bool = False,
        certificates: bool = False,
    ) -> None:
        """Much at once, all or nothing: `removed` are usernames, `dropped` ids of bindings, which go though they
        are `bound` too. `wipe` takes everything away first, the older snapshots too, and with `certificates` those of
        the page. A snapshot follows unless all of it is bindings and calls, which are in none."""
        rows = [bindings.row(binding, self._clock, self._clock.offset()) for binding in bound]
        ids = [(id,) for id in dropped]

        def write(connection: sqlite3.Connection) -> None:
            if wipe:
                wiping.wipe(connection, certificates)
            _write_all(connection, accounts, removed, pairs, calls)
            connection.executemany(bindings.SAVE, rows)
            connection.executemany(bindings.REMOVE, ids)

        await self._do(write, snapshot=bool(accounts or removed or pairs) and not wipe)
        if wipe:
            is_gone = self._forget_past(certificates)
            with suppress(StoreError):  # the rows are gone; what is left to do is done at the next start
                await self._do(wiping.keep_certificates, snapshot=False)
                await self._do(wiping.scrub, snapshot=False, bare=True)
                if is_gone:
                    await self._do(wiping.settle)

    async def calls(self, limit: int, start: int = 0) -> list[dict[str, Any]]:
        """The newest call records but for the first `start`, newest first, times in Unix seconds."""

        def read(connection: sqlite3.Connection) -> list[dict[str, Any]]:
            rows = connection.execute(bindings.LOAD_CALLS, (start, limit))
            return [dict(zip(bindings.CALL_COLUMNS, texts(row), strict=True)) for row in rows]

        result: list[dict[str, Any]] = await self._do(read, snapshot=False)
        return result

    async def _do(self, write: Write, **how: bool) -> Any:
        try:
            return await self._execute(write, **how)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(str(error)) from error


def _write_all(
    connection: sqlite3.Connection,
    saved: Sequence[Account],
    removed: Sequence[str],
    pairs: Sequence[tuple[str, str, str | None]],
    calls: Sequence[dict[str, Any]],
) -> None:
    accounts.save(connection, saved)
    for username in removed:
        accounts.remove(connection, username)
    for table, key, value in pairs:
        if value is None:
            accounts.remove_pair(connection, table, key)
        else:
            accounts.save_pair(connection, table, key, value)
    rows = [cells(tuple(map(call.get, bindings.CALL_COLUMNS))) for call in calls]
    connection.executemany(bindings.SAVE_CALL, rows)
