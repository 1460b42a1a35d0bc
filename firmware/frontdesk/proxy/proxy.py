"""The proxy core: every request that is not for the box itself (RFC 3261 sections 16.3 to 16.10)."""

from __future__ import annotations

from collections.abc import Callable

from ..directory import Directory
from ..events import Event
from ..location import LocationService
from ..model import CallRecord, Settings
from ..sip.client_transaction import ClientTransaction
from ..sip.errors import Rejection
from ..sip.grammar import unescape
from ..sip.message import Field, Request, Response
from ..sip.timers import Deadlines
from ..sip.transaction_layer import TransactionLayer
from ..sip.wire import Flow, Send, Target
from . import forwarding
from .admission import Caller, check_from, dialled
from .calls import Call, CallBook
from .loop import incoming_breadth, loop_hash, make_branch, shares
from .record_route import Dialog, Side, Tokens
from .response_context import Branch, ResponseContext, Watch
from .routing import Routed, preprocess
from .target_set import Candidate, candidate, target_set
from .validation import validate


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
        self.calls = CallBook(emit, record)
        self._location = location
        self._directory = directory
        self._layer = layer
        self._deadlines = deadlines
        self._tokens = Tokens(key)
        self._random = random

    def validate(self, request: Request, flow: Flow, now: float) -> None:
        """Section 16.3, steps 1 to 5. Raises Rejection."""
        validate(request, self._directory, self.settings.max_breadth)

    def preprocess(self, request: Request, flow: Flow, now: float) -> Routed:
        """Section 16.4. Raises Rejection(400)."""
        return preprocess(request, self._directory, self._tokens)

    def forward(self, request: Request, routed: Routed, flow: Flow, caller: Caller, now: float) -> None:
        """Sections 16.5 and 16.6 for any method but ACK and CANCEL. Raises Rejection, before anything is sent."""
        try:
            groups = self._targets(routed, caller, now)
        except Rejection as rejection:
            self._note_refusal(request, routed, flow, caller, rejection.status, now)
            raise
        breadth = incoming_breadth(request, self.settings.max_breadth)
        shares(breadth, max(map(len, groups)))
        transaction = self._layer.server(request, flow, now)
        watch = self._watch(request, routed, flow, caller, now)
        original = Original(self, routed, flow, caller)
        if routed.dialog is None:
            original.second_part = loop_hash(request)
        transaction.context = context = ResponseContext(transaction, groups, breadth, original, watch)
        if request.method == "INVITE":
            transaction.respond(_trying(request), now)
        context.start(now)

    def ack(self, request: Request, routed: Routed, flow: Flow, now: float) -> None:
        """The ACK to a 2xx goes end to end without a transaction along a good token (16.11); any other is dropped."""
        groups = self._dialog_targets(routed) if routed.dialog else []
        if groups:
            original = Original(self, routed, flow, None)
            ack = original.request_to(groups[0][0], self.settings.max_breadth)
            self._layer.send(Send(ack, groups[0][0].target))

    def cancel(self, request: Request, flow: Flow, now: float) -> None:
        """Section 16.10. Raises Rejection(481) without a context: the box does not relay a CANCEL for anybody."""
        transaction = self._layer.invite(request, flow)
        context = transaction.context if transaction is not None else None
        if not isinstance(context, ResponseContext):
            raise Rejection(481)
        self._layer.answer(request, flow, Response.to_request(request, 200, to_tag=self._random()), now)
        context.cancel([("Reason", value) for value in request.lines("reason")], now)

    # -- section 16.5 ------------------------------------------------------------------------------------------------

    def _targets(self, routed: Routed, caller: Caller, now: float) -> list[list[Candidate]]:
        if routed.dialog is not None:
            groups = self._dialog_targets(routed)
        else:
            groups = self._account_targets(routed, caller, now)
        if not groups:
            raise Rejection(480)
        return groups

    def _account_targets(self, routed: Routed, caller: Caller, now: float) -> list[list[Candidate]]:
        if routed.route is not None:
            raise Rejection(403, "Route leads elsewhere")
        account = dialled(routed.request.uri, self._directory)
        if caller.account is not None:
            check_from(routed.request, caller.account, self._directory)
        bindings = self._location.bindings(account.aor, now)
        return target_set(bindings, self._directory, self.settings.max_bindings)

    def _dialog_targets(self, routed: Routed) -> list[list[Candidate]]:
        """The token's side: its binding where that is now, else its flow, never a private Contact; the URI stays."""
        assert routed.dialog is not None
        side = routed.dialog.side
        target = self._binding_target(side.binding) or side.flow
        return [[Candidate(routed.request.uri_text, target, side)]] if target else []

    def _binding_target(self, id: int) -> Target | None:
        binding = self._location.binding(id) if id else None
        found = candidate(binding, self._directory) if binding is not None else None
        return found.target if found is not None else None

    def caller_side(self, flow: Flow, caller: Caller | None) -> Side:
        """Where the sender of a request is: his binding at that flow, if he has one."""
        for binding in self._location.at(flow):
            if caller is not None and caller.account is not None and binding.aor == caller.account.aor:
                return Side(binding.id, flow)
        return Side(0, flow)

    # -- calls -------------------------------------------------------------------------------------------------------

    def _watch(self, request: Request, routed: Routed, flow: Flow, caller: Caller, now: float) -> Watch | None:
        dialog = routed.dialog
        if dialog is None:
            return self._begin_call(routed.request, flow, caller, now) if request.method == "INVITE" else None
        return self._watch_dialog(request, dialog) if request.method in ("BYE", "INVITE") else None

    def _begin_call(self, request: Request, flow: Flow, caller: Caller, now: float) -> Watch | None:
        call = _call(request, flow, caller, now)
        if not self.calls.begin(call):
            return None
        return lambda response, at: self.calls.progress(call, response, at)

    def _note_refusal(
        self, request: Request, routed: Routed, flow: Flow, caller: Caller, status: int, now: float
    ) -> None:
        if request.method == "INVITE" and routed.dialog is None and status in (404, 480):
            self.calls.refused(_call(request, flow, caller, now), status, now)

    def _watch_dialog(self, request: Request, dialog: Dialog) -> Watch:
        key = request.call_id, dialog.initiator
        bye = request.method == "BYE"

        def watch(response: Response, at: float) -> None:
            # Any end of a BYE ends the call; a re-INVITE's 481 or 408 says that the dialog is gone (section 12.2.1.2).
            if response.status in (408, 481) or (bye and response.status >= 200):
                self.calls.hung_up(key, at)

        return watch


