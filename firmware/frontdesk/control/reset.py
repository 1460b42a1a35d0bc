"""Factory reset: everything goes, and cannot come back."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import Any

from ..config import HOST, text_of
from . import exports, owed
from .box import Box, VerbError
from .configuration import Configuration
from .errors import Sentence

KEPT = (*HOST, "web.names")
"""Where the network is kept: what the machine has, and by which names browsers reach it there."""


async def factory_reset(box: Box, keep_network: bool = False, yes: bool = False) -> dict[str, Any]:
    """Takes away accounts, settings, calls, certificates and passwords."""
    if not yes:
        raise VerbError("Everything on the box would go, and nothing brings it back; say --yes.")
    kept = {key: text_of(box.settings, key) for key in KEPT} if keep_network else {}
    changed = {key: text for key, text in kept.items() if text != text_of(box.defaults, key)}
    empty = Configuration(f"frontdesk-{secrets.token_hex(4)}", dict(changed))
    await exports.apply(box, empty, wipe=True, certificates=True, reset=not keep_network)
    if box.site is not None:
        box.site.forget()
    if not keep_network:
        await _reset_machine(box)
    return {"domain": box.directory.realm}


async def _reset_machine(box: Box) -> None:
    """The computer is as it was before, too; that the box is empty does not hang on it. Until it is, that is owed."""
    try:
        await box.system.reset()
        if box.core is not None:  # else the next start does it
            with suppress(OSError):
                await owed.settle(box.records, [owed.RESET])
    except VerbError as error:
        sentence = "Network, name and time zone of this computer are not as at first until the next start: {error}"
        box.notices.append(Sentence(sentence, error=Sentence.of(error)))
    box.defaults = box.system.defaults(box.defaults)
    box.use(box.defaults)
    await box.announce(box.settings.hostname)
