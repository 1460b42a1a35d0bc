"""The core: one message in -> registrar, proxy or an answer of the box's own. No IO, no clock; it owns the deadlines.

In: `receive`, `committed`, `commit_failed`, `transport_failed`, `flow_closed`, `handle_timers`, each with now
(CLOCK_BOOTTIME seconds).
Out: `next_timer` and `take_actions`: Send, Commit and Close, in the order in which they are to be done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .auth import Authenticator, Caller, Refused
from .directory import Directory
from .events import Event, EventLog, Kind
from .location import LocationService
from .model import AddressOfRecord, Binding, CallRecord, Changes, Close, Commit, Settings
from .proxy import ProxyCore, Routed
from .registrar import Registrar, Registration
from .registrar.answer import answer_headers, story
from .sip.errors import ParseError, Rejection
from .sip.message import Message, Request, Response
from .sip.response_target import response_target
from .sip.server_transaction import ServerTransaction
from .sip.timers import Deadlines
from .sip.transaction_layer import TransactionLayer
from .sip.via import stamp
from .sip.wire import Flow, Send

Action = Send | Commit | Close

OWN_METHODS = "REGISTER, OPTIONS"
"""What the box itself does; everything else it passes on to phones."""
OPTIONS_HEADERS = [("allow", OWN_METHODS), ("accept", "application/sdp"), ("supported", "path")]
"""Of the 200 to an OPTIONS that asks the box itself (section 11.2)."""
KNOWN_METHODS = frozenset(
    {"INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "PRACK", "UPDATE", "INFO", "REFER", "MESSAGE"}
    | {"SUBSCRIBE", "NOTIFY", "PUBLISH"}
)
RETRY_AFTER = 10
"""Seconds, in the 500 to what could not be stored."""


@dataclass(slots=True)
class Keys:
    """Secrets of the box, 16 bytes or more each."""

    record_route: bytes
    """Kept in the database: calls outlive a restart."""
    process: bytes
    """New in each process: nonces, tags."""


@dataclass(slots=True)
class _Waiting:
    """An answer that waits for a ticket to be on disk."""

    transaction: ServerTransaction
    response: Response
    registration: Registration
    caller: Caller


class Core:
    """The box without its sockets and its disk."""

    def __init__(
        self, directory: Directory, location: LocationService, settings: Settings, keys: Keys, random: Callable[[int],
        bytes]
    ) -> None:
        self.directory = directory
        self.location = location
        self.settings = settings
        self.events = EventLog()
        self.wall_offset: float | None = None
        """Wall time less CLOCK_BOOTTIME, once the clock is set; the driver keeps it right."""
        self._actions: list[Action] = []
        self._deadlines = Deadlines()
        self._tag_key = keys.process
        self.layer = TransactionLayer(self._deadlines, self._actions.append)
        self.authenticator = Authenticator(
            directory.realm, directory, settings.algorithms, keys.process, lambda: random(9)
        )
        self.registrar = Registrar(location, directory, settings)
        self.proxy = ProxyCore(
            location, directory, self.layer, self._deadlines, settings, keys.record_route,
            lambda: random(9).hex(), self.events.add, self._record,
        )  # fmt: skip
        self._next_ticket = 1
        self._waiting: dict[int, list[_Waiting]] = {}
        self._background: dict[int, Changes] = {}
        self._unwritten = Changes()
        self._dirty: dict[int, Binding] = {}
        self._flush_armed = False

    # -- in ------------------------------------------------------------------------------------------------------------

    def receive(self, message: Message, flow: Flow, now: float) -> None:
        """A message came over `flow`."""
        if isinstance(message, Request):
            self._receive_request(message, flow, now)
        elif isinstance(message, Response):
            self.layer.receive_response(message, flow, now)

    def refuse(self, request: Request, flow: Flow, error: ParseError, now: float) -> None:
        """What came is no good message, but `request`, as far as it could be read, says where the answer goes."""
        stamp(request, flow)
        self._reject(request, flow, Rejection(error.status, error.reason), now, stateless=True)

    def _receive_request(self, request: Request, flow: Flow, now: float) -> None:
        caller: Caller | None = None
        try:
            stamp(request, flow)
            if self.layer.receive_request(request, flow, now):
                return
            self.proxy.validate(request, flow, now)
            if request.method == "CANCEL":
                self.proxy.cancel(request, flow, now)
                return
            routed = self.proxy.preprocess(request, flow, now)
            if request.method == "ACK":
                self.proxy.ack(request, routed, flow, now)
                return
            caller = self._caller(request, routed, flow, now)
            self._serve(request, routed, flow, caller, now)
        except Rejection as rejection:
            self._reject(request, flow, rejection, now, stateless=caller is None)
        except ParseError as error:
            self._reject(request, flow, Rejection(error.status, error.reason), now, stateless=caller is None)

    def _caller(self, request: Request, routed: Routed, flow: Flow, now: float) -> Caller:
        """Who asks; a Rejection with a challenge for strangers."""
        if request.method == "REGISTER":
            if not routed.own:
                raise Rejection(403)
            return self.authenticator.authenticate(request, now, proxy=False)
        if routed.dialog is not None or self._is_spiral(request, flow):
            return Caller(None)
        if flow.remote[0] in self.directory.peers:
            return Caller(None, peer=self.directory.peers[flow.remote[0]] or flow.remote[0])
        to_the_box = routed.own and request.uri.user is None
        if to_the_box and request.method == "OPTIONS":
            return Caller(None)
        return self.authenticator.authenticate(request, now, proxy=not to_the_box)

    def _is_spiral(self, request: Request, flow: Flow) -> bool:
        host, port = flow.remote
        return ((f"[{host}]" if ":" in host else host), port) in self.directory.addresses and self.layer.is_own(request)

    def _serve(self, request: Request, routed: Routed, flow: Flow, caller: Caller, now: float) -> None:
        if request.method == "REGISTER":
            self._register(request, flow, caller, now)
        elif routed.own and routed.dialog is None and request.uri.user is None:
            self._answer_own(request, flow, now)
        else:
            self.proxy.forward(request, routed, flow, caller, now)

    def _answer_own(self, request: Request, flow: Flow, now: float) -> None:
        # Section 8.2.1 and 11.2: the box itself knows few methods.
        if request.method == "OPTIONS":
            self._answer(request, flow, self._response(request, 200, headers=OPTIONS_HEADERS), now)
            return
        known = request.method in KNOWN_METHODS
        raise Rejection(405 if known else 501, headers=[("Allow", OWN_METHODS)])

    # -- answers -------------------------------------------------------------------------------------------------------

    def _response(
        self, request: Request, status: int, reason: str | None = None, headers: Iterable[tuple[str, str]] = ()
    ) -> Response:
        return Response.to_request(request, status, reason, headers, self._tag(request))

    def _tag(self, request: Request) -> str:
        """A To tag that is the same for each retransmission (section 8.2.7)."""
        text = f"{request.call_id} {request.first('from')} {request.first('cseq')}"
        data = text.encode("utf-8", "surrogateescape")
        return hashlib.blake2s(data, key=self._tag_key[:32], digest_size=8).hexdigest()

    def _answer(self, request: Request, flow: Flow, response: Response, now: float) -> None:
        if request.method == "INVITE":
            self.layer.server(request, flow, now).respond(response, now)
        else:
            self.layer.answer(request, flow, response, now)

    def _reject(self, request: Request, flow: Flow, rejection: Rejection, now: float, *, stateless: bool) -> None:
        """The one place where a refusal becomes an answer. A stranger's is stateless: nothing is kept for him
        (section 26.3.2.4)."""
        self._tell_refusal(request, flow, rejection, now)
        if request.method == "ACK":
            return
        try:
            response = self._response(request, rejection.status, rejection.reason, rejection.headers)
            if stateless:
                self._actions.append(Send(response, response_target(request, flow)))
            else:
                self._answer(request, flow, response, now)
        except ParseError:
            return  # not even the way back can be read

    def _tell_refusal(self, request: Request, flow: Flow, rejection: Rejection, now: float) -> None:
        rule = rejection.rule if isinstance(rejection, Refused) else ""
        if rule in ("", "no-credentials", "stale-nonce"):
            return
        username = rejection.username if isinstance(rejection, Refused) else ""
        known = username if username in self.directory.accounts else ""
        text = f"{request.method} refused: {rule.replace('-', ' ')} for {username[:64]!r}"
        self.events.add(Event(now, Kind.REFUSED, known, text, flow.source, rule))

    # -- registrations -------------------------------------------------------------------------------------------------

    def _register(self, request: Request, flow: Flow, caller: Caller, now: float) -> None:
        registration = self.registrar.register(request, flow, caller, now)
        ticket = self.location.open_ticket(registration.aor)
        if registration.refreshes and (ticket is not None or registration.changes or not self.settings.flush):
            registration.harden(now)
        if registration.changes:
            ticket = self._stage(registration.aor, registration.bindings, registration.changes)
        if ticket is None:
            self._refresh(registration, now)
        headers = answer_headers(registration.bindings, request, self.settings, now, self.wall_offset)
        response = self._response(request, 200, headers=headers)
        if ticket is None:
            self.layer.answer(request, flow, response, now)
            self._accepted(registration, caller, now)
        else:
            transaction = self.layer.server(request, flow, now)
            self._waiting.setdefault(ticket, []).append(_Waiting(transaction, response, registration, caller))

    def _refresh(self, registration: Registration, now: float) -> None:
        """A pure refresh: at once in memory, on disk with the next flush."""
        for refresh in registration.refreshes:
            binding = refresh.binding
            refresh.write(binding, now)
            self.location.extend(binding, now + refresh.granted)
            self._dirty[binding.id] = binding
        if self._dirty and not self._flush_armed:
            self._flush_armed = True
            self._deadlines.set(now + self.settings.flush, self.flush)

    def _accepted(self, registration: Registration, caller: Caller, now: float) -> None:
        expiries = [binding.expires_at for binding in registration.bindings if binding.expires_at is not None]
        self.authenticator.registered(caller, max(expiries, default=now))
        for event in story(registration, now):
            self.events.add(event)

    # -- durability ----------------------------------------------------------------------------------------------------

    def _stage(self, aor: AddressOfRecord, bindings: list[Binding], changes: Changes) -> int:
        ticket = self._ticket()
        self.location.stage(aor, ticket, bindings)
        self._actions.append(Commit(ticket, changes))
        return ticket

    def _ticket(self) -> int:
        self._next_ticket += 1
        return self._next_ticket - 1

    def _write_later(self, changes: Changes) -> None:
        """A commit that nobody waits for; what fails is written with the next flush."""
        if changes:
            ticket = self._ticket()
            self._background[ticket] = changes
            self._actions.append(Commit(ticket, changes))

    def committed(self, tickets: Iterable[int], now: float) -> None:
        """These tickets are on disk: their changes become visible and their 200s go out."""
        for ticket in tickets:
            if self._background.pop(ticket, None) is not None:
                continue
            self._write_later(self.location.commit(ticket))
            for waiting in self._waiting.pop(ticket, ()):
                waiting.transaction.respond(waiting.response, now)
                self._accepted(waiting.registration, waiting.caller, now)

    def commit_failed(self, tickets: Iterable[int], error: Exception, now: float) -> None:
        """These tickets are not on disk: the committed bindings stand, and all who waited get 500 with Retry-After."""
        for ticket in tickets:
            changes = self._background.pop(ticket, None)
            if changes is not None:
                self._keep_unwritten(changes, now)
                continue
            for failed in self.location.fail(ticket):
                for waiting in self._waiting.pop(failed, ()):
                    self._answer_unstored(waiting, error, now)

    def _answer_unstored(self, waiting: _Waiting, error: Exception, now: float) -> None:
        request = waiting.transaction.request
        headers = [("Retry-After", str(RETRY_AFTER))]
        waiting.transaction.respond(self._response(request, 500, "Could Not Be Stored", headers), now)
        self.events.add(Event(now, Kind.WARNING, waiting.registration.username, f"not stored: {error}", rule="disk"))

    def _keep_unwritten(self, changes: Changes, now: float) -> None:
        for binding in changes.saved:
            self._dirty.setdefault(binding.id, binding)
        self._unwritten.removed += changes.removed
        self._unwritten.calls = [*self._unwritten.calls, *changes.calls][-self.settings.call_records :]
        if not self._flush_armed:
            self._flush_armed = True
            self._deadlines.set(now + max(self.settings.flush, RETRY_AFTER), self.flush)

    def flush(self, now: float) -> None:
        """Puts on disk what may wait: folded refreshes, and what an earlier background commit could not write."""
        self._flush_armed = False
        changes, self._unwritten = self._unwritten, Changes()
        waiting: dict[int, Binding] = {}
        for id, binding in self._dirty.items():
            if self.location.binding(id) is not binding:
                continue  # moved or gone since: another commit tells it
            if self.location.open_ticket(binding.aor) is None:
                changes.saved.append(binding)
            else:
                waiting[id] = binding  # its newer row may be on the way to the disk: never write the older one after it
        self._dirty = waiting
        self._write_later(changes)
        if waiting:
            self._flush_armed = True
            self._deadlines.set(now + 1.0, self.flush)

    def _record(self, record: CallRecord) -> None:
        self._write_later(Changes(calls=[record]))

    # -- what control does to bindings ---------------------------------------------------------------------------------

    def drop(self, bindings: Iterable[Binding], now: float) -> None:
        """Takes bindings away durably (an account disabled or removed, a device revoked)."""
        by_aor: dict[AddressOfRecord, set[int]] = {}
        for binding in bindings:
            by_aor.setdefault(binding.aor, set()).add(binding.id)
            text = f"{binding.contact} dropped by the administrator"
            self.events.add(Event(now, Kind.UNREGISTERED, _username(binding.aor), text))
            if binding.flow is not None and binding.flow.connection:
                self._actions.append(Close(binding.flow))
        for aor, ids in by_aor.items():
            kept = [binding for binding in self.location.latest(aor) if binding.id not in ids]
            self._stage(aor, kept, Changes(removed=sorted(ids)))

    def add(self, binding: Binding) -> None:
        """Adds a binding that was made by hand (static)."""
        self._stage(binding.aor, [*self.location.latest(binding.aor), binding], Changes(saved=[binding]))

    def configure(self, settings: Settings) -> None:
        """Takes other settings from now on."""
        self.authenticator.offer(settings.algorithms)
        self.settings = self.registrar.settings = self.proxy.settings = settings
        self.directory.domains = {self.directory.realm.lower(), *(name.lower() for name in settings.domains)}

    # -- time and transport --------------------------------------------------------------------------------------------

    def next_timer(self) -> float | None:
        """When `handle_timers` is to be called at the latest, or None."""
        timer, expiry = self._deadlines.next(), self.location.next_expiry()
        return timer if expiry is None else expiry if timer is None else min(timer, expiry)

    def handle_timers(self, now: float) -> None:
        """Does all that is due."""
        self._deadlines.handle(now)
        expired = self.location.expire(now)
        if not expired:
            return
        for binding in expired:
            self._dirty.pop(binding.id, None)
            self.events.add(Event(now, Kind.EXPIRED, _username(binding.aor), f"{binding.contact} expired"))
        self._write_later(Changes(removed=[binding.id for binding in expired]))

    def transport_failed(self, key: str, now: float) -> None:
        """A Send with that key could not be delivered."""
        self.layer.transport_failed(key, now)

    def flow_closed(self, flow: Flow, now: float) -> None:
        """A connection is gone: its bindings are no longer reached over it, and what waits on it fails at once."""
        for binding in self.location.at(flow):
            binding.connected = False
        self.layer.flow_closed(flow, now)

    def take_actions(self) -> list[Action]:
        """All that is to be done, oldest first; the list is the caller's."""
        actions = self._actions.copy()
        self._actions.clear()
        return actions


def _username(aor: AddressOfRecord) -> str:
    return aor.removeprefix("sip:").rpartition("@")[0]