class Original:
    """A received request as its branches are made from it (section 16.6)."""

    def __init__(self, proxy: ProxyCore, routed: Routed, flow: Flow, caller: Caller | None) -> None:
        self.deadlines = proxy._deadlines
        self.random = proxy._random
        self.timer_c = proxy.settings.timer_c
        self.second_part = ""
        """Of the branches: the loop hash of the request as it was received (RFC 5393 section 4.2.1)."""
        self._proxy = proxy
        self._routed = routed
        self._flow = flow
        self._caller = caller
        self._incoming = forwarding.local_hop(flow, proxy._directory)
        self._fields = forwarding.shared_fields(routed.request, proxy._directory.realm)

    def start(self, branch: Branch, share: int, now: float) -> ClientTransaction:
        """Step 10: sends the branch's request by a client transaction of its own."""
        request = self.request_to(branch.candidate, share)
        return self._proxy._layer.client(request, branch.candidate.target, branch, now)

    def request_to(self, candidate: Candidate, share: int) -> Request:
        """Steps 1 to 9 for one target."""
        request = self._routed.request
        outgoing = forwarding.local_hop(candidate.target, self._proxy._directory)
        branch = make_branch(self.random(), self.second_part)
        fields: list[Field] = [forwarding.via(outgoing, branch)]
        if request.method in forwarding.RECORD_ROUTED:
            fields += forwarding.record_routes(self._token_for(candidate), self._incoming, outgoing)
        fields += [("route", value, "Route: " + value) for value in candidate.path]
        fields += [forwarding.max_breadth(share), *self._fields]
        copy = Request(request.method, candidate.uri, fields, request.body)
        if candidate.path or self._routed.route is not None:
            forwarding.postprocess_routes(copy)
        return copy

    def _token_for(self, candidate: Candidate) -> str:
        dialog = self._routed.dialog
        if dialog is not None:
            return dialog.token
        request = self._routed.request
        side = self._proxy.caller_side(self._flow, self._caller)
        return self._proxy._tokens.mint(request.call_id, request.from_.tag or "", side, candidate.side)


def _call(request: Request, flow: Flow, caller: Caller, now: float) -> Call:
    account = caller.account.username if caller.account else ""
    name = account or caller.peer or str(request.from_.uri)
    key = request.call_id, request.from_.tag or ""
    return Call(key, account, name, unescape(request.uri.user or ""), flow.source, now)


def _trying(request: Request) -> Response:
    """100 Trying with the request's Timestamp (section 8.2.6.1)."""
    timestamp = request.first("timestamp")
    return Response.to_request(request, 100, headers=[("Timestamp", timestamp)] if timestamp else ())
