"""From, To, Contact, Route and their kin: a display name, a URI and parameters (RFC 3261 section 20.10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from .errors import ParseError
from .grammar import LWS, end_of_quoted, parse_parameters, quote, unquote, write_parameters
from .uri import Uri

MAX_CACHED = 192
"""Characters of the longest value that is remembered: what strangers send can fill no memory."""


@dataclass(slots=True)
class Address:
    """One name-addr or addr-spec with its header parameters (names in lower case, values as they came).

    As a Uri it is a value: nobody changes one that was parsed.
    """

    uri: Uri
    display: str = ""
    parameters: dict[str, str | None] = field(default_factory=dict)
    tag: str | None = field(init=False, repr=False, compare=False)
    """The tag parameter, or None: at hand, since it is asked for twelve times in a call."""

    def __post_init__(self) -> None:
        self.tag = self.parameters.get("tag")

    @classmethod
    def parse(cls, text: str) -> Address:
        """Parses one header value (no comma list). Without angle brackets, parameters belong to the header (20.10)."""
        return _address(text) if len(text) <= MAX_CACHED else cls._parse(text)

    @classmethod
    def _parse(cls, text: str) -> Address:
        opening = opening_bracket(text)
        if opening < 0:
            return cls._bare(text)
        end = text.find(">", opening) + 1
        if end <= 0:
            raise ParseError(f"an angle bracket is not closed: {text[:60]!r}")
        parameters = text[end:].lstrip(LWS)
        if parameters and parameters[0] != ";":
            raise ParseError(f"text after an address: {parameters[:40]!r}")
        name_addr = _name_addr if end <= MAX_CACHED else _name_addr.__wrapped__
        display, uri = name_addr(text[:end], opening)
        return cls(uri, display, parse_parameters(parameters[1:]) if parameters else {})

    @classmethod
    def _bare(cls, text: str) -> Address:
        spec, _, parameters = text.partition(";")
        uri = Uri.parse(spec.strip(LWS))
        if uri.headers:
            raise ParseError(f"a URI with headers needs angle brackets: {text[:60]!r}")
        return cls(uri, "", parse_parameters(parameters))

    def __str__(self) -> str:
        display = f"{quote(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{write_parameters(self.parameters)}"


@lru_cache(512)  # the requests of a call have the same From and To: saves 2 us for most of them
def _address(text: str) -> Address:
    return Address._parse(text)


def opening_bracket(text: str) -> int:
    """Where the URI's angle bracket opens, or -1: not in a quoted display name, nor in a bare URI's parameters."""
    if text[:1] == '"':
        return text.find("<", end_of_quoted(text, 0))
    opening = text.find("<")
    return opening if opening <= 0 or ";" not in text[:opening] else -1


@lru_cache(1024)  # From and To of a request often agree, and a phone sends the same for years: saves 2 us for each
def _name_addr(text: str, opening: int) -> tuple[str, Uri]:
    return _display(text[:opening].rstrip(LWS)), Uri.parse(text[opening + 1 : -1].strip(LWS))


def _display(text: str) -> str:
    # An unquoted name should be tokens only; of what else comes, that is refused which another reader could take for
    # the end of the name or of the whole value (RFC 4475 section 3.1.2.15).
    if text[:1] == '"':
        if end_of_quoted(text, 0) != len(text):
            raise ParseError(f"text after a display name: {text[:60]!r}")
        return unquote(text)
    if "," in text or '"' in text or "\\" in text:
        raise ParseError(f"a display name needs quotes: {text[:60]!r}")
    return text
