"""Verbs about accounts and their aliases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..model import Account, Settings, address_of_record
from . import passwords
from .box import Box, VerbError
from .checks import STEPS, USER, checked_name
from .errors import Sentence
from .reading import LINE

COLUMNS = ("username", "password", "name", "enabled", "aliases")
"""Of a CSV file; the first must be there."""
ENABLED = {"": True, "yes": True, "no": False}
FORMULAS = ("=", "+", "-", "@")
"""How a name begins that a spreadsheet would take for a formula: in a file it has an apostrophe before it."""

Answer = dict[str, Any]


async def add(box: Box, user: str, name: str = "", password: str = "") -> Answer:
    """Adds an account, and prints a password where none is given."""
    _check_free(box, user)
    check_room(box.settings, len(box.directory.accounts) + 1)
    made = password or passwords.make()
    secret = passwords.secret("", user, box.directory.realm, made)
    account = Account(user, address_of_record(user, box.directory.realm), checked_name(name), secrets=(secret,))
    await box.save(account)
    return {"user": user, "aor": account.aor} | ({} if password else {"password": made})


async def remove(box: Box, user: str) -> Answer:
    """Removes an account with its aliases, devices and bindings."""
    await box.remove(box.account(user))
    return {"user": user}


async def disable(box: Box, user: str) -> Answer:
    """Nobody can register or call as it; its bindings go."""
    await box.save(replace(box.account(user), enabled=False), drop=lambda binding: True)
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
    return {"user": user} | ({} if password else {"password": made})


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
            "devices": [secret.name for secret in account.secrets if secret.name],
            "bindings": len(box.location.bindings(account.aor, now)),
        }
        for _, account in sorted(box.directory.accounts.items())
    ]


async def load(box: Box, text: str, make_passwords: bool = False) -> Answer:
    """Adds the accounts of a CSV file, all or none."""
    made: dict[str, str] | None = {} if make_passwords else None
    accounts = _parse(box, text, made)
    check_room(box.settings, len(box.directory.accounts) + len(accounts))
    for account in accounts:
        box.directory.put(account)
    try:
        await box.records.save(accounts)
    except BaseException:
        for account in accounts:
            box.directory.drop(account.username)
        raise
    return {"added": len(accounts)} | ({"passwords": made} if made else {})


def _parse(box: Box, text: str, made: dict[str, str] | None) -> list[Account]:
    import csv
    import io

    text = text.removeprefix("\ufeff")
    # Where a comma stands in numbers, as in German, spreadsheets write a semicolon between values.
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    rows = csv.DictReader(io.StringIO(text), strict=True, delimiter=delimiter)
    accounts: list[Account] = []
    taken: set[str] = set()
    try:
        _check_columns(rows.fieldnames or ())
        for row in rows:
            account = _parse_row(box, row, made)
            for name in (account.username, *account.aliases):
                if name in taken:
                    raise VerbError("{name!r} was there before.", name=name)
                taken.add(name)
            accounts.append(account)
    except (csv.Error, VerbError) as error:
        reason = Sentence.of(error) if isinstance(error, VerbError) else Sentence("It is no CSV.")
        raise VerbError(LINE, line=max(rows.reader.line_num, 1), reason=reason) from None
    return accounts


def _check_columns(columns: Iterable[str]) -> None:
    known = ",".join(COLUMNS)
    if COLUMNS[0] not in columns:
        raise VerbError("The first line must name the columns {columns}.", columns=known)
    for column in columns:
        if column not in COLUMNS:
            raise VerbError("There is no column {column!r}: {columns} can be.", column=column[:60], columns=known)


def _parse_row(box: Box, row: dict[str | Any, Any], made: dict[str, str] | None) -> Account:
    if None in row or None in (row["username"], row.get("password", "")):
        raise VerbError("There must be {n} values.", n=len([column for column in row if column]))
    user, password = row["username"], row.get("password", "")
    name, enabled, several = (row.get(column) or "" for column in COLUMNS[2:])
    aliases = tuple(several.replace(",", " ").split())
    for each in (user, *aliases):
        _check_free(box, each)
    if enabled.lower() not in ENABLED:
        raise VerbError("The column enabled has yes or no, not {value!r}.", value=enabled[:20])
    if not password:
        if made is None:
            raise VerbError(
                "The password is empty; `frontdesk account import --make-passwords` makes one and shows it."
            )
        password = made[user] = passwords.make()
    realm = box.directory.realm
    return Account(
        user, address_of_record(user, realm), checked_name(of_cell(name)), ENABLED[enabled.lower()],
        secrets=(passwords.secret("", user, realm, password),), aliases=aliases,
    )  # fmt: skip


def to_cell(name: str) -> str:
    """A name as it stands in a file."""
    return f"'{name}" if name.startswith(FORMULAS) else name


def of_cell(name: str) -> str:
    """The inverse."""
    return name.removeprefix("'") if name[1:].startswith(FORMULAS) else name


# -- aliases -----------------------------------------------------------------------------------------------------------


async def alias(box: Box, user: str, alias: str) -> Answer:
    """Another number or name for an account."""
    account = box.account(user)
    _check_free(box, alias)
    await box.save(replace(account, aliases=(*account.aliases, alias)))
    return {"alias": alias, "user": user}


async def unalias(box: Box, alias: str, user: str = "") -> Answer:
    """Takes an alias away."""
    account = box.directory.resolve(alias)
    if account is None or alias not in account.aliases:
        raise VerbError("There is no alias {alias!r}.", alias=alias)
    if user not in ("", account.username):
        raise VerbError(
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
            "That would be {accounts} accounts, and max-accounts is {most}.",
            accounts=accounts, most=settings.max_accounts,
        )


def _check_free(box: Box, user: str) -> None:
    if not USER.fullmatch(user):
        raise VerbError(
            "{user!r} cannot be a name or number: 1 to 64 letters, digits and _ . + * ! ~ - are possible.", user=user
        )
    if user in STEPS:
        raise VerbError("{user!r} cannot be a name or number: a browser cannot ask for its page.", user=user)
    taken = box.directory.resolve(user)
    if taken is None:
        return
    if taken.username == user:
        raise VerbError("There is an account {user!r} already.", user=user)
    raise VerbError("{user!r} is an alias of the account {account!r} already.", user=user, account=taken.username)
