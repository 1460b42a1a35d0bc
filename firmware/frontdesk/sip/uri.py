"""SIP and SIPS URIs, and any other scheme kept intact (RFC 3261 section 19.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import ParseError
from .grammar import parse_parameters, write_parameters

SIP_SCHEMES = ("sip", "sips")


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
        scheme, colon, rest = text.partition(":")
        scheme = scheme.lower()
        if not colon or not scheme or not rest:
            raise ParseError(f"not a URI: {text[:60]!r}")
        if scheme not in SIP_SCHEMES:
            return cls(scheme, opaque=rest)
        user, password, rest = _userinfo(rest)
        rest, _, headers = rest.partition("?")
        hostport, _, parameters = rest.partition(";")
        host, port = parse_hostport(hostport)
        return cls(scheme, user, password, host, port, parse_parameters(parameters), headers)

    def __str__(self) -> str:
        if self.scheme not in SIP_SCHEMES:
            return f"{self.scheme}:{self.opaque}"
        user = "" if self.user is None else self.user if self.password is None else f"{self.user}:{self.password}"
        at = "" if self.user is None else "@"
        port = "" if self.port is None else f":{self.port}"
        headers = f"?{self.headers}" if self.headers else ""
        return f"{self.scheme}:{user}{at}{self.host}{port}{write_parameters(self.parameters)}{headers}"


def _userinfo(rest: str) -> tuple[str | None, str | None, str]:
    # The user part may hold ; ? / unescaped, so the at sign is looked for first; a host part holds none (25.1).
    userinfo, at, host = rest.rpartition("@")
    if not at:
        return None, None, rest
    user, colon, password = userinfo.partition(":")
    return user, password if colon else None, host


def parse_hostport(text: str) -> tuple[str, int | None]:
    """`host`, `host:port`, `[v6]:port` -> the host in lower case (IPv6 in its brackets) and the port or None."""
    text = text.strip()
    if text.startswith("["):
        host, bracket, port = text.partition("]")
        host += bracket
    else:
        host, colon, port = text.partition(":")
        port = colon + port
    if not host or (port and (port[0] != ":" or not port[1:].isdecimal() or not 0 <= int(port[1:]) <= 65535)):
        raise ParseError(f"not a host and port: {text[:60]!r}")
    return host.lower(), int(port[1:]) if port else None
