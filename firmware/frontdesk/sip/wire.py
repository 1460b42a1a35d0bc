"""Where messages come from and go to: flows, destinations, and the wish to send (RFC 5626 2.1, RFC 3261 section 18)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

RELIABLE = frozenset({"tcp", "tls", "ws", "wss"})
SECURE = frozenset({"tls", "wss"})
"""What a SIPS URI may go over (RFC 3261 section 26.2.2)."""
CONNECTABLE = ("udp", "tcp", "tls")
"""By which the box gets to whoever has not come to it."""
WEB = frozenset({"ws", "wss"})
"""WebSockets, which are opened by a browser alone (RFC 7118)."""
HostPort = tuple[str, int]
"""A numeric address (IPv6 without brackets) and a port."""


def hostport(address: HostPort) -> str:
    """`host:port`, IPv6 in brackets."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Flow(NamedTuple):
    """Two ends that have talked: `transport` in lower case; `connection` is 0 for UDP, else unique in this process."""

    transport: str
    local: HostPort
    remote: HostPort
    connection: int = 0

    @property
    def reliable(self) -> bool:
        """Whether the transport delivers or tells (RFC 3261 section 17)."""
        return self.transport in RELIABLE

    @property
    def source(self) -> str:
        """The remote end as people read it: `host:port/transport`."""
        return f"{hostport(self.remote)}/{self.transport}"


class Destination(NamedTuple):
    """A next hop that is still to be resolved or connected (RFC 3263): `host` a name or an address, no brackets."""

    host: str
    port: int | None
    transport: str | None
    """Lower case, or None: to be chosen by RFC 3263 section 4.1."""
    name: str = ""
    """Whom a certificate is to be of, where `host` was looked up from a name (RFC 5922 section 7.3)."""

    @property
    def reliable(self) -> bool:
        """Whether the transport delivers or tells; an open choice is UDP until resolved."""
        return self.transport in RELIABLE

    @property
    def is_name(self) -> bool:
        """Whether `host` is to be looked up, and so may lead to several addresses."""
        return ":" not in self.host and not self.host.rpartition(".")[2].isdigit()


Target = Flow | Destination


@dataclass(slots=True)
class Send:
    """The wish to put a message on the wire. `key` names the transaction that is told if that fails ("" for none)."""

    data: bytes
    target: Target
    key: str = ""
