"""What a branch sends: the received request with its own Via, Record-Route and Max-Forwards.

RFC 3261 section 16.6, RFC 3581, RFC 5393, RFC 5658.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

from ..directory import Directory
from ..sip.address import Address
from ..sip.digest import Credentials
from ..sip.errors import ParseError
from ..sip.host import SIP_PORT, bare
from ..sip.message import Field, Request, make_field
from ..sip.plain_request import Form, PlainRequest
from ..sip.wire import WEB, Flow, HostPort, Target, hostport

MAX_FORWARDS = 70
"""For a request that brings none (section 16.6 step 3)."""
RECORD_ROUTED = frozenset({"INVITE", "SUBSCRIBE", "REFER", "NOTIFY"})
"""Methods that set up a dialog, or a subscription beside it."""

_ROUTE_TRANSPORTS = {
    "udp": "", "tcp": ";transport=tcp", "tls": ";transport=tls", "ws": ";transport=ws", "wss": ";transport=ws",
}  # fmt: skip

_REALM = " realm=", ",realm="

Hop = tuple[str, str]
"""A transport in lower case, and host:port of the box, which is heard so there."""
_HEARD = ("udp", "tcp", "tls")

IDENTITIES = ("p-asserted-identity", "remote-party-id")
"""Who a trusted peer says that the caller is: from anybody else it is a forgery (RFC 3325 section 5)."""
SPENT = ("max-breadth", "p-preferred-identity")
"""What is for the box alone (RFC 3325 section 6: it asserts nobody's identity)."""
DROPPED = {
    (identity, routes): (*SPENT, *(() if identity else IDENTITIES), *(() if routes else ("route",)))
    for identity, routes in product((False, True), repeat=2)
}
"""(identity, Routes), whether each goes on -> the headers that do not."""


def is_private(request: Request) -> bool:
    """Whether the caller's identity is for trusted peers alone (RFC 3325 section 7)."""
    return any(value.strip().lower() == "id" for line in request.lines("privacy") for value in line.split(";"))


def shared_fields(request: Request, realm: str, dropped: tuple[str, ...]) -> list[Field]:
    """Steps 1, 3 and 9, the same for each branch: all fields but what it puts itself, Max-Forwards lowered by one.

    Credentials for the box itself end here; they are nobody else's business (section 22.3).
    """
    fields: list[Field] = []
    max_forwards = length = False
    for field in request.fields:
        key = field[0]
        if key == "max-forwards":
            fields.append(_lowered(field))
            max_forwards = True
        elif key in dropped or (key == "proxy-authorization" and _realm(field[1]) == realm):
            continue
        else:
            length = length or key == "content-length"
            fields.append(field)
    if not max_forwards:
        fields.append(make_field("max-forwards", str(MAX_FORWARDS)))
    if not length:
        fields.append(make_field("content-length", str(len(request.body))))
    return fields


def shared_lines(request: Request, realm: str, dropped: tuple[str, ...]) -> bytes | None:
    """The same, encoded, of a request that is still lines of bytes; None of any other."""
    raw = request.raw if isinstance(request, PlainRequest) else None
    if raw is None:
        return None
    form, lines = raw[0], raw[1].copy()
    lines[form.hops] = b"Max-Forwards: %d" % (request.hops - 1 if request.hops else 0)
    gone = _dropped_lines(form, dropped)
    credentials = form.places.get("proxy-authorization")
    if credentials is not None:
        values = [(number, lines[number][start:].decode("utf-8", "surrogateescape")) for number, start in credentials]
        gone = sorted([*gone, *[number for number, value in values if _realm(value) == realm]], reverse=True)
    for number in gone:
        del lines[number]
    return b"\r\n".join(lines)


@lru_cache(maxsize=256)
def _dropped_lines(form: Form, dropped: tuple[str, ...]) -> list[int]:
    """Their numbers in each request of that form, the last one first."""
    return sorted((number for key in dropped for number, _ in form.places.get(key, ())), reverse=True)


def _lowered(field: Field) -> Field:
    value = str(max(int(field[1]) - 1, 0))
    return "max-forwards", value, "Max-Forwards: " + value


def _realm(credentials: str) -> str | None:
    pieces = credentials.split('"')  # those at odd places stood in quotes
    for at in range(0, len(pieces) - 1, 2):
        if pieces[at].endswith(_REALM) and "\\" not in credentials:
            return pieces[at + 1]
    try:  # written in some other way; parsing all of them would cost each call 5 us
        return Credentials.parse(credentials).realm
    except ParseError:
        return None


def local_hop(target: Target, directory: Directory) -> Hop:
    """The box's end towards a target: the flow's own, or the listener that suits one that is still to be connected,
    that the box has connected to, or that has talked to an address which the box has left: of another transport where
    the box is not heard by that one."""
    if isinstance(target, Flow) and (directory.listens_on(target.local) or target.transport in WEB):
        return target.transport, sent_by_of(target.local)
    if isinstance(target, Flow) and target.transport == "tls" and not directory.secure:
        return target.transport, sent_by_of(target.local)  # TLS is no longer heard anew, but that connection lives on
    there = target.remote[0] if isinstance(target, Flow) else target.host
    v6, loopback = ":" in there, there == "::1" or there.startswith("127.")
    source = directory.way_out(there)  # of several, or what is sent back would find no way here
    transport = next((by for by in (target.transport or "udp", *_HEARD) if directory.heard_by(by)), "udp")
    host, port = min(
        directory.heard_by(transport),
        key=lambda end: (_distance(end[0], v6, loopback), bare(end[0]) != source, end),
        default=("127.0.0.1", SIP_PORT),
    )
    return transport, f"{host}:{port}"


def _distance(host: str, v6: bool, loopback: bool) -> tuple[bool, bool]:
    return host.startswith("[") != v6, (host == "[::1]" or host.startswith("127.")) != loopback


@lru_cache(maxsize=64)
def sent_by_of(end: HostPort) -> str:
    """As it stands in a URI and a Via, where a scope has no place (RFC 3261 section 25.1)."""
    return hostport((end[0].partition("%")[0], end[1]))


def via(target: Target, hop: Hop, branch: str) -> str:
    """Step 8: by the transport of the request itself."""
    return _via_before_branch(target.transport or "udp", hop[1]) + branch


@lru_cache(maxsize=64)
def _via_before_branch(transport: str, sent_by: str) -> str:
    """With rport over UDP, so that the answer comes back through a router (RFC 3581 section 3)."""
    rport = ";rport" if transport == "udp" else ""
    return f"Via: SIP/2.0/{transport.upper()} {sent_by}{rport};branch="


def record_routes(token: str, incoming: Hop, outgoing: Hop, scheme: str = "sip") -> list[str]:
    """Step 4: one value, or two where the sides differ in transport or address, the next hop's first (RFC 5658).
    `scheme`: the Request-URI's."""
    if incoming == outgoing:
        return [_record_route(token, outgoing, scheme)]
    return [_record_route(token, outgoing, scheme), _record_route(token, incoming, scheme)]


def _record_route(token: str, hop: Hop, scheme: str) -> str:
    transport, sent_by = hop
    # transport=tls is deprecated (section 26.2.2), and RFC 5658 section 6.2 wants SIPS in its place. But phones that
    # know no SIPS Route end the call (baresip 1.0: ENOSYS), and all send to this one.
    is_safe = scheme == "sips" and transport == "tls"
    start, parameter = ("sips", "") if is_safe else ("sip", _ROUTE_TRANSPORTS[transport])
    return f"Record-Route: <{start}:{token}@{sent_by};lr{parameter}>"


def as_field(line: str) -> Field:
    """One of these lines as the field that it is."""
    name, _, value = line.partition(": ")
    return name.lower(), value, line


def postprocess_routes(request: Request) -> None:
    """Step 6: before a strict router the Request-URI goes last into the Route, and the first Route takes its place."""
    try:
        routes = request.values("route")
        first = Address.parse(routes[0]).uri
    except (ParseError, IndexError):
        return  # a Path that cannot be read goes out as it was registered
    if "lr" in first.parameters:
        return
    request.replace("route", [*routes[1:], f"<{request.uri_text}>"])
    request.retarget(str(first))
