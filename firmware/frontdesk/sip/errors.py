"""What can go wrong with a message, and what the sender is told."""

from __future__ import annotations

from collections.abc import Sequence


class SipError(Exception):
    """Base of every error that a room of Frontdesk raises on purpose."""


class ParseError(SipError):
    """The bytes are no SIP message; `status` is the answer where a Via can be read (RFC 3261 section 8.2, 21.4.1)."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Rejection(SipError):
    """A request ends here: `status`, `reason` phrase (None: the RFC's) and extra header lines as (name, value)."""

    def __init__(self, status: int, reason: str | None = None, headers: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(f"{status} {reason or ''}".rstrip())
        self.status = status
        self.reason = reason
        self.headers = headers


class TransportError(SipError):
    """A message could not be given to the network."""
