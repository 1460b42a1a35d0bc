"""SIP and SIPS URIs, and any other scheme kept intact (RFC 3261 sections 19.1 and 25.1)."""

from __future__ import annotations

import re
import string
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from .errors import ParseError
from .grammar import has_broken_escape, normalize_escapes, parse_parameters, write_parameters
from .host import parse_hostport, same_host

SIP_SCHEMES = ("sip", "sips")
TEL = "tel"
"""A number, wherever it is (RFC 3966)."""
_SERVICE = re.compile(r"service:([a-z0-9-]+(?:\.[a-z0-9-]+)*)")
"""What a URN of a service, such as urn:service:sos.fire, has after its scheme (RFC 5031 section 3)."""

MAX_CACHED = 128
"""Characters of the longest URI that is remembered: what strangers send can fill no memory."""

_SCHEME = frozenset(string.ascii_letters + string.digits + "+-.")
_USERINFO = frozenset(string.ascii_letters + string.digits + "-_.!~*'()&=+$,;?/%" + "#")
"""unreserved, escaped and user-unreserved; and #, which phones leave as it is in the codes that people dial (*21#)."""
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_PORT = "(?:[1-5]?[0-9]{1,4}|6[0-4][0-9]{3})"
PLAIN = re.compile(rf"sip:[0-9A-Za-z]+@{_OCTET}(?:\.{_OCTET}){{3}}(?::{_PORT})?(?:;transport=[a-z]+)?")
"""User, address, port and transport, as most phones write their Contact."""
_NEVER_IGNORED = ("user", "ttl", "method", "maddr", "transport")
"""uri-parameters that make a difference where only one URI has them; the rule names four, its examples transport."""


@dataclass(slots=True)
class Uri:
    """A URI's parts as they were written, escapes included; a value: nobody changes one that was parsed.

    scheme is in lower case. For a scheme other than sip and sips all after the colon is in `opaque`.
    """

    scheme: str
    user: str | None = None
    password: str | None = None
    host: str = ""
    port: int | None = None
    parameters: dict[str, str | None] = field(default_factory=dict)
    headers: str = ""
    opaque: str = ""

    @classmethod
    def parse(cls, text: str) -> Uri:
        """Parses an addr-spec. Raises ParseError."""
        return _uri(text) if len(text) <= MAX_CACHED else cls._parse(text)

    @classmethod
    def _parse(cls, text: str) -> Uri:
        scheme, _, rest = text.partition(":")
        scheme = scheme.lower()
        if scheme not in SIP_SCHEMES:
            if not rest or not scheme[:1].isalpha() or not _SCHEME.issuperset(scheme) or not _is_clean(rest):
                raise ParseError(f"not a URI: {text[:60]!r}")
            return cls(scheme, opaque=rest)
        user, password, rest = _userinfo(rest) if "@" in rest else (None, None, rest)
        hostport, tail, headers = rest, "", ""
        if ";" in rest or "?" in rest:
            hostport, tail, headers = _tail(rest)
        host, port = parse_hostport(hostport)
        return cls(scheme, user, password, host, port, parse_parameters(tail) if tail else {}, headers)

    def matches(self, other: Uri) -> bool:
        """Whether both are equivalent by section 19.1.4. Not transitive: parameters that only one has hardly count."""
        if self.scheme != other.scheme:
            return False
        if self.scheme not in SIP_SCHEMES:
            return _comparable(self.scheme, self.opaque) == _comparable(other.scheme, other.opaque)
        return (
            self.port == other.port
            and same_host(self.host, other.host)
            and _same(self.user, other.user)
            and _same(self.password, other.password)
            and (self.parameters == other.parameters or _parameters_match(self.parameters, other.parameters))
            and (self.headers == other.headers or _headers(self.headers) == _headers(other.headers))
        )

    @property
    def hostport(self) -> str:
        """Host and port, as they stand in it."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        if self.scheme not in SIP_SCHEMES:
            return f"{self.scheme}:{self.opaque}"
        user = "" if self.user is None else self.user if self.password is None else f"{self.user}:{self.password}"
        at = "" if self.user is None else "@"
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{at}{self.hostport}{write_parameters(self.parameters)}{headers}"


def is_sip(text: str) -> bool:
    """Whether it is a SIP URI, and no SIPS URI, which asks for more; nearly all are known by their form, which takes a
    quarter of the time of parsing."""
    if PLAIN.fullmatch(text):
        return True
    try:
        return Uri.parse(text).scheme == "sip"
    except ParseError:
        return False


def at_host(tel: Uri, host: str) -> str:
    """The SIP URI of a tel URI's number at that host (section 19.1.6)."""
    number, semicolon, parameters = tel.opaque.partition(";")
    return f"sip:{_unseparated(number)}{semicolon}{parameters}@{host}"


