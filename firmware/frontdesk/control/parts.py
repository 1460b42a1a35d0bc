"""What verbs need of the other parts of the box."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, Protocol

from ..model import Account, AddressOfRecord, Binding
from .errors import Sentence

Pair = tuple[str, str, str | None]
"""A table of two columns (`meta`, `settings` or `peers`), a key, and its value or None to take it away."""


class Location(Protocol):
    """What the location service knows."""

    def bindings(self, aor: AddressOfRecord, now: float) -> list[Binding]: ...
    def latest(self, aor: AddressOfRecord) -> Sequence[Binding]: ...
    def every(self, aor: AddressOfRecord) -> Sequence[Binding]: ...
    def new_id(self) -> int: ...
    def add(self, binding: Binding) -> None: ...
    def __iter__(self) -> Iterator[Binding]: ...
    def __len__(self) -> int: ...


class Records(Protocol):
    """The store: what it does is on disk when it returns; OSError says that nothing was changed, and why."""

    def change(
        self,
        *,
        accounts: Sequence[Account] = (),
        removed: Sequence[str] = (),
        bound: Sequence[Binding] = (),
        dropped: Sequence[int] = (),
        pairs: Sequence[Pair] = (),
        calls: Sequence[dict[str, Any]] = (),
        wipe: bool = False,
        certificates: bool = False,
    ) -> Awaitable[None]: ...
    def pairs(self, table: str) -> Awaitable[dict[str, str]]: ...
    def calls(self, limit: int, start: int = 0) -> Awaitable[list[dict[str, Any]]]: ...


class Clock(Protocol):
    """Boot seconds and wall seconds."""

    @property
    def now(self) -> Callable[[], float]: ...
    @property
    def wall(self) -> Callable[[], float]: ...
    def offset(self) -> float:
        """What is added to boot seconds for wall seconds."""


class Journal(Protocol):
    """The journal's counters, and what it has to say."""

    @property
    def notices(self) -> list[Sentence]: ...
    @property
    def pending(self) -> int: ...
    @property
    def commits(self) -> int: ...
    @property
    def bytes_written(self) -> int: ...


class Site(Protocol):
    """What people have to know of the setup page."""

    @property
    def host(self) -> str: ...
    @property
    def urls(self) -> list[str]: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def fault(self) -> str: ...
    @property
    def unused(self) -> str: ...
    @property
    def ends(self) -> float: ...
    @property
    def http_port(self) -> int: ...
    @property
    def https_port(self) -> int: ...
    @property
    def forget(self) -> Callable[[], None]: ...
