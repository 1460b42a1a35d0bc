"""The lexical rules that several headers share (RFC 3261 section 25.1).

Text is str decoded as UTF-8 with surrogateescape, so that any byte goes through unharmed.
"""

from __future__ import annotations

import string

from .errors import ParseError

TOKEN = frozenset(string.ascii_letters + string.digits + "-.!%*_+`'~")
LWS = " \t\r\n"


def is_token(text: str) -> bool:
    """Whether `text` is a token: one or more of its characters and nothing else."""
    return bool(text) and TOKEN.issuperset(text)


def split_unquoted(text: str, separator: str) -> list[str]:
    """The parts of `text` between separators that stand outside quoted strings and angle brackets, stripped.

    Raises ParseError for a quoted string or an angle bracket that is never closed.
    """
    if '"' not in text and "<" not in text:
        return [part.strip(LWS) for part in text.split(separator)]
    parts: list[str] = []
    start = at = 0
    while at < len(text):
        char = text[at]
        if char == '"':
            at = end_of_quoted(text, at)
            continue
        if char == "<":
            at = _closing(text, at)
        elif char == separator:
            parts.append(text[start:at].strip(LWS))
            start = at + 1
        at += 1
    parts.append(text[start:].strip(LWS))
    return parts


def end_of_quoted(text: str, start: int) -> int:
    """The index after the quoted string that opens at `start`; backslash escapes the next character."""
    at = start + 1
    while (at := text.find('"', at)) >= 0:
        escapes = 0
        while text[at - 1 - escapes] == "\\":
            escapes += 1
        if escapes % 2 == 0:
            return at + 1
        at += 1
    raise ParseError("a quoted string is not closed")


def _closing(text: str, start: int) -> int:
    at = text.find(">", start)
    if at < 0:
        raise ParseError("an angle bracket is not closed")
    return at


def parse_parameters(text: str) -> dict[str, str | None]:
    """`a=1;b;C="x"` as {"a": "1", "b": None, "c": '"x"'}: names in lower case, values as they came; the first of a name counts."""
    parameters: dict[str, str | None] = {}
    if not text:
        return parameters
    for part in split_unquoted(text, ";"):
        name, equals, value = part.partition("=")
        name = name.strip(LWS).lower()
        if name:
            parameters.setdefault(name, value.strip(LWS) if equals else None)
        elif equals:
            raise ParseError(f"a parameter has no name: {part[:40]!r}")
    return parameters


def write_parameters(parameters: dict[str, str | None]) -> str:
    """The inverse of `parse_parameters`, with a leading semicolon for each."""
    return "".join(f";{name}" if value is None else f";{name}={value}" for name, value in parameters.items())


def unquote(text: str) -> str:
    """The text inside a quoted string, escapes resolved; what is not quoted comes back unchanged."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    if "\\" not in inner:
        return inner
    pieces = iter(inner)
    return "".join(next(pieces, "") if char == "\\" else char for char in pieces)


def quote(text: str) -> str:
    """`text` as a quoted string (section 25.1)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
