"""Why a branch is called off (RFC 3326)."""

from __future__ import annotations

from ..sip.status import reason_phrase

Header = tuple[str, str]

COMPLETED_ELSEWHERE: Header = ("Reason", 'SIP;cause=200;text="Call completed elsewhere"')
"""For the branches that lost (section 3.1): their phones show no missed call."""


def reason(status: int) -> Header:
    """That of a final status."""
    return "Reason", f'SIP;cause={status};text="{reason_phrase(status)}"'


def is_elsewhere(header: Header) -> bool:
    """Whether that of COMPLETED_ELSEWHERE is among its values."""
    return any(value.startswith("sip;cause=200") for value in header[1].replace(" ", "").lower().split(","))
