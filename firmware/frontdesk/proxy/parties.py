"""Who calls and what answers, as their messages say it and as it is shown."""

from __future__ import annotations

from functools import lru_cache

from ..sip.address import Address
from ..sip.checks import MAX_URI
from ..sip.errors import ParseError
from ..sip.grammar import unescape
from ..sip.message import Message, Request, Response
from ..sip.uri import SIP_SCHEMES, Uri

MAX_NAME = 128
"""Characters of who calls and who is called that are kept."""
MAX_CACHED = 128
"""Characters of the longest Contact that is remembered."""


def name_of(request: Request, peer: str) -> str:
    """Who calls; through a trusted peer, as far as it says, and through which: `+4930123 (pbx)`."""
    uri = request.from_.uri
    user = unescape(uri.user or "") if uri.scheme in SIP_SCHEMES else uri.opaque.partition(";")[0]
    return (f"{user} ({peer})" if user and peer else peer or str(uri))[:MAX_NAME]


def tag_of(response: Response) -> str:
    """To's tag; "" where there is none that can be read."""
    try:
        return response.to.tag or ""
    except ParseError:
        return ""


def device_of(response: Response) -> str:
    """The URI of its Contact, as it is shown."""
    contact = response.first("contact") or ","
    is_usual = "," not in contact and len(contact) <= MAX_CACHED
    return _device(contact) if is_usual else _shown(contact_of(response))


@lru_cache(512)
def _device(contact: str) -> str:
    """The URI of a Contact, with which a phone answers each of its calls, as it is shown."""
    try:
        return _shown(Address.parse(contact).uri)
    except ParseError:
        return ""


def _shown(uri: Uri | None) -> str:
    return str(uri)[:MAX_URI] if uri else ""


def contact_of(message: Message) -> Uri | None:
    """Its first Contact; None where there is none that can be read."""
    try:
        contacts = message.values("contact")
        return Address.parse(contacts[0]).uri if contacts else None
    except ParseError:
        return None
