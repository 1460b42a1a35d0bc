"""The way to a verb: through DIR/control.sock where a box serves, else by the lock and the store, same functions."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Awaitable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..config import CONTROL_SOCKET, DEFAULTS
from ..control import Admin, Box, Role, Verb, VerbError, run
from ..directory import Directory
from ..local_socket import name_beside, user_of
from ..location import LocationService
from ..machine import asleep
from ..process import keep_time
from ..store import Clock, DirectoryLock, Records, Store, StoreError, open_store
from ..store.lock import Served
from ..store.store import NAME as DATABASE

PATIENCE = 10.0
"""Seconds in which a box that is starting has to open its socket."""
PAUSE = 0.05
CHUNK = 1 << 16


def ask(directory: Path, verb: Verb, arguments: dict[str, Any], domains: Sequence[str]) -> Any:
    """The answer to a verb. Raises VerbError where it was refused, OSError where the data cannot be used."""
    try:
        return _ask(directory, verb, arguments, domains)
    except PermissionError:
        raise StoreError(f"This user may not use {directory}: give the command as its owner, or with sudo.") from None


def _ask(directory: Path, verb: Verb, arguments: dict[str, Any], domains: Sequence[str]) -> Any:
    until = time.monotonic() + PATIENCE
    while True:
        connection = _connect(directory)
        if connection is not None:
            with connection:
                return _converse(connection, verb.words, arguments)
        try:
            return _ask_store(directory, verb, arguments, domains)
        except Served:
            # It holds the lock but has no socket: it has just started, or is about to end.
            if time.monotonic() > until:
                raise
            time.sleep(PAUSE)


# -- a box that serves -------------------------------------------------------------------------------------------------


def _connect(directory: Path) -> socket.socket | None:
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        # However long the directory's name is.
        found = _reach(f"/proc/self/fd/{descriptor}/{CONTROL_SOCKET}") or _reach(name_beside(directory))
        if found is not None and user_of(found) not in (os.fstat(descriptor).st_uid, os.geteuid(), 0):
            found.close()  # Somebody else has taken that name.
            return None
        return found
    finally:
        os.close(descriptor)


def _reach(address: str) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(address)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise
    return connection


def _converse(connection: socket.socket, verb: str, arguments: dict[str, Any]) -> Any:
    connection.sendall(json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n")
    chunks = []
    while chunk := connection.recv(CHUNK):
        chunks.append(chunk)
        if chunk.endswith(b"\n"):
            break
    try:
        answer = json.loads(b"".join(chunks))
    except ValueError:
        raise VerbError("The box ended before it answered; look whether it was done.") from None
    if "error" in answer:
        raise VerbError(answer["error"])
    return answer["answer"]


# -- no box serves -----------------------------------------------------------------------------------------------------


def _ask_store(directory: Path, verb: Verb, arguments: dict[str, Any], domains: Sequence[str]) -> Any:
    if (verb.role is Role.VIEWER or verb.needs_box) and not (directory / DATABASE).exists():
        raise StoreError(f"There is no box in {directory} yet; `frontdesk account add` makes one.")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _as_owner(directory), DirectoryLock(directory, serve=False):
        store = open_store(directory, domains[0] if domains else None)
        try:
            box = _box(store)
            if not verb.waits:
                return _finish(run(box, verb.words, arguments))
        finally:
            store.close()
    return _wait_for(run(box, verb.words, arguments))  # it only looks: meanwhile a box may start


@contextmanager
def _as_owner(directory: Path) -> Iterator[None]:
    """What root makes in the data of the service's user belongs to that user, or the service could not use it."""
    owner = directory.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        yield
        return
    group = os.getegid()
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)


def _box(store: Store) -> Box:
    clock = Clock.of_this_boot()

    async def execute(write: Any, **how: bool) -> Any:
        return store.write(write, **how)

    records = Records(execute, clock, store.forget_past)
    system = asleep(records)
    settings = store.settings(system.defaults(DEFAULTS))
    keep_time(settings.timezone)
    directory = Directory(store.realm, settings.domains)
    directory.peers = store.peers()
    for account in store.accounts():
        directory.put(account)
    bindings = store.bindings(clock.now(), clock.wall(), clock.boot_id)
    location = LocationService(bindings, store.next_binding_id(reserve=False))
    admin = Admin(records, store.meta, store.directory, clock.now)
    return Box(
        directory, location, records, settings, clock, notices=store.notices, admin=admin, system=system,
        disk=store.space,
    )  # fmt: skip


def _wait_for(verb: Awaitable[Any]) -> Any:
    """The result of a coroutine that waits for the network: only then an event loop is imported."""
    import asyncio

    assert isinstance(verb, Coroutine)
    return asyncio.run(verb)


def _finish(verb: Awaitable[Any]) -> Any:
    """The result of a coroutine that never has to wait: no event loop is needed, or imported."""
    assert isinstance(verb, Coroutine)
    try:
        verb.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("a verb waited where nothing can come")
