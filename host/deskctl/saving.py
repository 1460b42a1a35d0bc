"""A box written down to a file, and read back from it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .box import Box
from .screen import Screen
from .sheet import refuse_old, write_private

EXPORT = "frontdesk-export "
BACKUP = "frontdesk-backup "
"""How each begins."""


def save(box: Box, output: Path | None, screen: Screen, verb: str, **arguments: object) -> None:
    """What the verb answers, `export` or `backup`: to the file, for its owner's eyes alone, or to standard output.
    Raises Refused, LinkError, OSError."""
    refuse_old(output)
    with screen.bar("Reading the box") as bar:
        text: str = box.ask(verb, bar, **arguments)
    if output is None:
        if not screen.as_json:
            sys.stdout.write(text)
        screen.answer({"text": text})
        return
    write_private(output, text)
    screen.say(f"{output} has {len(text.splitlines())} lines.")
    screen.answer({"file": str(output), "lines": len(text.splitlines())})


def restore_backup(box: Box, text: str, passphrase: str, screen: Screen) -> None:
    """All of it or nothing, instead of what is there. Raises Refused, LinkError."""
    with screen.bar("Writing to the box") as bar:
        answer: dict[str, Any] = box.ask("restore", bar, text=text, passphrase=passphrase)
    screen.say(f"The box is what the backup says: {answer['added']} accounts, {answer['calls']} calls.")
    _end(answer, screen)


def restore(box: Box, text: str, screen: Screen) -> None:
    """All of it or nothing, on top of what is there. Raises Refused, LinkError."""
    with screen.bar("Writing to the box") as bar:
        answer: dict[str, Any] = box.ask("import", bar, text=text)
    screen.say(f"{answer['added']} accounts are new, {answer['changed']} were changed.")
    if answer["without_password"]:
        screen.say(f"Without a password: {', '.join(answer['without_password'])}")
    _end(answer, screen)


def _end(answer: dict[str, Any], screen: Screen) -> None:
    for note in answer["notes"]:
        screen.say(f"Note: {note}")
    screen.answer(answer)
