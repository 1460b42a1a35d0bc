"""Who may be called, and under which name: the box's own rules on top of RFC 3261 section 16.5."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..directory import Directory
from ..model import Account
from ..sip.errors import Rejection, Rule
from ..sip.grammar import unescape
from ..sip.message import Request
from ..sip.uri import Uri

ANONYMOUS, NOWHERE = "anonymous", "anonymous.invalid"
"""User and host of an anonymous From (RFC 3323 section 4.1.1.3). Phones write either beside something of their own:
another user (RFC 3261 section 8.1.1.3 does), localhost, their address."""


class Caller(Protocol):
    """Who sent a request, as it was authenticated."""

    @property
    def account(self) -> Account | None:
        """None for a trusted peer, a spiral, a request in a dialog that was let through."""

    @property
    def peer(self) -> str:
        """The trusted peer's name or address, else ""."""


def check_from(request: Request, account: Account, directory: Directory) -> None:
    """From is a name of the account at a served domain, or anonymous and no other account's; else Rejection(403)."""
    uri = request.from_.uri
    user = unescape(uri.user or "")
    named = directory.resolve(user)
    if user.lower() == ANONYMOUS or (uri.host == NOWHERE and (named is None or named is account)):
        return
    if named is not account or not directory.serves(uri.host, uri.port):
        about = f"{user}@{uri.host}"
        raise Rejection(403, "From is not a name of this account", rule=Rule.OTHER_CALLER, about=about)


def check_method(request: Request, account: Account, called: str) -> None:
    """A phone notifies in a subscription's dialog alone: Rejection(403). NOTIFYs without one tell others to restart or
    to load settings, and phones believe whoever they are registered with.

    What it publishes of its own account is for a compositor, and nobody is one here: Rejection(404) (RFC 3903 section 6
    step 1). Its own phones, pjsip's for one, may leave that without an answer.
    """
    if request.method == "NOTIFY":
        raise Rejection(403, "NOTIFY without a subscription")
    if request.method == "PUBLISH" and called == account.username:
        raise Rejection(404, "No event state is kept here")


def dialled(
    uri: Uri, directory: Directory, trunk: str, is_at_place: Callable[[Uri, Account], bool]
) -> tuple[Account, str | None]:
    """The account that a Request-URI names, or the trunk's and the number that it is to get: in a transfer a phone
    names who is reached through the trunk as that does, at its place (RFC 5589).

    Rejection(403) where the URI is not the box's, 404 where there is none.
    """
    if not directory.serves(uri.host, uri.port):
        beyond = directory.account(trunk)
        if beyond is not None and beyond.enabled and is_at_place(uri, beyond):
            return beyond, uri.user
        raise Rejection(403, "Not a domain of this box", rule=Rule.FOREIGN_DOMAIN, about=uri.hostport)
    user, number = unescape(uri.user or ""), None
    account = directory.resolve(user) or directory.resolve(user.partition(";")[0])
    if account is None and user:
        account, number = directory.account(trunk), uri.user
    if account is None or not account.enabled:
        raise Rejection(404)
    return account, number
