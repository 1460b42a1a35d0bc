"""Signed Record-Route tokens: who may follow a dialog, and where its two sides are (RFC 3261 section 16.6 step 4).

The user part of the box's Record-Route is base64url of caller's side, callee's side, who From and To were, and MAC. The
MAC covers the Call-ID and the initiator's tag besides all of that, so that a token opens nothing but its own dialog. A
side is the id of a binding, which stays when the phone reconnects, and the flow that it was last seen on. The box keeps
no state for it: calls outlive a restart. Whoever overhears a token has no use of it elsewhere: it lets in what comes
from a side's host, under the name that this side had.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest

from ..sip.grammar import unescape
from ..sip.message import Request
from ..sip.uri import Uri
from ..sip.wire import Flow, HostPort

MAC_SIZE = 12
"""Bytes of the keyed hash: 96 bits."""
PARTIES_SIZE = 4
"""Bytes of the keyed hash of From and To: nobody but the box can try out which others have the same."""
MIN_LENGTH = 24
"""Characters: no token is shorter (two sides of 6 bytes, 4 of the parties and the MAC make 38), most user parts are."""
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
    """The initiator's tag, "" where it has none."""
    is_named: bool
    """Whether From and To are those that they were when it was set up (RFC 3261 section 12.2.1.1)."""


Parties = tuple[str, str]
"""Who From and To of the first request were."""


@dataclass(slots=True)
class _Minted:
    """What a good token says."""

    sides: tuple[Side, Side]
    parties: Parties | bytes
    """Hashed, where the token was made before the last start."""
    uris: tuple[Uri, Uri] | None = None
    """Those that were found to name them: what comes again is mostly the very same object."""


class Tokens:
    """Mints and verifies tokens under the box's key (kept in the database). It remembers good ones, but needs none."""

    def __init__(self, key: bytes) -> None:
        self._key = blake2b(key, digest_size=32).digest()
        self._known: dict[tuple[str, str, str], _Minted] = {}

    def mint(self, request: Request, caller: Side, callee: Side) -> str:
        """The token of the dialog that this request sets up."""
        initiator = request.from_.tag or ""
        parties = _party(request.from_.uri), _party(request.to.uri)
        payload = _pack(caller.binding, caller.flow) + _pack(callee.binding, callee.flow) + self._hash(parties)
        token = _encode(payload + self._mac(payload, request.call_id, initiator))
        uris = request.from_.uri, request.to.uri
        self._remember(token, request.call_id, initiator, _Minted((caller, callee), parties, uris))
        return token

    def verify(self, token: str, request: Request) -> Dialog | None:
        """The dialog, where the token is good for its Call-ID and From's or To's tag. The initiator may have none, as
        before RFC 3261 (section 12.1.1); the other side has one."""
        from_tag, to_tag, call_id = request.from_.tag, request.to.tag, request.call_id
        ends = (1, from_tag or "", to_tag), (0, to_tag or "", from_tag)
        for towards, initiator, other in ends:
            minted = self._known.get((token, call_id, initiator)) if other else None
            if minted is not None:
                return self._dialog(token, minted, request, initiator, towards)
        payload, mac = _decode(token)
        for towards, initiator, other in ends if payload else ():
            if other and compare_digest(mac, self._mac(payload, call_id, initiator)):
                minted = _Minted(_unpack(payload[:-PARTIES_SIZE]), payload[-PARTIES_SIZE:])
                self._remember(token, call_id, initiator, minted)
                return self._dialog(token, minted, request, initiator, towards)
        return None

    def _dialog(self, token: str, minted: _Minted, request: Request, initiator: str, towards: int) -> Dialog:
        uris = (request.from_.uri, request.to.uri) if towards else (request.to.uri, request.from_.uri)
        known = minted.uris
        is_named = known is not None and known[0] is uris[0] and known[1] is uris[1]
        if not is_named and self._are(minted.parties, (_party(uris[0]), _party(uris[1]))):
            is_named, minted.uris = True, uris
        return Dialog(token, minted.sides[towards], minted.sides[1 - towards], initiator, is_named)

    def _are(self, known: Parties | bytes, parties: Parties) -> bool:
        return compare_digest(known, self._hash(parties)) if isinstance(known, bytes) else known == parties

    def _remember(self, token: str, call_id: str, initiator: str, minted: _Minted) -> None:
        """What was found good need not be hashed again: it saves 10 us of each request in a dialog."""
        if len(self._known) >= MAX_KNOWN:
            del self._known[next(iter(self._known))]
        self._known[token, call_id, initiator] = minted

    def _hash(self, parties: Parties) -> bytes:
        texts = [party.encode("utf-8", "surrogateescape") for party in parties]
        return blake2b(b"%d " % len(texts[0]) + texts[0] + texts[1], key=self._key, digest_size=PARTIES_SIZE).digest()

    def _mac(self, payload: bytes, call_id: str, initiator: str) -> bytes:
        # The lengths stand first, so that no two different triples hash the same bytes.
        texts = call_id.encode("utf-8", "surrogateescape"), initiator.encode("utf-8", "surrogateescape")
        head = b"%d %d " % (len(payload), len(texts[0]))
        return blake2b(head + payload + texts[0] + texts[1], key=self._key, digest_size=MAC_SIZE).digest()


def _party(uri: Uri) -> str:
    """Who a URI names: user and host, whatever port and parameters a phone adds to it."""
    return f"{unescape(uri.user or '')}@{uri.host.lower()}"


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(token: str) -> tuple[bytes, bytes]:
    """Payload and MAC; empty where it is no token."""
    try:
        data = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return b"", b""
    # Written back it must be the same: base64 has spare bits, and the decoder skips what is no part of it.
    if len(data) <= PARTIES_SIZE + MAC_SIZE or _encode(data) != token:
        return b"", b""
    return data[:-MAC_SIZE], data[-MAC_SIZE:]


# A phone's side is the same in each of its calls: the two caches save about 15 us of a call.
@lru_cache(maxsize=2048)
def _pack(binding: int, flow: Flow | None) -> bytes:
    place = _pack_flow(flow) if flow else b""
    return binding.to_bytes(5, "big") + bytes((len(place),)) + place


def _unpack(payload: bytes) -> tuple[Side, Side]:
    """The inverse of two `_pack`. Only bytes whose MAC is good come here, so they are as they were written."""
    middle = 6 + payload[5]
    return _unpack_side(payload[:middle]), _unpack_side(payload[middle:])


def _unpack_side(data: bytes) -> Side:
    return Side(int.from_bytes(data[:5], "big"), _unpack_flow(data[6:]) if data[5] else None)


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
