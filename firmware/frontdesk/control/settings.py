"""Verbs about the box's settings and its trusted peers."""

from __future__ import annotations

from typing import Any

from ..config import SETTINGS, SettingError, changed, find, text_of
from .box import Box, VerbError
from .checks import checked_address, checked_domain

Answer = dict[str, Any]
DEFAULT = "default"
"""The value that takes a setting back to where it was at first."""


async def get(box: Box, key: str) -> str:
    """One setting, as it is typed."""
    try:
        return text_of(box.settings, key)
    except SettingError as error:
        raise VerbError(str(error)) from None


async def put(box: Box, key: str, value: str = "") -> Answer:
    """Changes one setting, at once and for good."""
    if not value and "=" in key:
        key, _, value = key.partition("=")
    text = None if value == DEFAULT else value
    try:
        settings = changed(box.settings, key, text, box.defaults)
        key = find(key).key
    except SettingError as error:
        raise VerbError(str(error)) from None
    await box.records.put("settings", key, None if text is None else text_of(settings, key))
    box.settings = settings
    box.configure(settings)
    return {"key": key, "value": text_of(settings, key)}


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
        raise VerbError(f"There are accounts in {box.directory.realm}: passwords belong to their domain.")
    await box.records.put("meta", "realm", realm)
    box.rename(realm)
    return {"domain": realm}


# -- peers -------------------------------------------------------------------------------------------------------------


async def trust(box: Box, address: str, name: str = "") -> Answer:
    """Requests from that address need no password."""
    address = checked_address(address)
    await box.records.put("peers", address, name)
    box.directory.peers[address] = name
    return {"address": address, "name": name}


async def distrust(box: Box, address: str) -> Answer:
    """Takes a trusted peer away."""
    address = checked_address(address)
    if address not in box.directory.peers:
        raise VerbError(f"{address} is no trusted peer.")
    name = box.directory.peers.pop(address)
    try:
        await box.records.put("peers", address, None)
    except BaseException:
        box.directory.peers[address] = name
        raise
    return {"address": address}


async def peers(box: Box) -> list[Answer]:
    """All trusted peers."""
    return [{"address": address, "name": name} for address, name in sorted(box.directory.peers.items())]
