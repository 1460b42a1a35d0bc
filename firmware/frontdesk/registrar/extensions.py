"""Extensions that a request to the box may require (RFC 3261 sections 8.2.2.3 and 10.3 step 2)."""

from __future__ import annotations

from ..sip.message import Request
from . import outbound

SUPPORTED = "path", outbound.TAG
"""Option tags."""


def unsupported(request: Request) -> list[tuple[str, str]]:
    """The header of the 420 for those that are required and not understood."""
    tags = [tag for tag in request.values("require") if tag.lower() not in SUPPORTED]
    return [("Unsupported", ", ".join(tags))] if tags else []
