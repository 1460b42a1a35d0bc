"""What the computer itself (network, name, time zone) is to be brought to at the next start, kept in the table meta.

It is written down before the computer is changed, so that a power cut in the middle leaves nothing of that, and where
something is set while no box runs that could change it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress

from ..config import HOST, OWED, text_of
from ..model import Settings
from .parts import Pair, Records

Owed = dict[str, str | None]
"""A key of config.HOST -> the text that it had before, or None: as it is kept. In the table it is JSON."""
RESET = "reset"
"""In place of a key: the computer is to be as it was before the box."""


def way_back(before: Settings, after: Settings) -> Owed:
    """What the computer would have to be brought back to."""
    return {key: text_of(before, key) for key in HOST if text_of(before, key) != text_of(after, key)}


def read(meta: Mapping[str, str]) -> Owed:
    """What is owed."""
    owed: Owed = json.loads(meta.get(OWED, "{}"))
    return owed


async def owe(records: Records, texts: Mapping[str, str | None]) -> None:
    """This too, or in place of what was owed of the same settings. Raises OSError."""
    owed = read(await records.pairs("meta"))
    await records.change(pairs=[("meta", OWED, json.dumps({**owed, **texts}))])


async def promise(records: Records, texts: Mapping[str, str | None]) -> Pair:
    """This too, where nothing is owed of the same settings: that goes back further. Returns the row as it was. Raises
    OSError."""
    meta = await records.pairs("meta")
    await records.change(pairs=[("meta", OWED, json.dumps({**texts, **read(meta)}))])
    return "meta", OWED, meta.get(OWED)


async def withdraw(records: Records, before: Pair | None) -> None:
    """The row as it was before a promise, if there was any; where the disk takes nothing, the promise does no harm."""
    if before:
        with suppress(OSError):
            await records.change(pairs=[before])


async def paid(records: Records, keys: Collection[str], reset: bool | None = None) -> list[Pair]:
    """Kept together with settings of these keys that the computer has already; what else it is owed, it still is.
    `reset`: whether it is to be reset from now on; None: as it was. Raises OSError."""
    owing = read(await records.pairs("meta")) if keys or reset is not None else {}
    left = {key: text for key, text in owing.items() if key not in keys and (key != RESET or reset is None)}
    if reset:
        left[RESET] = None
    return [("meta", OWED, json.dumps(left) if left else None)] if left != owing else []


async def settle(records: Records, keys: Collection[str]) -> None:
    """The computer has these as it is to have them. Raises OSError."""
    if pairs := await paid(records, keys):
        await records.change(pairs=pairs)
