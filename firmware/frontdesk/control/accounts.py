"""Verbs about accounts and their aliases."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ..model import Account, Settings, address_of_record
from . import passwords
from .box import Answer, Box, VerbError
from .checks import STEPS, checked_name, checked_user
from .errors import NotThere, Sentence
from .text import cell


async def add(box: Box, user: str, name: str = "", password: str = "") -> Answer:
    """Adds an account, and prints a password where none is given."""
    check_free(box, user)
    check_room(box.settings, len(box.directory.accounts) + 1)
    made = password or passwords.make()
    secret = passwords.secret("", user, box.directory.realm, made)
    account = Account(user, address_of_record(user, box.directory.realm), checked_name(name), secrets=(secret,))
    await box.save(account)
    return {"user": user, "aor": account.aor} | passwords.told(account, password, made)


async def remove(box: Box, user: str) -> Answer:
    """Removes an account with its aliases, devices and bindings."""
    await box.remove(box.account(user))
    return {"user": user}


def what_goes(box: Box, user: str) -> list[Sentence]:
    """What goes if that account is removed: whoever removes it is asked first. Raises VerbError."""
    account = box.account(user)
    places = [binding.contact for binding in box.location.bindings(account.aor, box.clock.now())]
    gone = (
        Sentence("The account {user} goes for good.", user=user),
        Sentence("Its aliases go too: {names}.", names=_listed(account.aliases)),
        Sentence("The passwords of its devices go too: {names}.", names=_listed(account.devices)),
        Sentence("Nobody is reached there any more: {names}.", names=_listed(places)),
        Sentence("No call goes out any more: the setting `trunk` is {names}.",
                 names=user if user == box.settings.trunk else ""),
    )  # fmt: skip
    return [each for each in gone if "" not in each.words.values()]


def _listed(names: Collection[str]) -> str:
    return ", ".join(map(cell, names))


async def disable(box: Box, user: str) -> Answer:
    """Nobody can register or call as it; its phones go, its places stay."""
    await box.save(replace(box.account(user), enabled=False))
    return {"user": user}


async def enable(box: Box, user: str) -> Answer:
    """Takes a disable back."""
    await box.save(replace(box.account(user), enabled=True))
    return {"user": user}


async def passwd(box: Box, user: str, password: str = "") -> Answer:
    """Another main password; phones stay until they register again."""
    account = box.account(user)
    made = password or passwords.make()
    main = passwords.secret("", user, box.directory.realm, made)
    await box.save(replace(account, secrets=(main, *(secret for secret in account.secrets if secret.name))))
    return {"user": user} | passwords.told(account, password, made)


async def change(box: Box, user: str, assignment: str) -> Answer:
    """Changes a setting of an account."""
    key, equals, value = assignment.partition("=")
    if not equals or key != "name":
        raise VerbError("An account has the setting name=TEXT, not {assignment!r}.", assignment=assignment)
    await box.save(replace(box.account(user), name=checked_name(value)))
    return {"user": user, key: value}


async def show(box: Box) -> list[Answer]:
    """All accounts."""
    now = box.clock.now()
    return [
        {
            "user": account.username,
            "name": account.name,
            "enabled": account.enabled,
            "aliases": list(account.aliases),
            "devices": account.devices,
            "bindings": len(box.location.bindings(account.aor, now)),
        }
        for account in box.directory.in_order()
    ]


# -- aliases -----------------------------------------------------------------------------------------------------------


async def alias(box: Box, user: str, alias: str) -> Answer:
    """Another number or name for an account."""
    account = box.account(user)
    check_free(box, alias)
    await box.save(replace(account, aliases=(*account.aliases, alias)))
    return {"alias": alias, "user": user}


async def unalias(box: Box, alias: str, user: str = "") -> Answer:
    """Takes an alias away."""
    account = box.directory.resolve(alias)
    if account is None or alias not in account.aliases:
        raise NotThere("There is no alias {alias!r}.", alias=alias)
    if user not in ("", account.username):
        raise NotThere(
            "There is no alias {alias!r} of {user}: it reaches {account}.",
            alias=alias, user=user, account=account.username,
        )
    await box.save(replace(account, aliases=tuple(other for other in account.aliases if other != alias)))
    return {"alias": alias, "user": account.username}


async def aliases(box: Box) -> list[Answer]:
    """All aliases."""
    pairs = ((alias, account.username) for account in box.directory.accounts.values() for alias in account.aliases)
    return [{"alias": alias, "user": user} for alias, user in sorted(pairs)]


# -- checks ------------------------------------------------------------------------------------------------------------


def check_room(settings: Settings, accounts: int) -> None:
    """Whether the box may have so many. Raises VerbError."""
    if accounts > settings.max_accounts:
        raise VerbError(
            "That would be {accounts} accounts, and max-accounts is {most}: remove some, or set it higher.",
            accounts=accounts, most=settings.max_accounts,
        )


def check_free(box: Box, user: str, besides: Collection[str] = ()) -> None:
    """Whether that can be a name or number, and none that an account has: those `besides` do not count. Raises
    VerbError."""
    checked_user(user)
    if user in STEPS:
        raise VerbError("{user!r} cannot be a name or number: a browser cannot ask for its page.", user=user)
    taken = box.directory.resolve(user)
    if taken is None or taken.username in besides:
        return
    if taken.username == user:
        raise VerbError("There is an account {user!r} already.", user=user)
    raise VerbError(
        "{user!r} is an alias of the account {account!r} already: take it away there first.",
        user=user, account=taken.username,
    )
