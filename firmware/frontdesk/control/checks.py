"""What people and files may name things: each check gives the value as it is kept, or raises VerbError."""

from __future__ import annotations

from ..config import USER
from ..sip.errors import ParseError
from ..sip.grammar import parse_q
from ..sip.host import parse_hostport
from ..sip.uri import SIP_SCHEMES, Uri
from ..sip.wire import CONNECTABLE
from .errors import VerbError

STEPS = (".", "..")
"""In the path of a URL these are no names (RFC 3986 section 3.3): such an account would have no page."""
LONGEST_NAME = 128
JOINERS = "\u200c\u200d"
"""Invisible, but seen by what they do: they join an emoji's parts, and part or join letters (Unicode section 23.2)."""
LONGEST_DOMAIN = 255
"""Octets of a domain name (RFC 1035 section 2.3.4)."""


def checked_user(text: str) -> str:
    """A name or number that phones can dial."""
    if not USER.fullmatch(text):
        raise VerbError(
            "{user!r} cannot be a name or number: 1 to 64 letters, digits and _ . + * ! ~ - are possible.",
            user=text[:80],
        )
    return text


def checked_device(text: str) -> str:
    """A device's name."""
    if not USER.fullmatch(text):
        raise VerbError(
            "{device!r} cannot be a device's name: 1 to 64 letters, digits and _ . + * ! ~ - are possible.",
            device=text[:80],
        )
    return text


def checked_name(name: str) -> str:
    """A name for people."""
    if len(name) > LONGEST_NAME or not is_visible(name):
        raise VerbError(
            "A name is one line of at most {longest_name} characters, no tabs and other invisible ones among them.",
            longest_name=LONGEST_NAME,
        )
    return name.strip()


def is_visible(text: str) -> bool:
    """Whether people see all of it, and it moves no cursor."""
    return text.isprintable() or all(char.isprintable() or char in JOINERS for char in text)


def checked_address(text: str) -> str:
    """An IP address, as a packet's source is written: an IPv4 address that is mapped into IPv6 is itself."""
    from ipaddress import ip_address

    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        raise VerbError("{text!r} is no IP address.", text=text) from None
    return str(getattr(address, "ipv4_mapped", None) or address)


def checked_domain(text: str) -> str:
    """A host name or address as it stands in a URI."""
    try:
        host, port = parse_hostport(text)
    except ParseError:
        host, port = "", None
    if not host or port is not None or len(text) > LONGEST_DOMAIN or not _is_plain(text):
        raise VerbError(
            "{text!r} is no name such as example.com, and no address such as 192.0.2.10 or [fd00::10].", text=text
        )
    return host.lower()


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and set(text).isdisjoint(" @;?<>\",'/")


def checked_uri(text: str) -> str:
    """A SIP URI, without angle brackets."""
    text = text.strip().removeprefix("<").removesuffix(">")
    try:
        uri = Uri.parse(text)
    except ParseError:
        uri = None
    if uri is None or uri.scheme not in SIP_SCHEMES or not text.isprintable() or " " in text or ">" in text:
        raise VerbError("{text!r} is no SIP URI such as sip:door@192.0.2.7.", text=text)
    return text


def checked_place(text: str) -> str:
    """A SIP URI where the box can call by itself."""
    text = checked_uri(text)
    uri = Uri.parse(text)
    transport = uri.parameters.get("transport") or "udp"
    if transport.lower() not in CONNECTABLE or uri.host.endswith(".invalid"):
        raise VerbError(
            "The box cannot call {text!r}: a place is by udp, tcp or tls, at an address or a name.", text=text
        )
    return text


def checked_q(value: str | float) -> float:
    """A preference among several places, as it is typed or as a number."""
    text = str(value)
    try:
        return parse_q(text.strip().replace(",", "."))
    except ParseError:
        raise VerbError("{text!r} is no preference: 0 to 1, with three decimals at most.", text=text[:20]) from None
