"""The two sides of a dialog: who may speak for one, and where it is reached (RFC 3261 sections 12.2 and 16.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ..directory import Directory
from ..location import LocationService
from ..model import Account, AddressOfRecord, Binding, username_of
from ..sip.errors import Rejection, Rule
from ..sip.grammar import unescape
from ..sip.host import SIP_PORT, bare
from ..sip.message import Request
from ..sip.uri import Uri
from ..sip.wire import RELIABLE, Destination, Flow, HostPort, Target
from .admission import Caller, check_from
from .calls import Call
from .parties import contact_of
from .record_route import Dialog, Side
from .routing import Routed
from .target_set import LOOKED_UP, Candidate, at_contact, by_flow, place, place_of, target_of, transport_of, user_of

MAX_PROVEN = 512
"""Sides of dialogs who have shown a password that are remembered."""
MAX_CLOSED = 64
"""Connections of peers that were found closed and are remembered."""
FOLLOWED = frozenset({"INVITE", "UPDATE", "ACK", "PRACK", "INFO", "BYE"})
"""What goes after a phone that has registered anew: none of them does more in a dialog than outside of one."""


class Proven(NamedTuple):
    """The last INVITE of a side of a dialog that a password let in: its CSeq number, whence, when and whose."""

    number: int
    flow: Flow
    at: float
    aor: AddressOfRecord


class Sides:
    """What the location service, the directory and a token say of a dialog's sides. Of its own it keeps who has shown a
    password in a dialog, and which peers' connections are closed."""

    def __init__(self, location: LocationService, directory: Directory) -> None:
        self._location = location
        self._directory = directory
        self._proven: dict[tuple[str, str | None], Proven] = {}
        """By the dialog's token and the side's tag."""
        self._closed: dict[Flow, None] = {}

    # -- who may speak for it ------------------------------------------------------------------------------------------

    def lets_in(self, request: Request, dialog: Dialog, flow: Flow) -> bool:
        """Whether its token does for a password: it comes from its sender's phone, under the name of before, and the
        account is still there. A trusted peer needs none anyway."""
        if self._directory.trusts(flow):
            return True
        if not dialog.is_named:
            return False
        if request.method == "BYE" and _was_at(dialog.sender, flow):
            return True  # whose account is gone by now may still hang up
        if not self._is_from(dialog.sender, flow):
            return False
        account = self._directory.resolve(unescape(request.from_.uri.user or ""))
        return bool(dialog.sender.binding) or (account is not None and account.enabled)

    def name_of(self, side: Side, flow: Flow) -> str:
        """Whose that side is, as far as is known: an account's address-of-record, a trusted peer's name, or the host
        that it speaks from."""
        binding = self._location.device(side.binding) if side.binding else None
        host = flow.remote[0]
        return binding.aor if binding is not None else self._directory.peers.get(host) or host

    def check(self, request: Request, dialog: Dialog, account: Account, flow: Flow) -> None:
        """The same for who has shown a password: that of his side of the dialog, or Rejection(403)."""
        binding = self._location.device(dialog.sender.binding) if dialog.sender.binding else None
        if binding is not None:
            is_his = binding.aor == account.aor
        else:  # only its name, or where an anonymous caller called from, says whose side it is
            name = unescape(request.from_.uri.user or "")
            is_his = dialog.is_named and (self._directory.resolve(name) is account or _was_at(dialog.sender, flow))
        if not is_his:
            raise Rejection(403, "Not a call of this account", rule=Rule.OTHER_DIALOG, about=account.username)
        if binding is None or not dialog.is_named:
            check_from(request, account, self._directory)

    def check_party(self, call: Call, account: Account) -> None:
        """The same of a call that is up, for who says something in it without a token: a phone may have lost its
        Routes, but whoever has overheard the tags needs no more than these to hang up (section 12.2.2)."""
        bindings = map(self._location.device, filter(None, call.phones.values()))
        aors = {binding.aor for binding in bindings if binding is not None}
        names = call.account, call.callee, *call.pending.values()
        if account.aor not in aors and all(self._directory.resolve(name) is not account for name in names):
            raise Rejection(403, "Not a call of this account", rule=Rule.OTHER_DIALOG, about=account.username)

    def remember(self, dialog: Dialog, invite: Request, flow: Flow, account: Account, now: float) -> None:
        """Its sender has shown a password, which an ACK can't be asked for; and there he is reached from now on."""
        self._proven.pop((dialog.token, invite.from_.tag), None)
        if len(self._proven) >= MAX_PROVEN:
            del self._proven[next(iter(self._proven))]
        self._proven[dialog.token, invite.from_.tag] = Proven(invite.cseq.number, flow, now, account.aor)

    def has_invited(self, dialog: Dialog, ack: Request, flow: Flow) -> bool:
        """Whether that is the host that the INVITE came from."""
        if _was_at(dialog.sender, flow) or self._is_from(dialog.sender, flow):
            return True
        last = self._proven.get((dialog.token, ack.from_.tag))
        return last is not None and (last.number, last.flow.remote[0]) == (ack.cseq.number, flow.remote[0])

    def _is_from(self, side: Side, flow: Flow) -> bool:
        """Whether that is the host of the side: where its phone is registered, or was when the call was set up.
        A static binding may have several."""
        host, binding = flow.remote[0], self._location.device(side.binding) if side.binding else None
        if side.binding and (binding is None or binding.flow is None):
            return binding is not None and self._is_enabled(binding)
        return _was_at(side, flow) or (
            binding is not None and binding.flow is not None and binding.flow.remote[0] == host
        )

    # -- where it is ---------------------------------------------------------------------------------------------------

    def of_caller(self, request: Request, flow: Flow, caller: Caller, now: float) -> Side:
        """Where the sender of a request is: his binding at that flow, else the one that his Contact names."""
        if caller.account is None:
            return Side(0, flow)
        for binding in self._location.at(flow):
            if binding.aor == caller.account.aor:
                binding.passed_over_at = 0.0  # it is heard there
                return Side(binding.id, flow)
        bindings = self._location.bindings(caller.account.aor, now)
        contact = contact_of(request) if bindings else None
        named = at_contact(bindings, contact) if contact else None
        return Side(named.id if named else 0, flow)

    def targets(self, routed: Routed, now: float) -> list[list[Candidate]]:
        """The token's side: where its phone is now, else its flow, never a private Contact; the URI stays."""
        assert routed.dialog is not None
        side, uri = routed.dialog.side, routed.request.uri
        moved = self._proven.get((routed.dialog.token, routed.request.to.tag)) if self._proven else None
        phone = self._phone(routed, moved, now)
        if isinstance(phone, Binding) and phone.instance:
            if candidates := self._flows(phone, routed.request.uri_text, now):
                return [candidates[:1]]
            phone = None
        there = target_of(phone, self._directory) if isinstance(phone, Binding) else phone
        name = there.host if isinstance(there, Destination) and there.is_name else ""
        if side.flow is not None and side.flow.local == LOOKED_UP and (name or there is None):
            # The first address of a name may be dead, and a place that was set by hand be gone by now.
            there = Destination(*side.flow.remote, side.flow.transport, name)
        if target := there or self._peer_target(side.flow, routed.route or uri):
            return [[Candidate(routed.request.uri_text, target, side)]]
        return [[self._over(side.flow, routed, side)]] if side.flow is not None else []

    def _flows(self, binding: Binding, uri: str, now: float) -> list[Candidate]:
        """Its own, then the others of its device: any valid one will do (RFC 5626 section 5.3.2)."""
        found = by_flow(self._of_device(binding, now), self._directory, own=binding)
        for _, each in found:
            each.uri, each.path = uri, ()
        return [each for _, each in found]

    def _of_device(self, binding: Binding, now: float) -> list[Binding]:
        """That one and the other flows of its device."""
        flows = self._location.bindings(binding.aor, now)
        return [binding, *(each for each in flows if each.instance == binding.instance and each is not binding)]

    def _phone(self, routed: Routed, moved: Proven | None, now: float) -> Binding | Flow | None:
        """Of the account's bindings the one that the request names: a phone that has moved may be another one; else
        the token's. `moved`: where it has shown a password in this dialog."""
        assert routed.dialog is not None
        side, uri = routed.dialog.side, routed.request.uri
        binding = self._location.device(side.binding) if side.binding else None
        if moved is not None and (binding is None or (binding.flow is not None and binding.seen_at < moved.at)):
            since = [each for each in self._location.bindings(moved.aor, now) if each.seen_at >= moved.at]
            return at_contact(since, uri) or moved.flow
        if binding is not None:
            if not self._location.is_alone(binding):  # two phones may have one private Contact
                binding = at_contact((binding, *self._location.bindings(binding.aor, now)), uri) or binding
        elif side.binding and routed.request.method in FOLLOWED:
            binding = self._registered_anew(side, uri, now)
        return binding or self._location.place(side.binding)

    def _registered_anew(self, side: Side, uri: Uri, now: float) -> Binding | None:
        """Where the token's binding is gone: who has registered that Contact at the same host."""
        found = self.at_contact(uri, now)
        return found[0] if found and found[0].flow is not None and _was_at(side, found[0].flow) else None

    def _peer_target(self, flow: Flow | None, uri: Uri) -> Target | None:
        """A trusted peer is called back where its Record-Route or Contact says (16.6 steps 6 and 7), if that is at its
        own address: it may send from another port, and the connection that it has called over may be closed."""
        if flow is None or not self._directory.trusts(flow) or bare(uri.host) != flow.remote[0]:
            return None
        transport = transport_of(uri) or flow.transport
        if transport == flow.transport == "udp":
            return flow._replace(remote=(flow.remote[0], uri.port or SIP_PORT))
        return Destination(flow.remote[0], uri.port, transport) if transport in ("udp", "tcp") else None

    def _over(self, flow: Flow, routed: Routed, side: Side) -> Candidate:
        """That flow. Where it is a trusted peer's connection over TLS and closed, as after a restart of the box, he is
        asked where he says: only then, since his certificate may be of a name that nobody here knows."""
        found = Candidate(routed.request.uri_text, flow, side)
        uri = routed.route or routed.request.uri
        is_there = self._directory.trusts(flow) and bare(uri.host) == flow.remote[0]
        if flow.transport != "tls" or transport_of(uri) not in (None, "tls") or not is_there:
            return found
        anew = replace(found, target=Destination(flow.remote[0], uri.port, "tls"))
        return anew if flow in self._closed else replace(found, others=(anew,))

    def whereabouts(self, rung: Candidate) -> Target:
        """Where a phone is that was rung, by the same transport: it may have moved since, and still has to hear of the
        call's end. At which of a name's addresses it was rung is no move (sections 9.1 and 17.1.1.3)."""
        binding = self._location.binding(rung.side.binding) if rung.side.binding else None
        found = target_of(binding, self._directory) if binding is not None and binding.flow is not None else None
        if found is None or found.transport != rung.target.transport or _is_one_of(rung.target, found):
            return rung.target
        return found

    def passed_over(self, rung: Candidate, heard: Candidate, now: float) -> None:
        """Its phone was heard by way of the other: until it registers there again, that goes first; a peer's closed
        connection is asked no more, for an ACK that is lost there is sent by no other way."""
        if isinstance(rung.target, Flow) and not rung.side.binding:
            if len(self._closed) >= MAX_CLOSED:
                del self._closed[next(iter(self._closed))]
            self._closed[rung.target] = None
        binding = self._location.binding(rung.side.binding) if rung.side.binding != heard.side.binding else None
        if binding is not None:
            binding.passed_over_at = now
        if binding is not None and (living := self._location.binding(heard.side.binding)) is not None:
            living.passed_over_at = 0.0

    def at_contact(self, uri: Uri, now: float) -> list[Binding]:
        """The binding whose Contact the Request-URI is: phones name one another so in a transfer (RFC 5589)."""
        if self._directory.serves(uri.host, uri.port):
            return []
        account = self._directory.resolve(unescape(uri.user or ""))
        there = bare(uri.host), uri.port or SIP_PORT
        at = self._location.at(Flow("udp", ("", 0), there))
        bindings = [*(self._location.bindings(account.aor, now) if account else ()), *at]
        found = at_contact(bindings, uri) or self._connected(uri, there)
        return [found] if found is not None and self._is_enabled(found) else []

    def _is_enabled(self, binding: Binding) -> bool:
        """Whether its account is: a place that was set by hand stays though it is not."""
        account = self._directory.account(username_of(binding.aor))
        return account is not None and account.enabled

    def is_at_place(self, uri: Uri, account: Account) -> bool:
        """Whether somebody at a place of that account is named, whoever it is."""
        return place(uri) in [place_of(each) for each in self._location.latest(account.aor)]

    def _connected(self, uri: Uri, remote: HostPort) -> Binding | None:
        """A phone that names, in a call, the port of its connection instead of what it has registered (baresip)."""
        transport = transport_of(uri)
        if transport not in RELIABLE:
            return None
        there = transport, remote
        found = [each for each in self._location if each.flow and (each.flow.transport, each.flow.remote) == there]
        named = [each for each in found if user_of(each) == uri.user]
        return next(iter(named or (found if len(found) == 1 else ())), None)


def _is_one_of(address: Target, place: Target) -> bool:
    """Whether that name has led to that address."""
    return isinstance(place, Destination) and isinstance(address, Destination) and address.name == place.host


def _was_at(side: Side, flow: Flow) -> bool:
    """Whether that is the host which the side was seen at when the call was set up."""
    return side.flow is not None and side.flow.remote[0] == flow.remote[0]
