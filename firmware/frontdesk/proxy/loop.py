"""Loop detection and Max-Breadth (RFC 5393): a branch carries a hash of what decided where the request went."""

from __future__ import annotations

from collections.abc import Container
from zlib import crc32

from ..sip.errors import ParseError, Rejection
from ..sip.grammar import parse_number
from ..sip.host import SIP_PORT
from ..sip.message import Request
from ..sip.via import MAGIC_COOKIE, Via


def loop_hash(request: Request) -> str:
    """The second part of a branch: Request-URI and Route as received (section 4.2.1), Call-ID, CSeq number (4.2.4).

    Never the method: a CANCEL and an ACK share the branch. 32 bits are enough, and a CRC does (section 4.2.4).
    """
    parts = [request.uri_text, *request.lines("route"), request.call_id, str(request.cseq.number)]
    text = "\n".join(parts).encode("utf-8", "surrogateescape")
    return f"{crc32(text):08x}"


def make_branch(unique: str, second_part: str) -> str:
    """A branch parameter: globally unique first part, then the hash ("" where the request cannot fork: in a dialog)."""
    return f"{MAGIC_COOKIE}{unique}.{second_part}" if second_part else MAGIC_COOKIE + unique


def detect_loop(request: Request, own: Container[tuple[str, int]]) -> None:
    """Section 4.2.2: raises Rejection(482) where a Via of the box carries the hash that this request would get."""
    if request.has_one_via:
        return  # straight from its sender: this box has not seen it
    second_part = ""
    for value in request.values("via"):
        branch = _own_branch(value, own)
        if branch:
            second_part = second_part or loop_hash(request)
            if branch.rpartition(".")[2] == second_part:
                raise Rejection(482)


def _own_branch(value: str, own: Container[tuple[str, int]]) -> str | None:
    # Another element's Via may look as it likes (section 4.2.4): what cannot be read is not ours.
    try:
        via = Via.parse(value)
    except ParseError:
        return None
    return via.branch if (via.host, via.port or SIP_PORT) in own else None


def incoming_breadth(request: Request, maximum: int) -> int:
    """Section 5.3.3: what the request brings, at most `maximum`, which is also the default. Raises Rejection(400)."""
    value = request.first("max-breadth")
    if value is None:
        return maximum
    number = parse_number(value)
    if number is None:
        raise Rejection(400, "Max-Breadth is no number")
    return min(number, maximum)


def shares(breadth: int, branches: int) -> list[int]:
    """`breadth` divided among parallel branches, the first ones getting what is left over.

    Raises Rejection(440) where it does not reach: were the box to fork serially instead, the attack of section 3 would
    only be spread over time.
    """
    if breadth < branches:
        raise Rejection(440)
    if branches == 1:  # nearly always
        return [breadth]
    share, more = divmod(breadth, branches)
    return [share + (number < more) for number in range(branches)]
