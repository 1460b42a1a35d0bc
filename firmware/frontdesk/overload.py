"""Overload: what waits to be worked on, what is refused when that is too much, and how (RFC 3261 section 21.5.4).

As long as all that came can be worked on in one turn nothing of this is used. Else it waits in three lanes. What
carries work to its end (responses, ACK, BYE, CANCEL, whatever has credentials or a To tag) goes first; then calls and
registrations that begin take turns, so that a call does not stand behind 2,000 phones, nor they behind a flood of
calls. What begins and has waited for too long or stands behind too much gets a 503, made from its bytes without parsing
them, and nothing is kept of it. Senders come back at different times, so the box recovers by itself.

What was let through takes memory until it is answered, which may be never. Who has as much open as is left for all gets
a 503, too.
"""

from __future__ import annotations

from collections import OrderedDict
from math import inf
from typing import NamedTuple
from zlib import crc32

from .sip.response_target import DEFAULT_PORTS
from .sip.wire import Flow

REGISTER_PATIENCE = 12.0
"""Seconds that a REGISTER may wait: a phone gives up after 32 s, and a late 401 is better for it than an early 503. So
2,000 phones at once are served even by a board that registers 200 a second."""
CALL_PATIENCE = 4.0
"""Seconds that a call, or whatever else begins, may wait: somebody listens."""
MAX_BEGINNING = 2048
"""Registrations, and as many calls, that may wait to begin: one of each of 2,000 phones. With room for
8,192 no more of 19,000 were served at once, but they sent three times as many retransmissions while they waited."""
MAX_WAITING = 8192
"""Datagrams that may wait to end something: all that 2,000 phones send in two registrations."""
MAX_BYTES = 16 << 20
"""Of all that waits: twice as many messages of 1 kB."""
SHARE = 8
"""Of so many that are worked on one begins something, though others wait to end: credentials are easily made up, and a
flood of them would let nobody call."""
SOONEST, LATEST = 5, 60
"""Seconds in Retry-After: 20,000 phones come back at 360 a second."""
ROOM = 64 << 20
"""Bytes for all requests that are open, an eighth of the smallest boards: of usual ones, one sender may have 4,000."""
ENDING = 3
"""What ends something may take so many times as much of what is left: a BYE waits for nobody else's answer."""

_METHODS = b"register", b"invite", b"subscribe", b"message", b"options", b"publish", b"refer", b"notify", b"info"
_BEGINS = tuple(method + b" " for method in _METHODS)
_CREDENTIALS = (b"\nauthorization:", b"\nproxy-authorization:")
_RANKS = {b"SIP": 0, b"ACK": 1, b"REG": 2, b"BYE": 4}
"""How a datagram begins -> its rank; an ACK ends what its phone has asked before, and nothing follows a BYE."""
_OTHER = 3
_ECHOED = {
    b"via": b"Via", b"v": b"Via", b"from": b"From", b"f": b"From", b"to": b"To", b"t": b"To",
    b"call-id": b"Call-ID", b"i": b"Call-ID", b"cseq": b"CSeq",
}  # fmt: skip
"""Header as it may be written -> as the answer writes it (section 8.2.6.2)."""

_Lane = OrderedDict[tuple[bytes, Flow], float]
"""Datagrams in the order in which they came, and when that was."""


class Waiting(NamedTuple):
    """A datagram out of the inbox."""

    data: bytes
    flow: Flow
    overdue: bool
    """It begins something, and has waited for too long: to be refused."""


class Inbox:
    """Datagrams that wait for their turn, each once: what a sender repeats meanwhile is dropped."""

    def __init__(self) -> None:
        self._ending: _Lane = OrderedDict()
        self._calls: _Lane = OrderedDict()
        self._registrations: _Lane = OrderedDict()
        self._next = self._calls
        self._bytes = self._taken = 0
        self.refused_at = -inf
        """When one was refused last; its driver keeps it."""

    def __len__(self) -> int:
        return len(self._ending) + len(self._calls) + len(self._registrations)

    def oldest(self, now: float) -> float:
        """Seconds that the one which waits for the longest has waited; 0 where nothing waits."""
        lanes = self._ending, self._calls, self._registrations
        return max((now - next(iter(lane.values())) for lane in lanes if lane), default=0.0)

    def admit(self, data: bytes, flow: Flow, now: float, *, registrations: bool = True) -> bool:
        """Takes a datagram in; False: it is to be refused. Without `registrations` no REGISTER may begin.

        What carries work to its end is never refused: if not even that can wait it is dropped as if the network had
        lost it, and comes again.
        """
        beginning = begins_something(data)
        lane = self._lane(data) if beginning else self._ending
        if lane is self._registrations and not registrations:
            return False
        key = data, flow
        if key in lane:
            return True
        most = MAX_BEGINNING if beginning else MAX_WAITING
        if len(lane) >= most or self._bytes + len(data) > MAX_BYTES:
            return not beginning
        lane[key] = now
        self._bytes += len(data)
        return True

    def take(self, now: float) -> Waiting | None:
        """The next one to work on, or to refuse; None: nothing waits."""
        self._taken += 1
        lane = (self._taken % SHARE == 0 and self._beginning()) or self._ending or self._beginning()
        if not lane:
            return None
        (data, flow), since = lane.popitem(last=False)
        self._bytes -= len(data)
        return Waiting(data, flow, now - since > self._patience(lane))

    def _lane(self, data: bytes) -> _Lane:
        return self._registrations if data.startswith(b"REGISTER") else self._calls

    def _patience(self, lane: _Lane) -> float:
        if lane is self._ending:
            return inf
        return REGISTER_PATIENCE if lane is self._registrations else CALL_PATIENCE

    def _beginning(self) -> _Lane:
        first = self._next
        second = self._next = self._registrations if first is self._calls else self._calls
        return first or second


