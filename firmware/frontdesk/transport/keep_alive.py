"""Keeps the ways to phones behind routers open over UDP. A router forgets one that nothing has used for a while, often
30 s, and many a phone says nothing between its registrations (RFC 5626 section 4.4 has it do so, if it knows that).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from ..sip.errors import TransportError
from ..sip.wire import Flow

INTERVAL = 12.0
"""Seconds in which each is used once. One that has come meanwhile waits for two rounds at most: soon enough."""
EMPTY = b"\r\n\r\n"
"""No phone answers it: empty lines may stand before any message (RFC 3261 section 7.5)."""


async def keep_open(flows: Callable[[], Sequence[Flow]], send: Callable[[bytes, Flow], None]) -> None:
    """Never ends. Evenly spread, so that many phones make no burst."""
    while True:
        due = flows()
        for flow in due:
            with suppress(TransportError):
                send(EMPTY, flow)
            await asyncio.sleep(INTERVAL / len(due))
        if not due:
            await asyncio.sleep(INTERVAL)
