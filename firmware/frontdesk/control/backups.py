"""`frontdesk-backup 1`: all of a box, secrets and calls too, sealed with a passphrase; lines of ASCII, as an export's.

    frontdesk-backup 1
    1 scrypt 16384 8 5 SALT aes-256-gcm NONCE     hex; N, r and p of scrypt
    2 BASE64                                      76 characters, and so on to the last line but one
    . 4CF0A1D2                                    CRC-32 of all lines before, line ends (LF) included

Sealed is, after zlib: an export with secrets, then a line of JSON for each call, oldest first. The first two lines are
under the seal too: they can't be exchanged.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from functools import partial
from typing import Any

from . import configuration, exports, reading, sealing
from .box import Box, VerbError
from .configuration import END
from .errors import Sentence

Answer = dict[str, Any]
HEADER = "frontdesk-backup"
VERSION = 1
FIRST = f"{HEADER} {VERSION}"
CONTEXT = f"{FIRST}\n".encode()
"""The same for the seal, which is broken where another first line stands above it."""
SHORTEST = 8
"""Characters of a passphrase."""
WIDTH = 57
"""Bytes in a line, 76 characters."""
NOT_IN_IT = "Each phone is reached again once it registers; tokens for programs are in no backup: make them anew."


async def backup(box: Box, passphrase: str) -> str:
    """Prints all of the box, calls too, sealed with a passphrase."""
    box.admin.refuse_secrets()
    if len(passphrase) < SHORTEST:
        raise VerbError(
            "A passphrase has at least {shortest} characters: whoever guesses it has every password.", shortest=SHORTEST
        )
    if box.core is not None:
        box.core.write_records()
        box.settle()
    calls = (await box.records.calls(box.settings.call_records))[::-1]
    text = configuration.write(await exports.taken(box, True))
    plain = "".join([text, *(json.dumps(call) + "\n" for call in calls)]).encode("utf-8", "surrogateescape")
    words, sealed = await box.admin.off_loop(partial(sealing.seal, plain, passphrase, CONTEXT))
    whole = configuration.numbered(FIRST, [" ".join(words), *_base64(sealed)])
    if calls and len(whole) > configuration.LONGEST:
        raise VerbError(
            "It would have more than {most} KiB, the most that can be read back: set `call-records` lower, and it has "
            "fewer calls.",
            most=configuration.LONGEST >> 10,
        )
    return configuration.bounded(whole)


async def restore(box: Box, text: str, passphrase: str) -> Answer:
    """Makes the box what a backup holds; what was on it is gone."""
    words, sealed = await box.admin.off_loop(partial(_read, text))
    plain = await box.admin.off_loop(partial(sealing.unseal, words, sealed, passphrase, CONTEXT))
    export, calls = _parted(plain.decode("utf-8", "surrogateescape"))
    read = await box.admin.off_loop(partial(reading.read, export))
    answer = await exports.apply(box, read, wipe=True, calls=calls)
    return answer | {"calls": len(calls), "notes": [*answer["notes"], Sentence(NOT_IN_IT)]}


def is_backup(text: str) -> bool:
    """Whether it begins as a backup does."""
    return text.lstrip("\ufeff \r\n").startswith(HEADER)


def _base64(sealed: bytes) -> list[str]:
    """In lines."""
    return [b64encode(sealed[start : start + WIDTH]).decode() for start in range(0, len(sealed), WIDTH)]


def _read(text: str) -> tuple[list[str], bytes]:
    """How it was sealed, and what. Raises VerbError, which names the line."""
    lines = [line for _, line in reading.statements(text, HEADER, VERSION)]
    try:
        return lines[0].split(" "), b64decode("".join(lines[1:]), validate=True)
    except ValueError:
        raise VerbError("It came through damaged, something in it is no base64: copy all of it once more.") from None


def _parted(plain: str) -> tuple[str, list[Answer]]:
    """The export, up to its last line, and the calls."""
    lines = plain.splitlines()
    end = next((number for number, line in enumerate(lines) if line.startswith(END)), len(lines) - 1)
    return "\n".join(lines[: end + 1]), [json.loads(line) for line in lines[end + 1 :]]
