"""Verbs that write the box down, and read it back: all or nothing."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from ..config import SETTINGS, SettingError, combined, text_of
from ..model import Account, AddressOfRecord, Binding, BindingState, Settings, address_of_record, username_of
from . import configuration, reading
from .accounts import check_room
from .bindings import set_by_hand, with_preference
from .box import Answer, Box, VerbError
from .configuration import KEYS, Configuration
from .errors import Sentence
from .parts import Pair


async def export(box: Box, secrets: bool = False) -> str:
    """Prints all that was set, to be imported on a box."""
    if secrets:
        box.admin.refuse_secrets()
    return configuration.bounded(configuration.write(await taken(box, secrets)))


async def load(box: Box, text: str) -> Answer:
    """Adds what an export holds to the box, all or nothing."""
    return await apply(box, await box.admin.off_loop(partial(reading.read, text)))


async def taken(box: Box, secrets: bool) -> Configuration:
    """The box as it is."""
    accounts = {
        user: account if secrets else replace(account, secrets=()) for user, account in box.directory.accounts.items()
    }
    meta = await box.records.pairs("meta") if secrets else {}
    kept = await box.records.pairs("settings")  # one may be kept and be the default: the name that the computer has now
    return Configuration(
        realm=box.directory.realm,
        settings={
            setting.key: text_of(box.settings, setting.key)
            for setting in SETTINGS
            if setting.key in kept or getattr(box.settings, setting.field) != getattr(box.defaults, setting.field)
        },
        peers=dict(box.directory.peers),
        accounts=accounts,
        bindings={
            (username_of(each.aor), each.contact): each.q
            for each in box.location
            if each.state is BindingState.STATIC
        },
        keys={name: meta[name] for name in KEYS if name in meta},
        admin=meta.get("admin"),
        viewer=meta.get("viewer"),
    )


# -- reading back ------------------------------------------------------------------------------------------------------


async def apply(
    box: Box, read: Configuration, *, wipe: bool = False, certificates: bool = False, reset: bool | None = None,
    calls: Sequence[Answer] = ()
) -> Answer:
    """Makes it so: on top of what is there, or (`wipe`) instead of it, and of the `certificates` too. `reset`: see
    `owed.paid`. Raises VerbError, and then changed nothing."""
    if not wipe:
        box.candidate.refuse_trial(box)
    realm = _realm(box, read, wipe)
    before = {} if wipe else dict(box.directory.accounts)
    merged = [_merged(before, account, realm) for account in read.accounts.values()]
    accounts = [account for account in merged if before.get(account.username) != account]
    _check_names(before, read)
    if wipe:
        _make_room(box, read)
    settings = settings_of(box.defaults if wipe else box.settings, read)
    added = sum(account.username not in before for account in accounts)
    check_room(settings, len(before) + added if added else 0)
    preferred = [] if wipe else _preferred(box, read)
    bound, pairs = _bindings(box, read, realm, wipe), _pairs(read, realm, settings, wipe)
    meta = {} if wipe else await box.records.pairs("meta")  # before: what is changed by then cannot be refused
    saved = [*bound, *(with_preference(each, q) for each, q in preferred)]
    what = dict(accounts=accounts, bound=saved, calls=calls, certificates=certificates)
    with ExitStack() as held:
        write = partial(_write, box, held, _emptied(box, accounts, wipe), wipe, **what)
        notes = await box.keep(settings, lambda paid: write(pairs=[*pairs, *paid]), reset)
        if wipe:
            box.candidate.end_trial()
            box.candidate.discard()
        _prefer(preferred)
        _take(box, realm, accounts, bound, read.peers, wipe)
    box.use(settings)
    if wipe or read.admin or read.viewer:
        box.admin.reload(meta | {key: value for table, key, value in pairs if table == "meta" and value})
    return {
        "added": added,
        "changed": len({account.aor for account in accounts} | {each.aor for each, _ in preferred}) - added,
        "without_password": [account.username for account in merged if not account.secrets],
        "notes": [*read.notes, *notes],
    }


def _make_room(box: Box, read: Configuration) -> None:
    """A box that takes another's place, on a smaller board perhaps, has all of its accounts."""
    accounts = len(read.accounts)
    if accounts > settings_of(box.defaults, read).max_accounts:
        read.settings["max-accounts"] = str(accounts)
        sentence = "max-accounts is {accounts} now: so many are in the backup, and more than this board has by default."
        read.notes.append(Sentence(sentence, accounts=accounts))


