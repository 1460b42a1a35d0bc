"""The lexical rules that several headers share (RFC 3261 section 25.1).

Text is str decoded as UTF-8 with surrogateescape, so that any byte goes through unharmed.
"""

from __future__ import annotations

import re
import string

from .errors import ParseError

TOKEN = frozenset(string.ascii_letters + string.digits + "-.!%*_+`'~")
TOKEN_BYTES = "".join(sorted(TOKEN)).encode()
LWS = " \t\r\n"
PHRASE = frozenset(string.ascii_letters + string.digits + ";/?:@&=+$,-_.!~*'() ")

_HEX = frozenset(b"0123456789abcdefABCDEF")
_RESERVED = frozenset(b";/?:@&=+$,%")
"""Bytes whose escape means something else than themselves (RFC 2396 section 2.2), and the escape sign itself."""

_STOP = {separator: re.compile(f'["<{separator}]') for separator in (",", ";")}
"""Where something may end, or begin that hides separators."""


def leaving(allowed: bytes) -> bytes:
    """A table by which `translate` changes whatever is not allowed, and leaves the rest as it is: what comes back the
    same holds nothing else. To delete what is allowed takes twice as long."""
    return bytes(byte if byte in allowed else byte ^ 1 for byte in range(256))


TOKEN_ALONE = leaving(TOKEN_BYTES)


def is_token(text: str) -> bool:
    """Whether `text` is a token: one or more of its characters and nothing else."""
    return (text.isalnum() and text.isascii()) or (text != "" and TOKEN.issuperset(text))


def parse_number(text: str, most: int = 2**32 - 1) -> int | None:
    """A run of digits as a number, or None for anything else and for more than `most`; leading zeros are fine."""
    if not text.isdecimal() or not text.isascii():
        return None
    digits = text.lstrip("0") if len(text) > 10 else text  # int() refuses thousands of digits with an error of its own
    number = int(digits or "0") if len(digits) <= 20 else most + 1
    return number if number <= most else None


def parse_q(text: str) -> float:
    """A qvalue, 0 to 1 (RFC 3261 section 25.1). Raises ParseError."""
    whole, _, decimals = text.partition(".")
    if whole not in ("0", "1") or len(decimals) > 3 or (decimals and not (decimals.isdecimal() and decimals.isascii())):
        raise ParseError(f"not a q value: {text[:20]!r}")
    if float(text) > 1:
        raise ParseError(f"a q value is at most 1: {text[:20]!r}")
    return float(text)


def split_unquoted(text: str, separator: str) -> list[str]:
    """The parts of `text` between separators (comma or semicolon) outside quoted strings and angle brackets, stripped.

    Raises ParseError for a quoted string or an angle bracket that is never closed.
    """
    if '"' not in text and "<" not in text:
        return [part.strip(LWS) for part in text.split(separator)]
    parts: list[str] = []
    stop, start, at = _STOP[separator].search, 0, 0
    while found := stop(text, at):
        at = found.start()
        if found[0] == '"':
            at = end_of_quoted(text, at)
        elif found[0] == "<":
            at = text.find(">", at) + 1
            if not at:
                raise ParseError(f"an angle bracket is not closed: {text[found.start() :][:40]!r}")
        else:
            parts.append(text[start:at].strip(LWS))
            start = at = at + 1
    return [*parts, text[start:].strip(LWS)]


def end_of_quoted(text: str, start: int) -> int:
    """The index after the quoted string that opens at `start`; backslash escapes the next character."""
    at = start + 1
    while (at := text.find('"', at)) >= 0:
        if text[at - 1] != "\\":
            return at + 1
        escapes = 0
        while text[at - 1 - escapes] == "\\":
            escapes += 1
        if escapes % 2 == 0:
            return at + 1
        at += 1
    raise ParseError("a quoted string is not closed")


def parse_parameters(text: str) -> dict[str, str | None]:
    """`a=1;b;C="x"` as {"a": "1", "b": None, "c": '"x"'}: names in lower case, values as they came.

    The first of a name counts. Empty parameters (;;) are passed over.
    """
    parameters: dict[str, str | None] = {}
    if not text:
        return parameters
    for part in split_unquoted(text, ";") if '"' in text or "<" in text else text.split(";"):
        name, equals, value = part.partition("=")
        name = name.strip(LWS).lower()
        if name and name not in parameters:
            parameters[name] = value.strip(LWS) if equals else None
        elif equals and not name:
            raise ParseError(f"a parameter has no name: {part[:40]!r}")
    return parameters


def write_parameters(parameters: dict[str, str | None]) -> str:
    """The inverse of `parse_parameters`, with a leading semicolon for each."""
    text = ""
    for name, value in parameters.items():  # mostly one: a list costs more
        text += f";{name}" if value is None else f";{name}={value}"
    return text


def unquote(text: str) -> str:
    """The text inside a quoted string, escapes resolved; what is not quoted comes back unchanged."""
    if text[:1] != '"' or text[-1] != '"' or len(text) < 2:
        return text
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    pieces = iter(inner)
    return "".join(next(pieces, "") if char == "\\" else char for char in pieces)


def quote(text: str) -> str:
    """`text` as a quoted string (section 25.1)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def one_line(text: str) -> str:
    """`text` with line ends turned to spaces: nothing that we write can begin a header line of its own."""
    return text.replace("\r", " ").replace("\n", " ") if "\n" in text or "\r" in text else text


def phrase(text: str) -> str:
    """`text` as a Reason-Phrase (section 25.1): what may not stand there is escaped. JsSIP hears no other answer."""
    return text if PHRASE.issuperset(text) else "".join(map(_in_a_phrase, text))


def _in_a_phrase(char: str) -> str:
    if char in PHRASE or (not char.isascii() and char.isprintable()):
        return char
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))


def unescape(text: str) -> str:
    """Every %XX of a URI's part resolved, once (RFC 3986 section 2.4); a % that begins no escape stays."""
    return _resolve(text, keep=frozenset()) if "%" in text else text


def normalize_escapes(text: str) -> str:
    """As `unescape`, but escapes of reserved characters stay: what is equal now is equivalent by section 19.1.4."""
    return _resolve(text, keep=_RESERVED) if "%" in text else text


def has_broken_escape(text: str) -> bool:
    """Whether a % stands in `text` that no two hexadecimal digits follow."""
    return any(not _is_escape(piece.encode("utf-8", "replace")) for piece in text.split("%")[1:])


def _is_escape(piece: bytes) -> bool:
    return len(piece) >= 2 and piece[0] in _HEX and piece[1] in _HEX


def _resolve(text: str, keep: frozenset[int]) -> str:
    first, *pieces = text.encode("utf-8", "surrogateescape").split(b"%")
    resolved = [first]
    for piece in pieces:
        if not _is_escape(piece):
            resolved.append(b"%" + piece)
        elif (byte := int(piece[:2], 16)) in keep:
            resolved.append(b"%" + piece[:2].upper() + piece[2:])
        else:
            resolved.append(bytes((byte,)) + piece[2:])
    return b"".join(resolved).decode("utf-8", "surrogateescape")
