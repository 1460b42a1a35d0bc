"""The start of a box: the computer is brought to what is kept, and to what it is owed."""

from __future__ import annotations

from ..config import HOST, combined, text_of
from ..model import Settings
from . import owed
from .box import Box
from .errors import Sentence, VerbError


async def started(box: Box, texts: owed.Owed) -> None:
    """After a start the machine has what is kept: what was ever set, and what it is owed (`texts`)."""
    settings = combined(box.settings, {key: text for key, text in texts.items() if text is not None}, box.defaults)
    try:
        if owed.RESET in texts:
            await box.system.reset()
            settings = await _with_defaults(box, settings)
        keys = [key for key in HOST if key in texts or text_of(settings, key) != text_of(box.defaults, key)]
        if keys:
            await box.system.apply(settings, keys)
        if texts:
            settings = await _with_defaults(box, settings)
            await owed.settle(box.records, texts)
    except (OSError, VerbError) as error:
        sentence = "Network, name and time zone of this computer may not be as they are set here: {error}"
        box.notices.append(Sentence(sentence, error=Sentence.of(error) if isinstance(error, VerbError) else str(error)))
    if settings != box.settings:
        box.use(settings)
    await box.announce(settings.hostname)


async def _with_defaults(box: Box, settings: Settings) -> Settings:
    """The computer is another one by now: what is not kept is as it has it."""
    box.defaults = box.system.defaults(box.defaults)
    kept = await box.records.pairs("settings")
    return combined(settings, {key: None for key in HOST if key not in kept}, box.defaults)
