"""Where a response goes (RFC 3261 section 18.2.2, RFC 3581 section 4)."""

from __future__ import annotations

from .host import SIP_PORT, SIPS_PORT
from .message import Request
from .wire import Destination, Flow

DEFAULT_PORTS = {"udp": SIP_PORT, "tcp": SIP_PORT, "tls": SIPS_PORT, "ws": 80, "wss": 443}
"""Transport -> port where a Via names none (section 18.2.2, RFC 7118)."""


def response_target(request: Request, flow: Flow) -> Flow:
    """Over a reliable transport back through the flow; over UDP to the source address, and its port if rport was asked.

    The source address is what `received` holds, or the sent-by itself where they are the same. `maddr` is not followed:
    it would let a stranger choose who gets our answers.
    """
    if flow.transport != "udp" or request.asks_for_rport:
        return flow
    port = request.via.port or DEFAULT_PORTS["udp"]
    if port == flow.remote[1]:
        return flow
    return Flow("udp", flow.local, (flow.remote[0], port))


def reconnection_target(request: Request, flow: Flow) -> Destination:
    """Where a response may go when its own connection has closed: the source address and the sent-by port (18.2.2)."""
    port = request.via.port or DEFAULT_PORTS.get(flow.transport)
    return Destination(flow.remote[0], port, flow.transport)
