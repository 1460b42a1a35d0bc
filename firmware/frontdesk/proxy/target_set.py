"""Where a request to an account is tried, and in which order (RFC 3261 section 16.5, RFC 3327, RFC 5626)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

from ..directory import Directory
from ..model import Binding, BindingState
from ..sip.address import Address
from ..sip.errors import ParseError
from ..sip.host import SIP_PORT, SIPS_PORT, bare
from ..sip.uri import SIP_SCHEMES, Uri
from ..sip.wire import CONNECTABLE, SECURE, Destination, Flow, HostPort, Target
from .record_route import Side

LOOKED_UP = ("0.0.0.0", 0)
"""The box's end of what is no flow yet, but an address of a place."""


@dataclass(slots=True)
class Candidate:
    """One target: the Request-URI it gets, where it is sent, the Routes towards it."""

    uri: str
    target: Target
    side: Side
    path: tuple[str, ...] = ()
    is_spiral: bool = False
    """Whether the box sends it to itself: its own 100 says nothing of the phone."""
    others: Sequence[Candidate] = ()
    """Where the same phone is tried after it: its other flows (RFC 5626), or addresses (RFC 3263 section 4.3)."""

    @property
    def token_side(self) -> Side:
        """Its side for the token: of what the box has to find or connect to, also the address where it is asked, for
        the place may be gone or another by the dialog's end. The first one of a name is not known yet."""
        target = self.target
        if isinstance(target, Flow) or target.is_name:
            return self.side
        transport = target.transport or "udp"
        address = target.host, target.port or (SIPS_PORT if transport == "tls" else SIP_PORT)
        return Side(self.side.binding, Flow(transport, LOOKED_UP, address))

    @property
    def leads_on(self) -> bool:
        """Whether it is at a name, of which it is not known yet to how many addresses that leads."""
        return isinstance(self.target, Destination) and self.target.is_name


def target_set(
    bindings: list[Binding], directory: Directory, limit: int, number: str | None = None
) -> list[list[Candidate]]:
    """Groups to be tried one after the other, each in parallel: by q, the highest first; closed connections last. A
    device that names itself stands there once, at the flow to be tried first (RFC 5626 section 7).

    `limit`: of those that have registered; a place that was set by hand is always one. `number`: what they get as their
    Request-URI's user part, where it is not their own.
    """
    if len(bindings) == 1:  # most calls: saves 3 us
        return [[only] for _, only in by_flow(bindings, directory, number)]
    devices: dict[str, list[Binding]] = {}
    for binding in bindings:
        devices.setdefault(binding.instance or f"{binding.id}", []).append(binding)
    candidates = [pair for flows in devices.values() for pair in by_flow(flows, directory, number)[:1]]
    ordered = sorted(candidates, key=lambda pair: _order(pair[0]))
    groups: list[list[Candidate]] = []
    seen: set[tuple[str, Target]] = set()
    for _, pairs in groupby(ordered, key=lambda pair: _order(pair[0])[:2]):
        group: list[Candidate] = []
        for binding, each in pairs:
            is_by_hand = binding.state is BindingState.STATIC
            if (is_by_hand or limit > 0) and (each.uri, each.target) not in seen:
                seen.add((each.uri, each.target))
                group.append(each)
                limit -= not is_by_hand
        if group:
            groups.append(group)
    return groups


def by_flow(
    flows: Sequence[Binding], directory: Directory, number: str | None = None, own: Binding | None = None
) -> list[tuple[Binding, Candidate]]:
    """The flows of one device that there is hope for, each once, and the later ones as others of each before: those
    that seem to live, `own` before all, then the one that was refreshed last."""
    if len(flows) == 1:
        only = candidate(flows[0], directory, number)
        return [(flows[0], only)] if only is not None else []
    found: dict[tuple[str, Target], tuple[Binding, Candidate]] = {}
    for binding in sorted(flows, key=lambda each: (each.is_dead, each is not own, not each.connected, -each.seen_at)):
        way = candidate(binding, directory, number)
        if way is not None:
            found.setdefault((way.uri, way.target), (binding, way))
    ordered = list(found.values())
    for at, (_, way) in enumerate(ordered[:-1], 1):
        way.others = [other for _, other in ordered[at:]]
    return ordered


def for_scheme(groups: list[list[Candidate]], scheme: str) -> list[list[Candidate]]:
    """What is left of them for a Request-URI of that scheme: SIPS goes on as SIPS and over TLS alone, SIP never becomes
    SIPS (RFC 5630 section 5.3)."""
    if scheme == "sips":
        safe = [[way for each in group for way in _safe(each)] for group in groups]
        return [group for group in safe if group]
    for group in groups:
        for each in group:
            for way in (each, *each.others):
                if _is_sips(way.uri):
                    way.uri = "sip:" + way.uri[5:]
    return groups


def _is_sips(uri: str) -> bool:
    return uri[:5].lower() == "sips:"


def _safe(candidate: Candidate) -> list[Candidate]:
    """Its ways that are as SIPS asks, as one candidate; or none."""
    ways = [
        way
        for way in (candidate, *candidate.others)
        if way.target.transport in SECURE and _is_sips(way.uri)
    ]
    for at, way in enumerate(ways, 1):
        way.others = ways[at:]
    return ways[:1]


def _order(binding: Binding) -> tuple[bool, float, bool]:
    # The first two make the groups; a binding in doubt rings with its group, after those that are not.
    q = 1.0 if binding.q is None else binding.q
    doubtful = binding.state is BindingState.RESTORED
    return not binding.connected, -q, doubtful


