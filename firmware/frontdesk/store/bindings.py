"""Rows of bindings, and how their times are read back on this boot or on another; rows of ended calls."""

from __future__ import annotations

import sqlite3
from functools import cache, lru_cache
from typing import Any

from ..model import Binding, BindingState, CallRecord
from ..sip.wire import RELIABLE, Flow, HostPort
from .clock import Clock
from .text import cell, cells, texts

Row = tuple[Any, ...]
STATIC, LIVE, RESTORED = BindingState.STATIC, BindingState.LIVE, BindingState.RESTORED

COLUMNS = (
    "id, aor, contact, parameters, transport, local, remote, granted, deadline, boot, registered, seen, "
    "call_id, cseq, nonce_issued, q, instance, reg_id, path, user_agent, device"
)
SAVE = f"INSERT OR REPLACE INTO bindings ({COLUMNS}) VALUES ({', '.join('?' * len(COLUMNS.split(', ')))})"
REMOVE = "DELETE FROM bindings WHERE id = ?"
SENSELESS = (ValueError, TypeError, AttributeError)
"""What a row is read with where a cell of it holds what was never written."""
OLDEST = 1_795_392_000
"""2026-11-23, the day of the first release, in Unix seconds: what is older was written before the clock was set."""
CALL_COLUMNS = ("call_id", "caller", "callee", "started", "answered", "ended", "result", "device")
SAVE_CALL = f"INSERT INTO calls ({', '.join(CALL_COLUMNS)}) VALUES ({', '.join('?' * len(CALL_COLUMNS))})"
# Ids grow by one and go from the old end alone, so a number of them is a range.
LOAD_CALLS = (
    f"SELECT {', '.join(CALL_COLUMNS)} FROM calls WHERE id <= (SELECT max(id) FROM calls) - ? ORDER BY id DESC LIMIT ?"
)
TRIM_CALLS = "DELETE FROM calls WHERE id <= (SELECT max(id) FROM calls) - ?"
SAVE_UP = SAVE_CALL.replace("INSERT INTO calls (", "INSERT OR REPLACE INTO calls_up (id, ").replace("(?", "(?, ?")


def row(binding: Binding, clock: Clock, offset: float) -> Row:
    """The row of a binding as it is now; NULL is what is empty, so that rows stay small."""
    flow, path = binding.flow, "\n".join(binding.path)
    plain = (
        binding.id,
        binding.aor,
        binding.contact,
        binding.parameters or None,
        flow.transport if flow else None,
        _write(flow.local) if flow else None,
        _write(flow.remote) if flow else None,
        binding.granted,
        binding.expires_at,
        clock.boot_id,
        int(binding.registered_at + offset),
        int(binding.seen_at + offset),
        binding.call_id,
        binding.cseq,
        binding.nonce_issued or None,
        binding.q,
        binding.instance,
        binding.reg_id,
        path or None,
        binding.user_agent or None,
        binding.device or None,
    )
    place = binding.aor, binding.contact, binding.parameters, binding.instance or "", path
    said = "".join((*place, binding.call_id, binding.user_agent, binding.device))  # all else is ASCII anyway
    return plain if said.isascii() else cells(plain)


def call_row(call: CallRecord, offset: float) -> Row:
    """The row of an ended call, in wall time."""
    answered = None if call.answered_at is None else call.answered_at + offset
    parties = cell(call.call_id), cell(call.caller), cell(call.callee)
    return *parties, call.started_at + offset, answered, call.ended_at + offset, call.result, cell(call.device)


def end_calls(connection: sqlite3.Connection) -> None:
    """What went on when the box stopped without a word has ended, as far as it knows: its records are listed."""
    columns = ", ".join(CALL_COLUMNS)
    connection.execute(f"INSERT INTO calls ({columns}) SELECT {columns} FROM calls_up ORDER BY id")
    connection.execute("DELETE FROM calls_up WHERE true")  # without a condition it writes a page at each start


def load(connection: sqlite3.Connection, now: float, wall: float, boot_id: int) -> list[Binding]:
    """All bindings. Same boot and deadline ahead: exact. Else `restored`: each is there for one granted interval.

    None is dropped for being past its deadline: its last refreshes may have been folded, and a row that expired while
    the box ran is gone from the disk.
    """
    rows = connection.execute(f"SELECT {COLUMNS} FROM bindings")
    return [_binding(texts(each), now, wall, boot_id) for each in rows]


def load_legible(
    connection: sqlite3.Connection, now: float, wall: float, boot_id: int
) -> tuple[list[Binding], list[int]]:
    """Those of the rows that make sense, and the ids of the others: one damaged byte must not keep the box down."""
    damaged = object()

    def text(data: bytes) -> object:
        try:
            return data.decode()
        except UnicodeDecodeError:
            return damaged

    found, gone = [], []
    plain, connection.text_factory = connection.text_factory, text
    try:
        for row in connection.execute(f"SELECT {COLUMNS} FROM bindings"):
            try:
                if damaged in row:
                    raise ValueError("text that is none")
                found.append(_binding(texts(row), now, wall, boot_id))
            except SENSELESS:
                gone.append(row[0])
    finally:
        connection.text_factory = plain
    return found, gone


def _binding(row: Row, now: float, wall: float, boot_id: int) -> Binding:
    (
        id, aor, contact, parameters, transport, local, remote, granted, deadline, boot, registered, seen,
        call_id, cseq, nonce_issued, q, instance, reg_id, path, user_agent, device,
    ) = row  # fmt: skip
    flow = None if transport is None else Flow(transport, _read_local(local), _read(remote))
    last_seen = _since(seen, now, wall)
    exact = deadline is None or (boot == boot_id and deadline > now)
    return Binding(
        id=id,
        aor=aor,
        contact=contact,
        parameters=parameters or "",
        flow=flow,
        granted=granted,
        expires_at=deadline if exact else now + granted,
        call_id=call_id,
        cseq=cseq,
        nonce_issued=(nonce_issued or 0.0) if exact else 0.0,
        q=q,
        instance=instance,
        reg_id=reg_id,
        path=tuple(path.split("\n")) if path else (),
        user_agent=user_agent or "",
        device=device or "",
        registered_at=_since(registered, now, wall),
        seen_at=last_seen,
        call_id_since=last_seen,
        state=STATIC if deadline is None else LIVE if exact else RESTORED,
        connected=transport not in RELIABLE,
    )


def _since(written: float, now: float, wall: float) -> float:
    """That wall time on this boot's clock; now for one that cannot be: the clock is not set, or was not then."""
    return written - (wall - now) if OLDEST <= written < wall else now


@lru_cache(maxsize=1024)  # a device's place hardly changes: saves 1 us for each row
def _write(address: HostPort) -> str:
    return f"{address[0]}:{address[1]}"


def _read(text: str) -> HostPort:
    host, _, port = text.rpartition(":")
    return host, int(port)


_read_local = cache(_read)  # The box has a handful of addresses, and ten thousand rows name them.
