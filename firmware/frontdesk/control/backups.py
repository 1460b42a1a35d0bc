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
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial

from ..model import Settings
from . import configuration, exports, reading, sealing
from .box import Answer, Box, VerbError
from .configuration import END
from .errors import Sentence

HEADER = "frontdesk-backup"
VERSION = 1
FIRST = f"{HEADER} {VERSION}"
CONTEXT = f"{FIRST}\n".encode()
"""The same for the seal, which is broken where another first line stands above it."""
SHORTEST = 8
"""Characters of a passphrase."""
WIDTH = 57
"""Bytes in a line, 76 characters."""
LONGEST_LINE = 1 << 20
"""Bytes of a line of what was sealed."""
LATEST = 1e11
"""Unix seconds that no call reaches: they are in the year 5138."""
NO_BACKUP = "What was sealed is no box: choose another backup."
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
    read, calls = await box.admin.off_loop(partial(_opened, box.defaults, text, passphrase))
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


def _opened(defaults: Settings, text: str, passphrase: str) -> tuple[configuration.Configuration, list[Answer]]:
    """The export, and the calls: the newest, as many as the box is to keep. Raises VerbError."""
    lines = _lines(sealing.unseal(*_read(text), passphrase, CONTEXT))
    read = reading.read(_export(lines))
    newest = deque(lines, exports.settings_of(defaults, read).call_records)
    return read, [_call(line) for line in newest]


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
        if len(rest) > LONGEST_LINE:
            raise VerbError(NO_BACKUP)
    if rest:
        yield rest


def _export(lines: Iterator[bytes]) -> str:
    """Up to its last line, which is taken from the lines as well."""
    export = bytearray()
    for line in lines:
        export += line + b"\n"
        if line.startswith(END.encode()):
            break
        if len(export) > configuration.LONGEST:
            raise VerbError(NO_BACKUP)
    return export.decode("utf-8", "surrogateescape")


def _call(line: bytes) -> Answer:
    """Checked: one without a time would be in the way of whoever looks at the calls; one without a status gets one."""
    try:
        call = json.loads(line)
        texts = [call[key] for key in ("call_id", "caller", "callee", "device")]
        times = [call["started"], call["ended"], call["answered"] or 0]
        if not all(isinstance(each, str) for each in texts) or not all(0 <= each < LATEST for each in times):
            raise ValueError
    except (ValueError, TypeError, KeyError, RecursionError):
        raise VerbError(NO_BACKUP) from None
    has_status = isinstance(result := call.get("result"), int) and 0 <= result < 700
    return dict(call, result=result if has_status else 200 if call["answered"] else 500)