def _realm(box: Box, read: Configuration, wipe: bool) -> str:
    if wipe:
        return read.realm
    own = box.directory.realm
    if read.realm in ("", own):
        return own
    if box.directory.accounts:
        raise VerbError(
            "It is of the domain {realm}, and this box has accounts in {own}: passwords belong to their domain. "
            "Remove these accounts first, or import it on a box that has none.",
            realm=read.realm, own=own,
        )
    return read.realm


def _merged(before: dict[str, Account], account: Account, realm: str) -> Account:
    old = before.get(account.username)
    kept = account.secrets or (old.secrets if old else ())
    return replace(account, aor=address_of_record(account.username, realm), secrets=kept)


def _check_names(before: dict[str, Account], read: Configuration) -> None:
    others = [account for user, account in before.items() if user not in read.accounts]
    owners = {name: account.username for account in others for name in (account.username, *account.aliases)}
    for account in read.accounts.values():
        for name in (account.username, *account.aliases):
            if name in owners:
                raise VerbError(
                    "{name!r} belongs to the account {owner!r} of this box: take it away there, or out of the file. "
                    "Nothing was imported.",
                    name=name, owner=owners[name],
                )


def settings_of(old: Settings, read: Configuration) -> Settings:
    """The old ones, but for what an export sets. Raises VerbError."""
    try:
        return combined(old, read.settings)
    except SettingError as error:
        raise VerbError(reading.NOTHING, reason=Sentence.of(error)) from None


def _preferred(box: Box, read: Configuration) -> list[tuple[Binding, float | None]]:
    """Those that were set by hand and are to have another preference, and which."""
    places = [(each, (username_of(each.aor), each.contact)) for each in box.location if each.expires_at is None]
    wanted = [(each, read.bindings[place]) for each, place in places if place in read.bindings]
    return [(each, q) for each, q in wanted if q != each.q]


def _prefer(preferred: Sequence[tuple[Binding, float | None]]) -> None:
    for binding, q in preferred:
        binding.q = q


def _bindings(box: Box, read: Configuration, realm: str, wipe: bool) -> list[Binding]:
    there = set() if wipe else {(username_of(each.aor), each.contact) for each in box.location}
    return [
        set_by_hand(box, address_of_record(user, realm), uri, q)
        for (user, uri), q in read.bindings.items()
        if (user, uri) not in there
    ]


def _emptied(box: Box, accounts: list[Account], wipe: bool) -> set[AddressOfRecord]:
    """Where no phone is to be left: at accounts that are disabled now, or at all that there are."""
    if wipe:
        return {account.aor for account in box.directory.accounts.values()} | {each.aor for each in box.location}
    return {account.aor for account in accounts if not account.enabled}


async def _write(
    box: Box, held: ExitStack, emptied: Collection[AddressOfRecord], wipe: bool, **what: Any
) -> None:
    """On disk; until `held` is closed no phone brings anything back."""
    held.enter_context(box.holding(emptied))
    if wipe and box.core is not None:
        held.enter_context(box.core.without_calls())
    dropped = [] if wipe else [each.id for aor in emptied for each in box.phones(aor)]
    await box.records.change(dropped=dropped, wipe=wipe, **what)


def _pairs(read: Configuration, realm: str, settings: Settings, wipe: bool) -> list[Pair]:
    keys = {name: randomness.token_hex(32) for name in KEYS} if wipe else {}
    pairs: list[Pair] = [("meta", "realm", realm)]
    pairs += [("meta", name, key) for name, key in (keys | read.keys).items()]
    pairs += [("meta", whose, kept) for whose, kept in (("admin", read.admin), ("viewer", read.viewer)) if kept]
    pairs += [("settings", key, text_of(settings, key)) for key in read.settings]
    return pairs + [("peers", address, name) for address, name in read.peers.items()]


def _take(
    box: Box, realm: str, accounts: list[Account], bound: list[Binding], peers: dict[str, str], wipe: bool
) -> None:
    """The same in memory."""
    if wipe:
        box.drop([binding for aor in _emptied(box, accounts, wipe) for binding in box.location.every(aor)])
        for user in list(box.directory.accounts):
            box.directory.drop(user)
            box.forget(user)
        box.directory.peers.clear()
        box.forget_past()
    if realm != box.directory.realm:
        box.rename(realm)
    for account in accounts:
        box.directory.put(account)
        box.forget(account.username)
        if not account.enabled:
            box.drop(box.phones(account.aor))
    box.directory.peers.update(peers)
    for binding in bound:
        box.location.add(binding)
