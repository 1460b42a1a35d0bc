"""The proxy core: every request that is not for the box itself (RFC 3261 sections 16.3 to 16.10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ..directory import Directory
from ..events import Event, Kind
from ..location import LocationService
from ..model import Account, Binding, CallRecord, Settings, username_of
from ..sip.errors import Rejection, Rule
from ..sip.grammar import unescape
from ..sip.message import Request, Response
from ..sip.response_target import DEFAULT_PORTS
from ..sip.timers import Deadlines
from ..sip.transaction_layer import TransactionLayer
from ..sip.uri import Uri
from ..sip.wire import Destination, Flow, HostPort, Send, Target
from .admission import Caller, check_from, check_method, dialled
from .calls import CallBook, Watch, contact_of
from .loop import incoming_breadth, shares
from .original import Original, Surroundings
from .record_route import Dialog, Side, Tokens
from .response_context import ResponseContext
from .routing import Routed, preprocess
from .target_set import Candidate, at_contact, bare, candidate, host_of, target_set, user_of
from .validation import validate

MAX_PROVEN = 512
"""Sides of dialogs who have shown a password that are remembered."""


class _Proven(NamedTuple):
    """The last INVITE of a side of a dialog that a password let in: its CSeq number, whence and when."""

    number: int
    flow: Flow
    at: float


class ProxyCore:
    """Routes requests; its state is the response contexts, which hang on their server transactions, and the calls."""

    def __init__(
        self,
        location: LocationService,
        directory: Directory,
        layer: TransactionLayer,
        deadlines: Deadlines,
        settings: Settings,
        key: bytes,
        random: Callable[[], str],
        emit: Callable[[Event], None],
        record: Callable[[CallRecord], None],
    ) -> None:
        self.settings = settings
        self.calls = CallBook(emit, record, deadlines, self._has_phone)
        self._location = location
        self._directory = directory
        self._layer = layer
        self._emit = emit
        self._proven: dict[tuple[str, str | None], _Proven] = {}
        """By the dialog's token and the side's tag."""
        self._around = Surroundings(directory, layer, deadlines, Tokens(key), random, self._whereabouts, self._silent)

    def validate(self, request: Request) -> None:
        """Section 16.3, steps 2 to 5. Raises Rejection."""
        validate(request, self._directory, self.settings.max_breadth)

    def preprocess(self, request: Request) -> Routed:
        """Section 16.4. Raises Rejection(400)."""
        return preprocess(request, self._directory, self._around.tokens)

    def forward(self, request: Request, routed: Routed, flow: Flow, caller: Caller, now: float) -> None:
        """Sections 16.5 and 16.6 for any method but ACK and CANCEL. Raises Rejection, before anything is sent."""
        try:
            groups = self._targets(routed, caller, now)
        except Rejection as rejection:
            self._note_refusal(request, routed, flow, caller, rejection.status, now)
            raise
        breadth = incoming_breadth(request, self.settings.max_breadth)
        shares(breadth, max(map(len, groups)))
        side = self._caller_side(request, flow, caller, now) if routed.dialog is None else None
        if routed.dialog is not None and caller.account is not None and request.method == "INVITE":
            self._remember(routed.dialog, request, flow, now)
        # Without a dialog, who has no account is a trusted peer, or the box itself (a spiral): it has looked already.
        trusted = flow.remote[0] in self._directory.peers or (routed.dialog is None and caller.account is None)
        original = Original(request, routed, flow, self._around, side, trusted=trusted)
        transaction = self._layer.server(request, flow, now)
        watch = self._watch(request, routed, flow, caller, transaction.key, now)
        context = ResponseContext(transaction, groups, breadth, original, self._around, self.settings.timer_c, watch)
        transaction.context = context
        if request.method == "INVITE":
            transaction.respond(_trying(request), now)
        context.start(now)

    def ack(self, request: Request, routed: Routed, flow: Flow, now: float) -> None:
        """The ACK to a 2xx goes end to end without a transaction along a good token (16.11); any other is dropped."""
        trusted, dialog = flow.remote[0] in self._directory.peers, routed.dialog
        if dialog is None or not (trusted or self._has_invited(dialog, request, flow)):
            return
        original = Original(request, routed, flow, self._around, None, trusted=trusted)
        for group in self._dialog_targets(routed, now):
            self._layer.send(Send(original.request_to(group[0], self.settings.max_breadth), group[0].target))

    def lets_in(self, request: Request, dialog: Dialog, flow: Flow) -> bool:
        """Whether its token does for a password: it comes from its sender's phone, under the name of before, and the
        account is still there. A trusted peer needs none anyway."""
        if flow.remote[0] in self._directory.peers:
            return True
        if not dialog.is_named:
            return False
        if request.method == "BYE" and _was_at(dialog.sender, flow):
            return True  # whose account is gone by now may still hang up
        if not self._is_from(dialog.sender, flow):
            return False
        account = self._directory.resolve(unescape(request.from_.uri.user or ""))
        return bool(dialog.sender.binding) or (account is not None and account.enabled)

    def check_side(self, request: Request, dialog: Dialog, account: Account) -> None:
        """The same for who has shown a password: that of his side of the dialog, or Rejection(403)."""
        binding = self._location.binding(dialog.sender.binding) if dialog.sender.binding else None
        if binding is not None and binding.aor != account.aor:
            raise Rejection(403, "Not a call of this account", rule=Rule.OTHER_DIALOG, about=account.username)
        if not dialog.is_named:
            check_from(request, account, self._directory)

    def _is_from(self, side: Side, flow: Flow) -> bool:
        """Whether that is the host of the side: where its phone is registered, or was when the call was set up.
        A static binding may have several."""
        host, binding = flow.remote[0], self._location.binding(side.binding) if side.binding else None
        if side.binding and (binding is None or binding.flow is None):
            return binding is not None
        return _was_at(side, flow) or (
            binding is not None and binding.flow is not None and binding.flow.remote[0] == host
        )

    def _remember(self, dialog: Dialog, invite: Request, flow: Flow, now: float) -> None:
        """Its sender has shown a password, which an ACK can't be asked for; and there he is reached from now on."""
        self._proven.pop((dialog.token, invite.from_.tag), None)
        if len(self._proven) >= MAX_PROVEN:
            del self._proven[next(iter(self._proven))]
        self._proven[dialog.token, invite.from_.tag] = _Proven(invite.cseq.number, flow, now)

    def _has_invited(self, dialog: Dialog, ack: Request, flow: Flow) -> bool:
        """Whether that is the host that the INVITE came from."""
        if _was_at(dialog.sender, flow) or self._is_from(dialog.sender, flow):
            return True
        last = self._proven.get((dialog.token, ack.from_.tag))
        return last is not None and (last.number, last.flow.remote[0]) == (ack.cseq.number, flow.remote[0])

    def cancel(self, request: Request, flow: Flow, now: float) -> None:
        """Section 16.10. Raises Rejection(481) without its INVITE: the box does not relay a CANCEL for anybody."""
        transaction = self._layer.invite(request, flow)
        if transaction is None:
            raise Rejection(481)
        self._layer.answer(request, flow, Response.to_request(request, 200, to_tag=self._around.random()), now)
        if isinstance(context := transaction.context, ResponseContext):  # else the box itself has answered it (9.2)
            context.cancel([("Reason", value) for value in request.lines("reason")], now)

    def shut_down(self, now: float) -> None:
        """The box stops: calls that nobody has answered end; it keeps the others, as far as they are known."""
        for context in self._layer.contexts():
            if isinstance(context, ResponseContext):
                context.stop(now)
        self.calls.give_up(now)

    def expired(self, bindings: Iterable[Binding], now: float) -> None:
        """These registrations have run out: calls of an account that has no other may have ended unheard."""
        for aor in {binding.aor for binding in bindings}:
            account = self._directory.account(username_of(aor))
            if account is not None:
                self.calls.lost((account.username, *account.aliases), now)

    # -- section 16.5 ------------------------------------------------------------------------------------------------

    def _targets(self, routed: Routed, caller: Caller, now: float) -> list[list[Candidate]]:
        if routed.dialog is not None:
            groups = self._dialog_targets(routed, now)
        else:
            groups = self._account_targets(routed, caller, now)
        if not groups:
            raise Rejection(480)
        return groups

    def _account_targets(self, routed: Routed, caller: Caller, now: float) -> list[list[Candidate]]:
        if routed.route is not None:
            raise Rejection(403, "Route leads elsewhere", rule=Rule.FOREIGN_ROUTE, about=routed.route.host)
        uri = routed.request.uri
        bindings, number = self._at_contact(uri, now), None
        if not bindings:
            account, number = dialled(uri, self._directory, self._trunk(caller))
            bindings = self._location.bindings(account.aor, now)
        if caller.account is not None:
            check_from(routed.request, caller.account, self._directory)
            check_method(routed.request)
        return target_set(bindings, self._directory, self.settings.max_bindings, number)

    def _trunk(self, caller: Caller) -> str:
        """What it, or a peer, sends, or comes round, never goes out again: neither a loop nor at the office's cost."""
        trunk = self.settings.trunk
        return "" if caller.account is None or caller.account.username == trunk else trunk

    def _at_contact(self, uri: Uri, now: float) -> list[Binding]:
        """The binding whose Contact the Request-URI is: phones name one another so in a transfer (RFC 5589)."""
        if self._directory.serves(uri.host, uri.port):
            return []
        account = self._directory.resolve(unescape(uri.user or ""))
        there = bare(uri.host), uri.port or DEFAULT_PORTS["udp"]
        at = self._location.at(Flow("udp", ("", 0), there))
        bindings = [*(self._location.bindings(account.aor, now) if account else ()), *at]
        found = at_contact(bindings, uri) or self._connected(uri, there)
        return [found] if found is not None else []

    def _connected(self, uri: Uri, remote: HostPort) -> Binding | None:
        """A phone that names, in a call, the port of its connection instead of what it has registered (baresip)."""
        if (uri.parameters.get("transport") or "").lower() != "tcp":
            return None
        found = [each for each in self._location if each.flow and each.flow.connection and each.flow.remote == remote]
        named = [each for each in found if user_of(each) == uri.user]
        return next(iter(named or (found if len(found) == 1 else ())), None)

    def _dialog_targets(self, routed: Routed, now: float) -> list[list[Candidate]]:
        """The token's side: where its phone is now, else its flow, never a private Contact; the URI stays."""
        assert routed.dialog is not None
        side, uri = routed.dialog.side, routed.request.uri
        moved = self._proven.get((routed.dialog.token, routed.request.to.tag))
        hop = routed.route or uri
        target = self._phone_target(side, moved, uri, now) or self._peer_target(side.flow, hop) or side.flow
        return [[Candidate(routed.request.uri_text, target, side)]] if target else []

    def _phone_target(self, side: Side, moved: _Proven | None, uri: Uri, now: float) -> Target | None:
        """Of the account's bindings the one that the request names: a phone that has moved may be another one; else
        the token's. Where that is gone, whoever is registered at that Contact: the phone has registered anew. `moved`:
        where it has shown a password in this dialog, and may not have registered since."""
        binding = self._location.binding(side.binding) if side.binding else None
        if moved is not None and (binding is None or (binding.flow is not None and binding.seen_at < moved.at)):
            return moved.flow
        if binding is not None:
            of_account = self._location.bindings(binding.aor, now)
            if len(of_account) > 1:
                binding = at_contact((binding, *of_account), uri) or binding  # two phones may have one private Contact
        elif side.binding:
            binding = next(iter(self._at_contact(uri, now)), None)
        found = candidate(binding, self._directory) if binding is not None else None
        return found.target if found is not None else None

    def _whereabouts(self, rung: Candidate) -> Target:
        """Where a phone is that was rung, by the same transport: it may have moved since, and still has to hear of the
        call's end."""
        binding = self._location.binding(rung.side.binding) if rung.side.binding else None
        found = candidate(binding, self._directory) if binding is not None and binding.flow is not None else None
        return found.target if found is not None and found.target.transport == rung.target.transport else rung.target

    def _silent(self, rung: Candidate, now: float) -> None:
        """A phone did not react to a call: it may have lost its power, and its office does not know yet."""
        binding = self._location.binding(rung.side.binding) if rung.side.binding else None
        if binding is not None:
            text = f"{binding.contact} did not react to a call"
            place = binding.flow or host_of(binding)
            self._emit(Event(now, Kind.WARNING, username_of(binding.aor), text, place, "silent"))

    def _peer_target(self, flow: Flow | None, uri: Uri) -> Target | None:
        """A trusted peer is called back where its Record-Route or Contact says (16.6 steps 6 and 7), if that is at its
        own address: it may send from another port, and the connection that it has called over may be closed."""
        if flow is None or flow.remote[0] not in self._directory.peers or bare(uri.host) != flow.remote[0]:
            return None
        transport = (uri.parameters.get("transport") or flow.transport).lower()
        if transport == flow.transport == "udp":
            return flow._replace(remote=(flow.remote[0], uri.port or DEFAULT_PORTS["udp"]))
        return Destination(flow.remote[0], uri.port, transport) if transport in ("udp", "tcp") else None

    def _caller_side(self, request: Request, flow: Flow, caller: Caller, now: float) -> Side:
        """Where the sender of a request is: his binding at that flow, else the one that his Contact names."""
        if caller.account is None:
            return Side(0, flow)
        for binding in self._location.at(flow):
            if binding.aor == caller.account.aor:
                return Side(binding.id, flow)
        bindings = self._location.bindings(caller.account.aor, now)
        contact = contact_of(request) if bindings else None
        named = at_contact(bindings, contact) if contact else None
        return Side(named.id if named else 0, flow)

    # -- calls -------------------------------------------------------------------------------------------------------

    def _watch(
        self, request: Request, routed: Routed, flow: Flow, caller: Caller, transaction: str, now: float
    ) -> Watch | None:
        if routed.dialog is not None:
            return self.calls.in_dialog(request, routed.dialog.initiator)
        if request.method != "INVITE":
            return None
        return self.calls.invited(request, flow, caller, self._callee(request.uri, now), transaction, now)

    def _note_refusal(
        self, request: Request, routed: Routed, flow: Flow, caller: Caller, status: int, now: float
    ) -> None:
        if routed.dialog is not None:  # a BYE ends the call, whether or not there is still a way to its other side
            watch = self.calls.in_dialog(request, routed.dialog.initiator)
            if watch is not None:
                watch(Response.to_request(request, status), now)
        elif request.method == "INVITE" and status in (404, 480):
            self.calls.refused(request, flow, caller, self._callee(request.uri, now), status, now)

    def _has_phone(self, name: str, now: float) -> bool:
        account = self._directory.resolve(name)
        return account is not None and bool(self._location.bindings(account.aor, now))

    def _callee(self, uri: Uri, now: float) -> str:
        """What was dialled; the account's name where that is the Contact of its phone."""
        named = self._at_contact(uri, now)
        return unescape((Uri.parse(named[0].aor) if named else uri).user or "")


def _was_at(side: Side, flow: Flow) -> bool:
    """Whether that is the host which the side was seen at when the call was set up."""
    return side.flow is not None and side.flow.remote[0] == flow.remote[0]


def _trying(request: Request) -> Response:
    """100 Trying with the request's Timestamp (section 8.2.6.1)."""
    timestamp = request.first("timestamp")
    return Response.to_request(request, 100, headers=[("Timestamp", timestamp)] if timestamp else ())
