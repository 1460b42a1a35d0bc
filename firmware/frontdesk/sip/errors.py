"""What can go wrong with a message, and what the sender is told."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .message import Request


MAX_ABOUT = 64
"""Characters kept of what was refused: strangers choose them."""


class Rule(StrEnum):
    """Why a request is refused, where an admin may want to know."""

    NO_CREDENTIALS = "no-credentials"
    STALE_NONCE = "stale-nonce"
    NOT_UNDERSTOOD = "not-understood"
    """The box can't read it, or lacks what it requires."""
    BAD_CREDENTIALS = "bad-credentials"
    BAD_URI = "bad-uri"
    OTHER_REALM = "other-realm"
    ALGORITHM = "algorithm"
    UNKNOWN_USER = "unknown-user"
    DISABLED_ACCOUNT = "disabled-account"
    NO_PASSWORD = "no-password"
    WRONG_PASSWORD = "wrong-password"
    NEVER_ANSWERED = "never-answered"
    """Challenged again and again, and no credentials at all."""
    UNKNOWN_DOMAIN = "unknown-domain"
    OTHER_ACCOUNT = "other-account"
    OTHER_CALLER = "other-caller"
    OTHER_DIALOG = "other-dialog"
    FOREIGN_DOMAIN = "foreign-domain"
    FOREIGN_ROUTE = "foreign-route"
    UNTRUSTED = "untrusted"
    """A phone does not trust the box's certificate."""
    TURNED_AWAY = "turned-away"
    """A phone has seen the box's certificate, and closed without a word."""
    UNTRUSTED_PEER = "untrusted-peer"
    """The box does not trust the certificate of whom it calls."""
    OLD_TLS = "old-tls"
    TLS_OFF = "tls-off"
    """The box is to call over TLS, and is not heard over it itself."""

    @cached_property
    def words(self) -> str:
        """As an event says it."""
        return self.replace("-", " ")


class SipError(Exception):
    """Base of every error that a room of Frontdesk raises on purpose."""


class ParseError(SipError):
    """The bytes are no good SIP message.

    `request` is set where an answer with `status` and `reason` is due: its top Via could be read, and it is neither an
    ACK nor a response (RFC 3261 sections 8.2 and 21.4.1). It may lack anything but that Via.
    """

    def __init__(self, reason: str, status: int = 400, request: Request | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.request = request


class Rejection(SipError):
    """A request ends here: `status`, `reason` phrase (None: the RFC's) and extra header lines as (name, value).

    `rule` refused it, for what it was `about` (a user name, a domain): for the admin's events, and never on the wire.
    Without a rule nothing is told.
    """

    def __init__(
        self,
        status: int,
        reason: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
        *,
        rule: Rule | None = None,
        about: str = "",
    ) -> None:
        super().__init__(f"{status} {reason or ''}".rstrip())
        self.rule = rule
        self.about = about[:MAX_ABOUT]
        self.status = status
        self.reason = reason
        self.headers = headers


class TransportError(SipError):
    """A message could not be given to the network."""
