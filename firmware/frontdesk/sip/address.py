"""From, To, Contact, Route and their kin: a display name, a URI and parameters (RFC 3261 section 20.10)."""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import ParseError
from .grammar import LWS, end_of_quoted, parse_parameters, quote, unquote, write_parameters
from .uri import Uri


@dataclass(slots=True)
class Address:
    """One name-addr or addr-spec with its header parameters (names in lower case, values as they came)."""

    uri: Uri
    display: str = ""
    parameters: dict[str, str | None] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Address:
        """Parses one header value (no comma list). Without angle brackets, parameters belong to the header (20.10)."""
        start = end_of_quoted(text, 0) if text.startswith('"') else 0
        opening = text.find("<", start)
        if opening < 0:
            uri, _, parameters = text.partition(";")
            return cls(Uri.parse(uri.strip(LWS)), "", parse_parameters(parameters))
        closing = text.find(">", opening)
        if closing < 0:
            raise ParseError(f"an angle bracket is not closed: {text[:60]!r}")
        display = unquote(text[:opening].strip(LWS))
        parameters = text[closing + 1 :].strip(LWS)
        if parameters and parameters[0] != ";":
            raise ParseError(f"text after an address: {parameters[:40]!r}")
        return cls(Uri.parse(text[opening + 1 : closing].strip(LWS)), display, parse_parameters(parameters[1:]))

    @property
    def tag(self) -> str | None:
        """The tag parameter, or None."""
        return self.parameters.get("tag")

    def __str__(self) -> str:
        display = f"{quote(self.display)} " if self.display else ""
        return f"{display}<{self.uri}>{write_parameters(self.parameters)}"