def service_of(uri: Uri) -> str:
    """The service that a URN names, whatever their case: `sos.fire`; "" where it names none."""
    found = _SERVICE.fullmatch(uri.opaque.lower()) if uri.scheme == "urn" else None
    return found[1] if found else ""


@lru_cache(1024)  # the same are dialled, and asked for as targets, again and again: saves 1 us for each request
def _uri(text: str) -> Uri:
    return Uri._parse(text)


def _is_clean(text: str) -> bool:
    """No space, control character, quote or angle bracket: such a URI could end too early where it is written."""
    if " " in text or "<" in text or ">" in text or '"' in text:
        return False
    return text.isprintable() or all(char > "\xa0" or char.isprintable() for char in text)


def _userinfo(rest: str) -> tuple[str | None, str | None, str]:
    # The user part may hold ; ? / unescaped, so the at sign is looked for first; a host part holds none (25.1).
    userinfo, _, host = rest.rpartition("@")
    if userinfo.isalnum() and userinfo.isascii():  # nearly always: saves 1 us
        return userinfo, None, host
    user, colon, password = userinfo.partition(":")
    if not user or not _is_userinfo(user) or not _is_userinfo(password):
        raise ParseError(f"not a user part: {userinfo[:60]!r}")
    return user, password if colon else None, host


def _tail(rest: str) -> tuple[str, str, str]:
    """Host and port, parameters and headers."""
    if not _is_clean(rest):
        raise ParseError(f"not a URI's parameters: {rest[:60]!r}")
    rest, _, headers = rest.partition("?")
    hostport, _, parameters = rest.partition(";")
    return hostport, parameters, headers


def _is_userinfo(text: str) -> bool:
    # Names in other scripts should be escaped, but come as they are.
    known = _USERINFO.issuperset(text) or _USERINFO.issuperset(char for char in text if char < "\x80")
    return known and not ("%" in text and has_broken_escape(text))


def _same(one: str | None, other: str | None) -> bool:
    if one == other or one is None or other is None:
        return one == other
    return normalize_escapes(one) == normalize_escapes(other)


def _parameters_match(some: dict[str, str | None], others: dict[str, str | None]) -> bool:
    some, others = _folded(some), _folded(others)
    if any((name in some) != (name in others) for name in _NEVER_IGNORED):
        return False
    return all(others[name] == value for name, value in some.items() if name in others)


def _folded(parameters: dict[str, str | None]) -> dict[str, str | None]:
    return {
        normalize_escapes(name).lower(): value and normalize_escapes(value).lower()
        for name, value in parameters.items()
    }


def _headers(text: str) -> Counter[tuple[str, str]]:
    pairs = (piece.partition("=") for piece in text.split("&") if piece)
    return Counter((normalize_escapes(name).lower(), normalize_escapes(value)) for name, _, value in pairs)


def _comparable(scheme: str, opaque: str) -> object:
    if scheme != TEL:
        return opaque
    number, *parameters = opaque.lower().split(";")  # RFC 3966 section 4: visual separators and order mean nothing
    return _unseparated(number), sorted(parameters)


def _unseparated(number: str) -> str:
    return "".join(char for char in number if char not in "-.()")
