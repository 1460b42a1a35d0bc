"""The verb that tells of each account how it is reached."""

from __future__ import annotations

from ..model import Account, Binding, BindingState
from .bindings import told_state
from .box import Answer, Box, VerbError
from .times import iso

LIMIT = 50
"""Accounts that are told of unless more are asked for."""


async def who(box: Box, search: str = "", start: int = 0, limit: int = LIMIT) -> Answer:
    """Tells how each account is reached, and since when."""
    if start < 0 or limit < 1:
        raise VerbError("The first account has the number 0, and one at least is asked for.")
    wanted = search.casefold().strip()
    found = [account for account in box.directory.in_order() if _matches(account, wanted)]
    found.sort(key=lambda account: account.username != search)  # The one whose name it is comes first.
    return {
        "found": len(found),
        "start": start,
        "accounts": [_told(box, account) for account in found[start : start + limit]],
    }


def _matches(account: Account, wanted: str) -> bool:
    if not wanted:
        return True
    return any(wanted in text.casefold() for text in (account.username, account.name, *account.aliases))


def _told(box: Box, account: Account) -> Answer:
    now, offset = box.clock.now(), box.clock.offset()
    bindings = box.location.bindings(account.aor, now)
    return {
        "user": account.username,
        "name": account.name,
        "enabled": account.enabled,
        "aliases": list(account.aliases),
        "passwords": [secret.name for secret in account.secrets],
        "reached": account.enabled and box.core is not None and any(map(box.core.proxy.reaches, bindings)),
        "devices": [reached(binding, now, offset) for binding in bindings],
    }


def reached(binding: Binding, now: float, offset: float) -> Answer:
    """How one device is reached. `at`: where its packets come from; None for one that is set by hand."""
    flow = binding.flow
    static = binding.state is BindingState.STATIC
    return {
        "device": binding.device,
        "contact": binding.contact,
        "at": None if flow is None else flow.source.partition("/")[0],
        "over": None if flow is None else flow.transport.upper(),
        "with": binding.user_agent,
        "since": None if static else iso(binding.registered_at + offset),
        "expires": None if binding.expires_at is None else max(0, round(binding.expires_at - now)),
        "state": told_state(binding),
        "q": binding.q,
    }
