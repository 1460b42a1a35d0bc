"""A Contact as a REGISTER writes it: the URI, its registration parameters, and the rest as it came (RFC 3261 section
20.10)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ..sip.address import Address, opening_bracket
from ..sip.errors import ParseError
from ..sip.grammar import parse_number, parse_q, unquote, write_parameters
from ..sip.host import SIP_PORT, bare
from ..sip.uri import SIP_SCHEMES, Uri
from ..sip.wire import Flow

LONGEST = 1024
"""Characters of a Contact or Path to register: each is kept, several times."""


@dataclass(slots=True)
class Contact:
    """One contact of a REGISTER."""

    uri: Uri
    text: str
    """The URI without angle brackets, as it came."""
    parameters: str
    """All but expires and a q that is none, each with its semicolon, names in lower case: what is echoed."""
    expires: int | None
    """Seconds asked for by the parameter; None where it is absent. One that is no number counts as 3600 (section
    10.3)."""
    q: float | None
    instance: str | None
    reg_id: int | None

    @classmethod
    def parse(cls, value: str) -> Contact:
        """Parses one value of the header. Raises ParseError."""
        if len(value) > LONGEST:
            raise ParseError(f"a Contact has at most {LONGEST} characters")
        address = Address.parse(value)
        if address.uri.scheme not in SIP_SCHEMES:
            raise ParseError(f"a Contact to register must be a sip or sips URI, not {address.uri.scheme}")
        parameters = dict(address.parameters)  # the address is shared: what is parsed often is parsed once
        expires = parameters.pop("expires", None)
        q = _mend_q(parameters)
        instance = parameters.get("+sip.instance")
        return cls(
            address.uri,
            _uri_text(value),
            write_parameters(parameters),
            None if expires is None else parse_expires(expires),
            q,
            unquote(instance) if instance else None,
            _reg_id(parameters.get("reg-id")),
        )

    def is_left_to_phone(self, flow: Flow) -> bool:
        """Whether its phone alone can open such a connection anew, as always over TLS and WebSockets: no phone has a
        certificate (see `target_set.target_of`). Over TCP the box can where the Contact names the address that it came
        from, and another port: Linphone names the one that it connects from, where nobody listens."""
        if flow.transport != "tcp":
            return flow.transport != "udp"
        return bare(self.uri.host) != flow.remote[0] or (self.uri.port or SIP_PORT) == flow.remote[1]


def _uri_text(value: str) -> str:
    opening = opening_bracket(value)
    if opening < 0:
        return value.partition(";")[0].strip()
    return value[opening + 1 : value.index(">", opening)].strip()


@lru_cache(maxsize=64)  # phones of one kind ask for the same: kept once
def parse_expires(text: str) -> int:
    """Seconds; what is no number counts as 3600, what is too large as 2**32-1 (RFC 3261 sections 10.3 step 7 and
    20.19)."""
    if not (text.isdecimal() and text.isascii()):
        return 3600
    return min(int(text.lstrip("0")[:12] or "0"), 2**32 - 1)


def _mend_q(parameters: dict[str, str | None]) -> float | None:
    """The preference, to three decimals as the grammar has it (section 25.1). One that is none is taken out: it is no
    reason to keep its phone from being called, and the account's others may be unable to read it (JsSIP)."""
    if "q" not in parameters:
        return None
    text = unquote(parameters["q"] or "")[:5]
    try:
        q = parse_q(text)
    except ParseError:
        del parameters["q"]
        return None
    parameters["q"] = text
    return q


def _reg_id(text: str | None) -> int | None:
    if text is None:
        return None
    # RFC 5626 section 4.2. Zero is refused: a registrar that said 200 and kept nothing was kamailio #497.
    number = parse_number(text, 2**31 - 1)
    if not number:
        raise ParseError(f"not a reg-id: {text[:20]!r}")
    return number
