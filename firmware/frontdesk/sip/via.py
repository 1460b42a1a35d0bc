"""The Via header: the way back of a response (RFC 3261 sections 18.2 and 20.42, RFC 3581)."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from .errors import ParseError
from .grammar import LWS, is_token, parse_parameters, write_parameters
from .host import parse_sent_by

if TYPE_CHECKING:
    from .wire import Flow

MAGIC_COOKIE = "z9hG4bK"
MAX_CACHED = 128
"""Characters of the longest protocol and sent-by that are remembered."""


@dataclass(slots=True)
class Via:
    """One via-parm. `transport` is in upper case as in "UDP"; `host` in lower case, IPv6 in brackets."""

    transport: str
    host: str
    port: int | None = None
    parameters: dict[str, str | None] = field(default_factory=dict)
    version: str = "2.0"

    @classmethod
    def parse(cls, text: str) -> Via:
        """Parses one value, of any version, so that a 505 finds its way back. Raises ParseError."""
        head, _, parameters = text.partition(";")
        version, transport, host, port = (_head if len(head) <= MAX_CACHED else _head.__wrapped__)(head)
        return cls(transport, host, port, parse_parameters(parameters), version)

    @property
    def branch(self) -> str | None:
        """The branch parameter, or None."""
        return self.parameters.get("branch")

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/{self.version}/{self.transport} {self.host}{port}{write_parameters(self.parameters)}"


@lru_cache(1024)  # protocol and sent-by of a phone stay the same: saves 2 us for each request
def _head(head: str) -> tuple[str, str, str, int | None]:
    """Version, transport, host and port."""
    version = "2.0"
    transport, _, sent_by = head[8:].rstrip(LWS).partition(" ")
    if head[:8] != "SIP/2.0/" or not is_token(transport):
        version, transport, sent_by = _loose(head)
    host, port = parse_sent_by(sent_by)
    return version, transport.upper(), host, port


def _loose(head: str) -> tuple[str, str, str]:
    """Version, transport and sent-by where white space stands around the slashes, or where it is not SIP/2.0."""
    name, version, rest = ([piece.strip(LWS) for piece in head.split("/", 2)] + ["", ""])[:3]
    transport, _, sent_by = rest.replace("\t", " ").partition(" ")
    if name.upper() != "SIP" or not is_token(version) or not is_token(transport):
        raise ParseError(f"not a Via: {head[:60]!r}")
    return version, transport, sent_by


def stamp_via(via: Via, flow: Flow) -> bool:
    """Puts in where a request really came from (see `Request.stamp`); whether anything has changed."""
    parameters = via.parameters
    host, port = flow.remote
    if "rport" in parameters:
        parameters["rport"] = str(port)
    elif via.host in (host, f"[{host}]") and "received" not in parameters:
        return False
    parameters["received"] = host
    return True