class Room:
    """The memory that requests take while they are open. Each sender may have as much of it as is left: one whom nobody
    answers gets half, two get a third each, and whoever comes then finds as much."""

    def __init__(self, size: int = ROOM) -> None:
        self.left = size
        self.taken: dict[str, int] = {}
        """By the names of those who have something open."""

    def is_used_up(self, sender: str, *, ends: bool = False) -> bool:
        """Whether nothing more of his is let through; `ends`: what ends something."""
        return self.left <= 0 or self.taken.get(sender, 0) >= (self.left * ENDING if ends else self.left)

    def take(self, sender: str, size: int) -> None:
        """A request of so many bytes, with all that it needs, is open."""
        self.taken[sender] = self.taken.get(sender, 0) + size
        self.left -= size

    def give_back(self, sender: str, size: int) -> None:
        """It is open no longer."""
        self.left += size
        rest = self.taken[sender] - size
        if rest:
            self.taken[sender] = rest
        else:
            del self.taken[sender]


def rank(datagram: tuple[bytes, Flow]) -> int:
    """When it is that datagram's turn among those that came together: the lowest goes first, and all of a rank in the
    order in which they came. No request overtakes another of its dialog (see _RANKS)."""
    return _RANKS.get(datagram[0][:3], _OTHER)


def begins_something(data: bytes) -> bool:
    """Whether it is a request that starts new work: outside of a dialog, and not the second half of a login."""
    head = data.partition(b"\r\n\r\n")[0].lower()
    if not head.startswith(_BEGINS) or any(name in head for name in _CREDENTIALS):
        return False
    at = max(head.find(b"\nto:"), head.find(b"\nto "), head.find(b"\nt:"))
    return b";tag=" not in head[at : head.find(b"\r", at)]


def refusal(data: bytes, flow: Flow) -> tuple[bytes, Flow] | None:
    """The 503 and where it goes (sections 18.2.1 and 18.2.2); None where the request is not of the usual shape.

    Each copy of a request gets the same answer (section 8.2.7).
    """
    lines = data.partition(b"\r\n\r\n")[0].split(b"\r\n")
    if any(line.startswith((b" ", b"\t")) for line in lines):
        return None  # a header on more than one line
    found = [(_ECHOED.get(name.lower()), value.strip()) for name, _, value in (each.partition(b":") for each in lines)]
    vias = [value for name, value in found if name == b"Via"]
    values = {name: value for name, value in found if name}
    stamped = _stamped(vias[0], flow) if len(values) == len(set(_ECHOED.values())) else None
    if stamped is None:
        return None
    vias[0], target = stamped
    call_id = values[b"Call-ID"]
    values[b"To"] += b";tag=%08x" % crc32(call_id)
    answer = [b"SIP/2.0 503 Service Unavailable", *(b"Via: " + via for via in vias)]
    answer += [b"%b: %b" % (name, values[name]) for name in (b"From", b"To", b"Call-ID", b"CSeq")]
    answer += [b"Retry-After: %d" % retry_after(call_id), b"Content-Length: 0", b"", b""]
    return b"\r\n".join(answer), target


def _stamped(via: bytes, flow: Flow) -> tuple[bytes, Flow] | None:
    first, comma, rest = via.partition(b",")
    host, port = flow.remote
    if not first.startswith(b"SIP/2.0/") or b";received" in first or b";rport=" in first:
        return None
    if b";rport" in first:
        stamped = first.replace(b";rport", b";received=%b;rport=%d" % (host.encode(), port), 1)
        return stamped + comma + rest, flow
    stamped = first + b";received=" + host.encode()
    digits = first.partition(b";")[0].rpartition(b":")[2].strip()
    to = int(digits) if digits.isdigit() and len(digits) < 6 else DEFAULT_PORTS["udp"]
    return stamped + comma + rest, Flow("udp", flow.local, (host, to))


def retry_after(call_id: bytes) -> int:
    """Seconds, spread evenly over devices and the same for each copy of a request."""
    return SOONEST + crc32(call_id) % (LATEST - SOONEST + 1)
