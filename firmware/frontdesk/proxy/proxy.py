"""The proxy core: every request that is not for the box itself (RFC 3261 sections 16.3 to 16.10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..directory import Directory
from ..events import DISABLED, NO_PHONE, UNREACHED, Event, Incoming, Kind, Wording, about_scheme
from ..location import LocationService
from ..model import Account, Binding, CallRecord, Sentence, Settings, username_of
from ..sip.errors import Rejection, Rule
from ..sip.grammar import unescape
from ..sip.message import Request, Response
from ..sip.server_transaction import Room
from ..sip.timers import Deadlines
from ..sip.transaction_layer import TransactionLayer
from ..sip.uri import Uri
from ..sip.wire import WEB, Flow, Send
from .admission import Caller, check_from, check_method, dialled
from .calls import CallBook, Watch
from .loop import incoming_breadth, shares
from .original import Original, Surroundings
from .parties import MAX_NAME
from .reason import is_elsewhere
from .record_route import Tokens
from .response_context import ResponseContext
from .routing import Routed, preprocess
from .sides import Sides
from .target_set import Candidate, for_scheme, host_of, target_of, target_set
from .validation import validate

Called = tuple[str, str]
"""The account that is called, and the user part that led there."""
NOBODY = "", ""


class ProxyCore:
    """Routes requests; its state is the response contexts, which hang on their server transactions, and the calls."""

    def __init__(
        self,
        location: LocationService,
        directory: Directory,
        layer: TransactionLayer,
        room: Room,
        deadlines: Deadlines,
        settings: Settings,
        key: bytes,
        random: Callable[[], str],
        emit: Callable[[Event], None],
        ring: Callable[[Incoming], None],
        record: Callable[[CallRecord], None],
        keep: Callable[[list[CallRecord]], None],
    ) -> None:
        self.settings = settings
        self.calls = CallBook(emit, record, keep, deadlines, self._has_phone)
        self._location = location
        self._directory = directory
        self._layer = layer
        self._room = room
        self._emit = emit
        self._ring = ring
        self.sides = Sides(location, directory)
        self._around = Surroundings(
            directory, layer, deadlines, Tokens(key), random, self.sides.whereabouts, self.sides.passed_over,
            self._silent,
        )  # fmt: skip

    def validate(self, request: Request) -> None:
        """Section 16.3, steps 2 to 5. Raises Rejection."""
        validate(request, self._directory, self.settings.max_breadth)

    def preprocess(self, request: Request) -> Routed:
        """Section 16.4. Raises Rejection(400)."""
        return preprocess(request, self._directory, self._around.tokens)

    def forward(self, request: Request, routed: Routed, flow: Flow, caller: Caller, sender: str, now: float) -> None:
        """Sections 16.5 and 16.6 for any method but ACK and CANCEL. `sender`: for whom it is counted while it is open.
        Raises Rejection, before anything is sent."""
        try:
            groups, called = self._targets(routed, caller, now)
            breadth = incoming_breadth(request, self.settings.max_breadth)
            shares(breadth, max(map(len, groups)))
        except Rejection as rejection:
            self._note_refusal(request, routed, flow, caller, rejection, now)
            raise
        side = self.sides.of_caller(request, flow, caller, now) if routed.dialog is None else None
        if routed.dialog is not None and caller.account is not None and request.method == "INVITE":
            self.sides.remember(routed.dialog, request, flow, caller.account, now)
        # Without a dialog, who has no account is a trusted peer, or the box itself (a spiral): it has looked already.
        trusted = self._directory.trusts(flow) or (routed.dialog is None and caller.account is None)
        original = Original(request, routed, flow, self._around, side, trusted=trusted)
        transaction = self._layer.server(request, flow, now)
        transaction.take(self._room, sender, original.needs(sum(map(len, groups))))
        phone = side.binding if side else 0
        followers = self._followers(request, routed, flow, caller, called, phone, transaction.key, now)
        timer_c = self.settings.timer_c
        context = ResponseContext(transaction, groups, breadth, original, self._around, timer_c, *followers)
        transaction.context = context
        if request.method == "INVITE":
            transaction.respond(request.trying(), now)
        context.start(now)

    def ack(self, request: Request, routed: Routed, flow: Flow, now: float) -> None:
        """The ACK to a 2xx goes end to end without a transaction along a good token (16.11); any other is dropped."""
        trusted, dialog = self._directory.trusts(flow), routed.dialog
        if dialog is None or not (trusted or self.sides.has_invited(dialog, request, flow)):
            return
        if self.calls.answered_twice:
            self.calls.acknowledged(request, dialog.initiator)
        original = Original(request, routed, flow, self._around, None, trusted=trusted)
        for group in for_scheme(self.sides.targets(routed, now), routed.request.uri.scheme):
            self._layer.send(Send(original.request_to(group[0], self.settings.max_breadth).encode(), group[0].target))

    def cancel(self, request: Request, flow: Flow, now: float) -> None:
        """Section 16.10. Raises Rejection(481) without its INVITE: the box does not relay a CANCEL for anybody."""
        transaction = self._layer.invite(request, flow)
        if transaction is None:
            raise Rejection(481)
        self._layer.answer(request, flow, Response.to_request(request, 200, to_tag=self._around.random()), now)
        if isinstance(context := transaction.context, ResponseContext):  # else the box itself has answered it (9.2)
            reasons = [("Reason", value) for value in request.lines("reason")]
            if any(map(is_elsewhere, reasons)):
                self.calls.answered_elsewhere(request, transaction.key)
            context.cancel(reasons, now)

    def closed(self, flow: Flow, now: float) -> None:
        """That connection is gone. A browser hears of no answer any more, for only it can open another (RFC 7118): no
        phone goes on ringing for a page that was left. Others are answered over a new one (section 18.2.2)."""
        for context in self._layer.contexts(flow) if flow.transport in WEB else ():
            if isinstance(context, ResponseContext):
                context.cancel((), now)

    def reaches(self, binding: Binding) -> bool:
        """Whether there is a way to that device, as far as is known."""
        return target_of(binding, self._directory) is not None

    def shut_down(self, now: float) -> None:
        """The box stops: calls that nobody has answered end; it keeps the others, as far as they are known."""
        for context in self._layer.contexts():
            if isinstance(context, ResponseContext):
                context.stop(now)
        self.calls.give_up(now)

    def expired(self, bindings: Iterable[Binding], now: float) -> None:
        """These registrations have run out: calls of an account that has no other may have ended unheard, and so may
        those of a phone that has come back as another."""
        for aor in {binding.aor for binding in bindings}:
            account = self._directory.account(username_of(aor))
            if account is not None:
                self.calls.lost((account.username, *account.aliases), now)
        self.calls.left_by([each.id for each in bindings if each.starts_anew("") and not self._has_way(each, now)], now)

    def _has_way(self, binding: Binding, now: float) -> bool:
        """Whether its device is registered over another flow."""
        others = self._location.bindings(binding.aor, now) if binding.instance else ()
        return any(each.instance == binding.instance and each.id != binding.id for each in others)

    # -- section 16.5 ------------------------------------------------------------------------------------------------

    def _targets(self, routed: Routed, caller: Caller, now: float) -> tuple[list[list[Candidate]], Called]:
        if routed.dialog is not None:
            groups, called = self.sides.targets(routed, now), NOBODY
        else:
            groups, called = self._account_targets(routed, caller, now)
        if not groups:
            raise Rejection(480)
        allowed = for_scheme(groups, routed.request.uri.scheme)
        if not allowed:
            raise Rejection(480, headers=[("Warning", f'380 {self._directory.realm} "SIPS Not Allowed"')])
        return allowed, called

    def _account_targets(self, routed: Routed, caller: Caller, now: float) -> tuple[list[list[Candidate]], Called]:
        if routed.route is not None:
            raise Rejection(403, "Route leads elsewhere", rule=Rule.FOREIGN_ROUTE, about=routed.route.host)
        uri = routed.request.uri
        bindings, number = self.sides.at_contact(uri, now), None
        if bindings:
            username = username_of(bindings[0].aor)
            called = username, username
        else:
            account, number = dialled(uri, self._directory, self._trunk(caller), self.sides.is_at_place)
            bindings = self._location.bindings(account.aor, now)
            called = account.username, _number(uri)
        if caller.account is not None:
            check_from(routed.request, caller.account, self._directory)
            check_method(routed.request, caller.account, called[0])
            if routed.request.to.tag and (call := self.calls.of(routed.request)) is not None:
                self.sides.check_party(call, caller.account)
        groups = target_set(bindings, self._directory, self.settings.max_bindings, number)
        if len(bindings) > self.settings.max_breadth:  # as many as may ring at once do, or each call to it would be 440
            groups = [group[: self.settings.max_breadth] for group in groups]
        return groups, called

    def _trunk(self, caller: Caller) -> str:
        """What it, or a peer, sends, or comes round, never goes out again: neither a loop nor at the office's cost."""
        trunk = self.settings.trunk
        return "" if caller.account is None or caller.account.username == trunk else trunk

    def _silent(self, rung: Candidate, now: float) -> None:
        """A phone did not react to a call: it may have lost its power, and its office does not know yet. One that has
        registered elsewhere since has not been asked there; of a group's member his own account is told."""
        has_place = rung.side.binding and not rung.is_spiral
        binding = self._location.binding(rung.side.binding) if has_place else None
        if binding is not None and (not isinstance(rung.target, Flow) or binding.flow in (None, rung.target)):
            place = binding.flow or host_of(binding)
            wording = Wording("{contact} did not react to a call")
            words = (binding.contact,)
            self._emit(Event(now, Kind.WARNING, username_of(binding.aor), wording, words, place, "silent"))

    # -- calls -------------------------------------------------------------------------------------------------------

    def _followers(
        self, request: Request, routed: Routed, flow: Flow, caller: Caller, called: Called, phone: int,
        transaction: str, now: float,
    ) -> tuple[Watch | None, Incoming | None]:  # fmt: skip
        """Who is told of the answers: the call list, and the account that is called."""
        if routed.dialog is not None:
            return self.calls.in_dialog(request, routed.dialog.initiator), None
        if request.method != "INVITE":
            return None, None
        watch = self.calls.invited(request, flow, caller, phone, called[1], transaction, now)
        return watch, self._incoming(request, flow, caller, called, now)

    def _incoming(self, request: Request, flow: Flow, caller: Caller, called: Called, now: float) -> Incoming:
        username, number = called
        name = caller.account.username if caller.account is not None else self.calls.caller_of(request, caller.peer)
        incoming = Incoming(now, username, name, number[:MAX_NAME], flow)
        self._ring(incoming)
        return incoming

    def _note_refusal(
        self, request: Request, routed: Routed, flow: Flow, caller: Caller, rejection: Rejection, now: float
    ) -> None:
        status = rejection.status
        if routed.dialog is not None:  # a BYE ends the call, whether or not there is still a way to its other side
            watch = self.calls.in_dialog(request, routed.dialog.initiator)
            if watch is not None:
                watch(Response.to_request(request, status), now, 0)
        elif request.method == "INVITE" and status in (404, 440, 480):
            callee = self._callee(routed.request.uri, now)
            self.calls.refused(request, flow, caller, callee, status, now)
            account = self._directory.resolve(callee) or self._directory.account(self._trunk(caller))
            if account is not None:
                incoming = self._incoming(request, flow, caller, (account.username, callee), now)
                incoming.hear(status, now)
                scheme = about_scheme(value for name, value in rejection.headers if name == "Warning")
                incoming.why = scheme or (self._why_unreached(account, now) if status != 440 else None)

    def _why_unreached(self, account: Account, now: float) -> Sentence:
        if not account.enabled:
            return DISABLED
        return UNREACHED if self._location.bindings(account.aor, now) else NO_PHONE

    def _has_phone(self, name: str, now: float) -> bool:
        account = self._directory.resolve(name)
        return account is not None and bool(self._location.bindings(account.aor, now))

    def _callee(self, uri: Uri, now: float) -> str:
        """What was dialled; the account's name where that is the Contact of its phone."""
        named = self.sides.at_contact(uri, now)
        return _number(Uri.parse(named[0].aor) if named else uri)


def _number(uri: Uri) -> str:
    """What was dialled, a name too, without what a number may have for parameters (RFC 3966: phone-context)."""
    return unescape(uri.user or "").partition(";")[0]
