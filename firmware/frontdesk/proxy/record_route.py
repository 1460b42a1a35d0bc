"""Signed Record-Route tokens: who may follow a dialog, and where its two sides are (RFC 3261 section 16.6 step 4).

The user part of the box's Record-Route is base64url of caller's side, callee's side and MAC. The MAC covers the Call-ID
and the initiator's tag besides both sides, so that a token opens nothing but its own dialog. A side is the id of a
binding, which stays when the phone reconnects, and the flow that it was last seen on. The box keeps no state for it:
calls outlive a restart. Whoever overhears a token has no use of it elsewhere: it lets in what comes from a side's host.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest

from ..sip.wire import Flow, HostPort

MAC_SIZE = 12
"""Bytes of the keyed hash: 96 bits."""
MIN_LENGTH = 24
"""Characters: no token is shorter (two sides of 6 bytes and the MAC make 32), most user parts are."""
MAX_KNOWN = 512
"""Good tokens remembered, some 500 bytes each."""

_TRANSPORTS = ("udp", "tcp", "tls", "ws", "wss")  # by the octet that stands for them


@dataclass(slots=True)
class Side:
    """One end of a dialog: its binding (0: none) and the flow it was seen on (None: its URI is followed)."""

    binding: int
    flow: Flow | None


@dataclass(slots=True)
class Dialog:
    """A token that was found good, and the sides that this request goes to and should come from."""

    token: str
    side: Side
    sender: Side
    initiator: str
    """The initiator's tag."""


class Tokens:
    """Mints and verifies tokens under the box's key (kept in the database). It remembers good ones, but needs none."""

    def __init__(self, key: bytes) -> None:
        self._key = blake2b(key, digest_size=32).digest()
        self._known: dict[tuple[str, str, str], tuple[Side, Side]] = {}

    def mint(self, call_id: str, initiator: str, caller: Side, callee: Side) -> str:
        """The token of a dialog that is being set up."""
        payload = _pack(caller) + _pack(callee)
        token = _encode(payload + self._mac(payload, call_id, initiator))
        self._remember(token, call_id, initiator, (caller, callee))
        return token

    def verify(self, token: str, call_id: str, sender: str | None, receiver: str | None) -> Dialog | None:
        """The dialog, where the token is good for that Call-ID and From's or To's tag; both must be there."""
        if sender and receiver:
            for initiator, towards in ((sender, 1), (receiver, 0)):
                sides = self._known.get((token, call_id, initiator))
                if sides is not None:
                    return Dialog(token, sides[towards], sides[1 - towards], initiator)
        payload, mac = _decode(token)
        if not payload or not sender or not receiver:
            return None
        for initiator, towards in ((sender, 1), (receiver, 0)):
            if compare_digest(mac, self._mac(payload, call_id, initiator)):
                sides = _unpack(payload)
                self._remember(token, call_id, initiator, sides)
                return Dialog(token, sides[towards], sides[1 - towards], initiator)
        return None

    def _remember(self, token: str, call_id: str, initiator: str, sides: tuple[Side, Side]) -> None:
        """What was found good need not be hashed again: it saves 10 us of each request in a dialog."""
        if len(self._known) >= MAX_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[token, call_id, initiator] = sides

    def _mac(self, payload: bytes, call_id: str, initiator: str) -> bytes:
        # The lengths stand first, so that no two different triples hash the same bytes.
        texts = call_id.encode("utf-8", "surrogateescape"), initiator.encode("utf-8", "surrogateescape")
        head = b"%d %d " % (len(payload), len(texts[0]))
        return blake2b(head + payload + texts[0] + texts[1], key=self._key, digest_size=MAC_SIZE).digest()


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(token: str) -> tuple[bytes, bytes]:
    """Payload and MAC; empty where it is no token."""
    try:
        data = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return b"", b""
    # Written back it must be the same: base64 has spare bits, and the decoder skips what is no part of it.
    if len(data) <= MAC_SIZE or _encode(data) != token:
        return b"", b""
    return data[:-MAC_SIZE], data[-MAC_SIZE:]


def _pack(side: Side) -> bytes:
    flow = _pack_flow(side.flow) if side.flow else b""
    return side.binding.to_bytes(5, "big") + bytes((len(flow),)) + flow


def _unpack(payload: bytes) -> tuple[Side, Side]:
    """The inverse of two `_pack`. Only bytes whose MAC is good come here, so they are as they were written."""
    middle = 6 + payload[5]
    return _unpack_side(payload[:middle]), _unpack_side(payload[middle:])


def _unpack_side(data: bytes) -> Side:
    return Side(int.from_bytes(data[:5], "big"), _unpack_flow(data[6:]) if data[5] else None)


# A phone's flow is the same in each of its calls: the two caches save about 15 us of a call.
@lru_cache(maxsize=2048)
def _pack_flow(flow: Flow) -> bytes:
    ends = _pack_end(flow.local) + _pack_end(flow.remote)
    return bytes((_TRANSPORTS.index(flow.transport),)) + flow.connection.to_bytes(5, "big") + ends


@lru_cache(maxsize=2048)
def _unpack_flow(data: bytes) -> Flow:
    local, rest = _unpack_end(data[6:])
    remote, _ = _unpack_end(rest)
    return Flow(_TRANSPORTS[data[0]], local, remote, int.from_bytes(data[1:6], "big"))


def _pack_end(end: HostPort) -> bytes:
    """IPv4: 0 and four octets; else the length and the text, which may carry a scope."""
    host, port = end
    if ":" in host:
        text = host.encode("ascii")
        return bytes((len(text),)) + text + port.to_bytes(2, "big")
    return bytes((0, *map(int, host.split(".")))) + port.to_bytes(2, "big")


def _unpack_end(data: bytes) -> tuple[HostPort, bytes]:
    length = data[0]
    after = 1 + (length or 4)
    host = data[1:after].decode("ascii") if length else ".".join(map(str, data[1:after]))
    return (host, int.from_bytes(data[after : after + 2], "big")), data[after + 2 :]
