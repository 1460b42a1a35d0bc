"""Where the box is heard, as settings and command line write it: `udp:192.0.2.1:5060`, or `tls` for all addresses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .sip.host import SIP_PORT, SIPS_PORT

PORTS = {"udp": SIP_PORT, "tcp": SIP_PORT, "tls": SIPS_PORT, "ws": 8088, "wss": 8089}
"""The usual one of each transport (RFC 3261 section 19.1.2). Of WebSockets it would be 80 and 443 (RFC 7118 section
5.5), where the setup page is; these are what people know from Asterisk."""
USUAL = ("udp", "tcp")
"""Where phones are heard unless something else is said."""
ALL = "all"
"""How these are typed."""
DEFAULT = "default"
"""How a value is typed that is left to others."""


class Listener(NamedTuple):
    """Where to listen: `transport` one of PORTS, or a page's scheme; `host` an address (0.0.0.0 and :: mean each of the
    machine's), `port`."""

    transport: str
    host: str
    port: int


def read_listener(text: str) -> Listener:
    """`udp:192.0.2.1:5060` or `tls:[::]:5061`. Raises ValueError with the rule that the text breaks."""
    transport, _, rest = text.lower().partition(":")
    place = _place(rest)
    if transport not in PORTS or place is None:
        raise ValueError("is udp:HOST:PORT (tcp, tls, ws or wss) with a numeric address, or one of these words alone")
    return Listener(transport, *place)


def read_listeners(text: str) -> tuple[str, ...]:
    """Listeners between commas or spaces; `all` stands for USUAL, and those alone are (). Raises ValueError."""
    words = text.lower().replace(",", " ").split()
    if not words:
        raise ValueError("is all, or a list such as udp, tcp, tls, wss or udp:192.0.2.1:5060")
    texts = [text for word in words for text in (USUAL if word == ALL else (word,))]
    found = tuple(dict.fromkeys(each if each in PORTS else _written(read_listener(each)) for each in texts))
    spread(found, ("::",))
    return () if found == USUAL else found


def spread(texts: Iterable[str], hosts: Iterable[str]) -> tuple[Listener, ...]:
    """The listeners that are meant; a transport alone is meant at its usual port of each of these hosts. Raises
    ValueError."""
    texts = tuple(texts)
    found = [Listener(each, host, PORTS[each]) for host in hosts for each in texts if each in PORTS]
    found += [read_listener(each) for each in texts if each not in PORTS]
    ports = [port for _, port in {(each.transport, each.port) for each in found if each.transport != "udp"} if port]
    if len(ports) > len(set(ports)):  # one of the two would get what is the other's
        raise ValueError("has ports of their own for tcp, tls, ws and wss")
    return tuple(dict.fromkeys(found))


def read_web_listener(text: str) -> Listener:
    """`https:0.0.0.0:443`, `http:[::]:80` or, for http, `127.0.0.1:8080`. Raises ValueError."""
    scheme, _, rest = text.lower().partition(":")
    place = _place(rest if scheme in ("http", "https") else text)
    if place is None:
        raise ValueError("is http:HOST:PORT or https:HOST:PORT with a numeric address")
    return Listener("https" if scheme == "https" else "http", *place)


def read_web_listeners(text: str) -> tuple[str, ...]:
    """Listeners of the page between commas or spaces, or `default`. Raises ValueError."""
    if text.lower() == DEFAULT:
        return ()
    found = [read_web_listener(each) for each in text.replace(",", " ").split()]
    if not found:
        raise ValueError("is default, or a list such as https:0.0.0.0:443")
    return tuple(dict.fromkeys(map(_written, found)))


def _place(text: str) -> tuple[str, int] | None:
    """`192.0.2.1:5060` or `[::]:5060` as address and port."""
    from ipaddress import ip_address

    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdecimal() or len(port) > 5 or int(port) > 65535:
        return None
    in_brackets = host[:1] == "[" and host[-1:] == "]"
    try:
        address = ip_address(host[1:-1] if in_brackets else host)
    except ValueError:
        return None
    return (str(address), int(port)) if in_brackets == (address.version == 6) else None  # `::1:5060` is an address, too


def _written(listener: Listener) -> str:
    """As it is typed."""
    kind, host, port = listener
    return f"{kind}:[{host}]:{port}" if ":" in host else f"{kind}:{host}:{port}"