def at_contact(bindings: Iterable[Binding], uri: Uri) -> Binding | None:
    """The one whose Contact that is."""
    for binding in bindings:
        contact = _parse(binding.contact)
        if contact is not None and contact.matches(uri):
            return binding
    return None


def host_of(binding: Binding) -> str:
    """That of its Contact; "" where it has none."""
    uri = _parse(binding.contact)
    return bare(uri.host) if uri is not None else ""


def place_of(binding: Binding) -> HostPort | None:
    """Host and port of its Contact."""
    uri = _parse(binding.contact)
    return place(uri) if uri is not None else None


def place(uri: Uri) -> HostPort:
    """Where it leads, without a look into the DNS (RFC 3263 section 4.2)."""
    return bare(uri.host).lower(), uri.port or (SIPS_PORT if transport_of(uri) == "tls" else SIP_PORT)


def user_of(binding: Binding) -> str | None:
    """That of its Contact."""
    uri = _parse(binding.contact)
    return uri.user if uri is not None else None


def candidate(binding: Binding, directory: Directory, number: str | None = None) -> Candidate | None:
    """The target of a binding, or None where there is no hope to reach it."""
    target = target_of(binding, directory)
    if target is None:
        return None
    flow = target if isinstance(target, Flow) else None
    uri = request_uri(binding.contact)
    where = _numbered(uri, number) if number else uri
    is_spiral = isinstance(target, Destination) and directory.listens_on((target.host, target.port or SIP_PORT))
    return Candidate(where, target, Side(binding.id, flow), binding.path, is_spiral)


def _numbered(text: str, number: str) -> str:
    uri = _parse(text)
    return text if uri is None else str(replace(uri, user=number, password=None))


def target_of(binding: Binding, directory: Directory) -> Target | None:
    """Where it is reached, or None."""
    if binding.path:
        return _first_hop(binding, directory)
    uri = _parse(binding.contact)
    if uri is not None and _is_elsewhere(uri, binding, directory):
        return _own_listener(uri, directory)
    if binding.flow is None:
        return destination(uri)
    if binding.connected:
        return binding.flow
    # The connection is closed: the phone may listen where its Contact says, unless that is behind a router, or it
    # would have to show a certificate, which no phone has (RFC 5630 section 3.1.1).
    is_there = uri is not None and bare(uri.host) == binding.flow.remote[0] and binding.flow.transport not in SECURE
    return destination(uri) if is_there else None


def _is_elsewhere(uri: Uri, binding: Binding, directory: Directory) -> bool:
    """Whether the Contact names somebody else at this box, a spiral; one's own name there is a phone's mistake."""
    if not uri.user or not directory.serves(uri.host, uri.port):
        return False
    account = directory.resolve(uri.user)
    return account is not None and account.aor != binding.aor


def _own_listener(uri: Uri, directory: Directory) -> Destination:
    """Where the box hears its own requests: by UDP, whose source shows that they are its own, without a socket where it
    has none; a name needs no DNS."""
    place, heard = (uri.host, uri.port or SIP_PORT), directory.clear or directory.addresses
    host, port = place if place in heard else min(heard, default=place)
    return Destination(bare(host), port, "udp")


def _first_hop(binding: Binding, directory: Directory) -> Target | None:
    """The first Path URI; it is the flow where the registration came from there.

    It is believed at the host of the flow, or where a trusted peer wrote it: any account can name a place, and others
    trust the box where they would not trust it.
    """
    flow, hop = binding.flow, destination(_parse_address(binding.path[0]))
    if flow is None:
        return hop
    if hop is not None and hop.host != flow.remote[0] and not directory.trusts(flow):
        hop = None
    if not binding.connected:
        return hop if hop is None or flow.transport not in SECURE or hop.transport in SECURE else None
    if hop is None or (hop.host, hop.port or SIP_PORT) == flow.remote or flow.reliable:
        return flow  # what came over a connection goes back over it: the proxy in front may be behind a router itself
    return hop


def destination(uri: Uri | None) -> Destination | None:
    """Where a URI leads (RFC 3263 section 4), or None: not SIP, or a host that is none (.invalid: JsSIP, SIP.js)."""
    if uri is None or uri.scheme not in SIP_SCHEMES or uri.host.endswith(".invalid"):
        return None
    transport = transport_of(uri)
    return Destination(bare(uri.host), uri.port, transport) if (transport or "udp") in CONNECTABLE else None


def transport_of(uri: Uri) -> str | None:
    """What a URI asks for: SIPS TLS (RFC 3261 section 26.2.2), any other what it says, or None."""
    return "tls" if uri.scheme == "sips" else (uri.parameters.get("transport") or "").lower() or None


def request_uri(contact: str) -> str:
    """A Contact's URI without what has no place in a Request-URI: headers and method (RFC 3261 section 19.1.1)."""
    if "?" not in contact and ";method=" not in contact.lower():
        return contact
    uri = _parse(contact)
    if uri is None or uri.scheme not in SIP_SCHEMES:
        return contact
    parameters = {name: value for name, value in uri.parameters.items() if name != "method"}
    return str(Uri(uri.scheme, uri.user, uri.password, uri.host, uri.port, parameters))


# Contacts and Paths are read at each call to the phone and change seldom: the caches save about 4 us of a call.
@lru_cache(maxsize=4096)
def _parse(text: str) -> Uri | None:
    try:
        return Uri.parse(text)
    except ParseError:
        return None


@lru_cache(maxsize=1024)
def _parse_address(text: str) -> Uri | None:
    try:
        return Address.parse(text).uri
    except ParseError:
        return None
