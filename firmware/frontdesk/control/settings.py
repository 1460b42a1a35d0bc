"""Verbs about the box's settings and its trusted peers."""

from __future__ import annotations

from collections.abc import Mapping

from ..config import SETTINGS, SWITCH, SettingError, text_of
from ..model import Settings
from . import owed
from .answers import checked_zone
from .box import Answer, Box, VerbError
from .candidate import LONGEST_TRIAL, checked, known, typed
from .checks import checked_address, checked_domain, checked_name
from .errors import NotThere
from .parts import Pair

Value = str | float | bool
"""Of a setting, as it is typed or as JSON has it."""
DEFAULT = "default"
"""The value that takes a setting back to where it was at first."""


async def get(box: Box, key: str) -> str:
    """One setting, as it is typed."""
    try:
        return text_of(box.settings, key)
    except SettingError as error:
        raise NotThere.of(error) from None


async def put(box: Box, key: str, value: Value = "") -> Answer:
    """Changes one setting, at once and for good."""
    if value == "" and "=" in key:
        key, _, value = key.partition("=")
    key, text = _typed(key, value)
    box.candidate.refuse_trial(box)
    settings = checked(box, {key: text})
    notes = await _take(box, settings, {key: text})
    return {"key": key, "value": text_of(settings, key), "notes": notes}


def _typed(key: str, value: Value) -> tuple[str, str | None]:
    if isinstance(value, bool):
        value = SWITCH.write(value)
    key = known(key)
    if value == DEFAULT:
        return key, None
    return key, checked_zone(str(value)) if key == "timezone" else str(value)


async def _take(box: Box, settings: Settings, texts: Mapping[str, str | None]) -> list[str]:
    """In use and kept, or neither; what the machine leaves to others is a note. Raises VerbError, OSError."""
    notes = await box.keep(settings, lambda paid: box.records.change(pairs=[*_pairs(settings, texts), *paid]))
    box.use(settings)
    return notes


def _pairs(settings: Settings, texts: Mapping[str, str | None]) -> list[Pair]:
    return [("settings", key, None if text is None else text_of(settings, key)) for key, text in texts.items()]


# -- staged ------------------------------------------------------------------------------------------------------------


async def stage(box: Box, key: str, value: Value) -> Answer:
    """Stages one setting; `commit` takes all that are staged into use."""
    key, text = _typed(key, value)
    warning = box.candidate.stage(box, key, text)
    return {"key": key, "value": typed(box, key, text), "warning": warning}


async def diff(box: Box) -> list[Answer]:
    """Shows what is staged beside what is in use."""
    return [{"key": each.key, "old": each.old, "new": each.new} for each in box.candidate.changes(box)]


async def commit(box: Box, confirm: int | None = None) -> Answer:
    """Takes what is staged into use; or keeps what was tried."""
    candidate = box.candidate
    if confirm is not None and not 1 <= confirm <= LONGEST_TRIAL:
        raise VerbError(
            "A commit is tried for 1 to {longest_trial} seconds, not {confirm}.",
            longest_trial=LONGEST_TRIAL, confirm=confirm,
        )
    if candidate.trial is not None:  # a button that is pressed twice keeps nothing
        return await _confirm(box) if confirm is None else candidate.prolong(box, confirm)
    changes = [each.key for each in candidate.changes(box)]
    if not changes:
        candidate.discard()
        raise VerbError("Nothing is staged.")
    settings = checked(box, candidate.texts)
    if confirm is None:
        if candidate.has_gone_back:  # It may have cut somebody off, and the next to commit may not know of it.
            raise VerbError(
                "Nobody confirmed what is staged when it was tried: try it once more and confirm it, or `rollback` "
                "drops it."
            )
        notes = await _take(box, settings, candidate.texts)
        candidate.discard()
        return {"changed": changes, "confirm": None, "notes": notes}
    return {"changed": changes, "confirm": confirm, "notes": await _try(box, settings, confirm)}


async def _try(box: Box, settings: Settings, seconds: int) -> list[str]:
    """In use, and not kept. The mark comes first: a power cut between the two does no harm."""
    await box.candidate.begin_trial(box, settings, seconds)
    try:
        notes = await box.take(box.settings, settings)
    except BaseException:
        await box.candidate.give_up(box)
        raise
    box.use(settings)
    return notes


async def _confirm(box: Box) -> Answer:
    trial = box.candidate.trial
    assert trial is not None
    paid = await owed.paid(box.records, trial.way_back)
    await box.records.change(pairs=[*_pairs(box.settings, trial.texts), *paid])
    box.candidate.end_trial()
    return {"changed": list(trial.texts), "confirm": None, "notes": []}


async def rollback(box: Box) -> Answer:
    """Drops what is staged; takes back what is tried."""
    if box.candidate.trial is not None:
        await box.candidate.go_back(box)
    box.candidate.discard()
    return {}


async def show(box: Box) -> list[Answer]:
    """All settings."""
    return [
        {"key": setting.key, "value": text_of(box.settings, setting.key), "meaning": setting.meaning}
        for setting in SETTINGS
    ]


async def domain(box: Box) -> str:
    """Prints the domain that accounts belong to."""
    return box.directory.realm


async def rename(box: Box, domain: str) -> Answer:
    """Changes the domain, while there is no account."""
    realm = checked_domain(domain)
    if box.directory.accounts and realm != box.directory.realm:
        raise VerbError(
            "There are accounts in {realm}: passwords belong to their domain. "
            "Remove them first, and add them again after.",
            realm=box.directory.realm,
        )
    await box.records.change(pairs=[("meta", "realm", realm)])
    box.rename(realm)
    return {"domain": realm}


# -- peers -------------------------------------------------------------------------------------------------------------


async def trust(box: Box, address: str, name: str | None = None) -> Answer:
    """Requests from that address need no password."""
    address = checked_address(address)  # one that is trusted already keeps its name, unless another is said
    name = box.directory.peers.get(address, "") if name is None else checked_name(name)
    await box.records.change(pairs=[("peers", address, name)])
    box.directory.peers[address] = name
    return {"address": address, "name": name}


async def distrust(box: Box, address: str) -> Answer:
    """Takes a trusted peer away."""
    address = checked_address(address)
    if address not in box.directory.peers:
        raise NotThere("{address} is no trusted peer.", address=address)
    name = box.directory.peers.pop(address)
    try:
        await box.records.change(pairs=[("peers", address, None)])
    except BaseException:
        box.directory.peers[address] = name
        raise
    return {"address": address}


async def peers(box: Box) -> list[Answer]:
    """All trusted peers."""
    return [{"address": address, "name": name} for address, name in sorted(box.directory.peers.items())]
