"""What the page is told about where it is served."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class OnLoop(Protocol):
    """The way from a thread of the page to the box, which lives on the event loop."""

    def __call__(self, work: Callable[[], Awaitable[T]], /) -> T: ...


class Site(Protocol):
    """The listeners, their certificate and the names under which they are reached."""

    @property
    def https_port(self) -> int:
        """0: there is no listener for https."""

    @property
    def host(self) -> str:
        """The host name that the box has in its network."""

    @property
    def address(self) -> str:
        """An address under which phones find the box."""

    @property
    def authority(self) -> bytes:
        """The certificate of the box's own CA, PEM; empty where it was given one."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of that certificate, `AB:CD:...`."""

    def knows(self, host: str) -> bool:
        """Whether this host (small letters, no port) is a name or address of the box."""
