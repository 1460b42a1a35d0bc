"""The core: who asks, and whether the registrar, the proxy or the box itself answers.

In: `read` (bytes) or `receive` (a message), `committed`, `commit_failed`, `sent_over`, `transport_failed`, `unreached`,
`flow_closed`, `handle_timers`, each with now (seconds on CLOCK_BOOTTIME). Out: `next_timer` and `take_actions`: Send,
Commit and Close, in the order in which they are to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ..auth import Authenticator, Caller, Refused
from ..directory import Directory
from ..events import Event, EventLog, Kind, Wording
from ..location import LocationService
from ..model import AddressOfRecord, Binding, CallRecord, Changes, Close, Commit, Settings, username_of
from ..proxy import ProxyCore, Routed
from ..registrar import Registrar
from ..sip.checks import read_message
from ..sip.errors import ParseError, Rejection, Rule
from ..sip.message import Message, Request, Response
from ..sip.plain_request import plain_request
from ..sip.plain_response import plain_response
from ..sip.status import reason_phrase
from ..sip.stray_ack import stray_ack_key
from ..sip.timers import Deadlines
from ..sip.transaction_layer import TransactionLayer
from ..sip.wire import Destination, Flow, Send, Target
from .answers import Answers
from .challenges import Challenges
from .open_requests import OpenRequests
from .registrations import Registrations
from .renewals import Renewals
from .unanswered import Unanswered

Action = Send | Commit | Close

MAX_METHOD = 16
"""Characters of a stranger's method that are kept in an event."""
NOT_UNDERSTOOD = frozenset({400, 413, 415, 416, 420, 501, 505, 513})
"""What an INVITE or a REGISTER is refused with for how it is written, whoever sends it."""
UNTOLD = frozenset({Rule.NO_CREDENTIALS, Rule.STALE_NONCE})
"""Refusals that are part of every login and no event."""
_REFUSED = Wording("{method} refused: {rule} for {about!r}")
_REFUSED_FOR_NOBODY = Wording("{method} refused: {rule}")

LET_IN = Caller(None)
"""Whoever needs no account for what he asks; nobody writes into it."""


@dataclass(slots=True)
class Keys:
    """Secrets of the box, 32 bytes each."""

    record_route: bytes
    """Kept in the database: calls outlive a restart."""
    process: bytes
    """New in each process: nonces, tags."""


class Core:
    """The box without its sockets and its disk."""

    def __init__(
        self,
        directory: Directory,
        location: LocationService,
        settings: Settings,
        keys: Keys,
        random: Callable[[int], bytes],
    ) -> None:
        self.directory = directory
        self.location = location
        self.settings = settings
        self.events = EventLog(settings.events)
        self.wall_offset: float | None = None
        """Wall time less CLOCK_BOOTTIME, once the clock is set; the driver keeps it right."""
        self._actions: list[Action] = []
        act = self._actions.append
        self._deadlines = Deadlines()
        self.layer = TransactionLayer(self._deadlines, act)
        self.authenticator = Authenticator(directory.realm, directory, settings.algorithms, keys.process)
        self.open = OpenRequests(directory, self._deadlines, self.events.add)
        self._answers = Answers(self.layer, self.open.room, keys.process, act)
        registrar = Registrar(location, directory, settings)
        self.registrations = Registrations(
            registrar, location, self.authenticator, self.layer, self._deadlines, self._answers, act, self.events.add
        )
        self._unanswered = Unanswered(self._deadlines, self.events.add)
        self._challenges = Challenges(directory, self.authenticator, self.layer, self._answers, self._unanswered)
        self._registrar = registrar
        self._renewals = Renewals(location, self.authenticator, self.layer, registrar, self.registrations)
        self.proxy = ProxyCore(
            location, directory, self.layer, self.open.room, self._deadlines, settings, keys.record_route,
            lambda: random(9).hex(), self.events.add, self.events.add_incoming, self._record, self._keep,
        )  # fmt: skip
        self.registrations.background.not_kept = self.proxy.calls.long.not_kept

    # -- messages ------------------------------------------------------------------------------------------------------

    def read(self, data: bytes, flow: Flow, now: float) -> None:
        """The bytes of one message came over `flow`: a datagram, or what a stream was cut into. Raises nothing for
        them."""
        if data[:9] == b"REGISTER ":
            if self._renewals.answer(data, flow, now, self.wall_offset):
                return
        elif data[:4] == b"ACK " and (stray := stray_ack_key(data)) is not None and not self.layer.expects(stray):
            return
        elif data[:4] == b"SIP/" and (response := plain_response(data)) is not None:
            self.layer.receive_response(response, now)
            return
        try:
            message = plain_request(data, flow) or read_message(data)
        except ParseError as error:
            self.refuse(error, flow, now)
            return
        self.receive(message, flow, now)
        accepted, self.registrations.last = self.registrations.last, None
        if accepted is not None:
            self._renewals.learn(data, flow, accepted, now)

    def receive(self, message: Message, flow: Flow, now: float) -> None:
        """A message came over `flow`."""
        if isinstance(message, Request):
            self._receive_request(message, flow, now)
        elif isinstance(message, Response):
            self.layer.receive_response(message, now)

    def refuse(self, error: ParseError, flow: Flow, now: float) -> None:
        """What came is no good message; its `request`, as far as it could be read, says where the answer goes."""
        if error.request is not None:
            error.request.stamp(flow)
            self._reject(error.request, flow, Rejection(error.status, error.reason), now)

    def _receive_request(self, request: Request, flow: Flow, now: float) -> None:
        caller: Caller | None = None
        sender: str | None = None
        if request.method == "INVITE" and self._challenges.answer(request, flow, now):
            return
        try:
            request.stamp(flow)
            if self.layer.receive_request(request, now):
                return
            self.proxy.validate(request)
            if request.method == "CANCEL":
                self.proxy.cancel(request, flow, now)
                return
            routed = self.proxy.preprocess(request)
            if request.method == "ACK":
                self.proxy.ack(request, routed, flow, now)
                return
            caller = self._caller(request, routed, flow, now)
            sender = self.open.admit(self._name(request, caller, routed, flow), request, flow, now)
            self._serve(request, routed, flow, caller, sender, now)
        except Rejection as rejection:
            if rejection.rule == Rule.NO_CREDENTIALS and request.method == "INVITE":
                self._unanswered.challenged(flow, now)
            elif rejection.rule not in UNTOLD and request.method != "ACK":
                self._unanswered.answered(flow)
            self._reject(request, flow, rejection, now, caller, sender)
        except ParseError as error:
            self._reject(request, flow, Rejection(error.status, error.reason), now, caller, sender)

    def _caller(self, request: Request, routed: Routed, flow: Flow, now: float) -> Caller:
        """Who asks. Raises Rejection with a challenge for strangers."""
        if request.method == "REGISTER":
            if not routed.own:
                raise Rejection(403, rule=Rule.UNKNOWN_DOMAIN, about=request.uri.hostport)
            return self.authenticator.authenticate(request, now, proxy=False)
        dialog = routed.dialog
        if (dialog is not None and self.proxy.sides.lets_in(request, dialog, flow)) or self._is_spiral(request, flow):
            return LET_IN
        if self.directory.trusts(flow):
            return Caller(None, peer=self.directory.peers[flow.remote[0]] or flow.remote[0])
        to_the_box = _is_to_the_box(request, routed)
        if to_the_box and request.method == "OPTIONS":
            return LET_IN
        caller = self.authenticator.authenticate(request, now, proxy=not to_the_box)
        self._unanswered.answered(flow)
        return caller

    def _name(self, request: Request, caller: Caller, routed: Routed, flow: Flow) -> str:
        """Under which it is counted while it is open: a spiral, as to each of a group, for whom it was made for."""
        if caller.account is not None:
            return caller.account.aor
        if routed.dialog is not None:
            return self.proxy.sides.name_of(routed.dialog.sender, flow)
        return self.layer.sender_of(request) if not caller.peer and self._is_spiral(request, flow) else caller.peer

    def _is_spiral(self, request: Request, flow: Flow) -> bool:
        """A request of the box's own that came back to it: an account whose phone stands at another account."""
        return self.directory.listens_on(flow.remote) and self.layer.is_own(request)

    def _serve(self, request: Request, routed: Routed, flow: Flow, caller: Caller, sender: str, now: float) -> None:
        if request.method == "REGISTER":
            self.registrations.register(request, flow, caller, now, self.wall_offset)
            if self.registrations.last is not None and (anew := self.registrations.last.registration.anew):
                self.proxy.calls.left_by(anew, now)
        elif routed.dialog is None and _is_to_the_box(request, routed):
            self._answers.ask_the_box(request, flow)
        else:
            if routed.dialog is not None and caller.account is not None:
                self.proxy.sides.check(request, routed.dialog, caller.account, flow)
            self.proxy.forward(request, routed, flow, caller, sender, now)

    def _reject(
        self, request: Request, flow: Flow, rejection: Rejection, now: float, caller: Caller | None = None,
        sender: str | None = None,
    ) -> None:  # fmt: skip
        """`caller`: None where nobody knows yet who it is. `sender`: for whom it is counted; None: nothing is kept of
        it."""
        if rejection.rule is not None and rejection.rule not in UNTOLD:
            self._tell_refusal(request, flow, rejection, rejection.rule, now, caller)
        elif rejection.status in NOT_UNDERSTOOD and request.method in ("INVITE", "REGISTER"):
            self._tell_what_is_not_understood(request, flow, rejection, now, caller)
        if request.method == "ACK":
            return
        try:
            self._answers.reject(request, flow, rejection, now, sender)
        except ParseError:
            return  # not even the way back can be read

    def _tell_what_is_not_understood(
        self, request: Request, flow: Flow, rejection: Rejection, now: float, caller: Caller | None
    ) -> None:
        """That of a phone which is registered or has shown its password, or of a trusted peer: of strangers it is
        noise."""
        account = caller.account if caller is not None else None
        if account is None and (here := self.location.at(flow)):
            account = self.directory.account(username_of(here[0].aor))
        if account is not None or self.directory.trusts(flow):
            reason = rejection.reason or reason_phrase(rejection.status)
            about = ": ".join([reason, *(value for _, value in rejection.headers)])
            told = Rejection(rejection.status, rule=Rule.NOT_UNDERSTOOD, about=about)
            self._tell_refusal(request, flow, told, Rule.NOT_UNDERSTOOD, now, Caller(account))

    def _tell_refusal(
        self, request: Request, flow: Flow, rejection: Rejection, rule: Rule, now: float, caller: Caller | None
    ) -> None:
        known = rejection.about if isinstance(rejection, Refused) and rejection.about in self.directory.accounts else ""
        if caller is not None and caller.account is not None:
            known = caller.account.username
        words: tuple[str, ...] = request.method[:MAX_METHOD], rule.words
        wording = _REFUSED_FOR_NOBODY
        if rejection.about:
            words, wording = (*words, rejection.about), _REFUSED
        self.events.add(Event(now, Kind.REFUSED, known, wording, words, flow, rule))

    # -- disk, time and transport --------------------------------------------------------------------------------------

    def committed(self, ticket: int, now: float) -> None:
        """This ticket is on disk."""
        self.registrations.committed(ticket, now)

    def commit_failed(self, ticket: int, error: Exception, now: float) -> None:
        """This ticket is not on disk."""
        self.registrations.failed(ticket, error, now)

    @property
    def is_backed_up(self) -> bool:
        """Whether so many REGISTERs wait for the disk that no more are taken in."""
        return self.registrations.is_backed_up

    def flush(self, now: float) -> None:
        """Puts on disk all that may wait."""
        self.registrations.background.flush(now)

    def shut_down(self, now: float) -> None:
        """Ends what rings, and puts on disk all that may wait, and the calls that are up, as far as they are known."""
        try:
            self.proxy.shut_down(now)
        finally:
            self.flush(now)

    def next_timer(self) -> float | None:
        """When `handle_timers` is to be called at the latest, or None."""
        timer, expiry = self._deadlines.next(), self.location.next_expiry()
        if timer is None or expiry is None:
            return timer if expiry is None else expiry
        return timer if timer <= expiry else expiry  # min takes ten times as long

    def handle_timers(self, now: float) -> None:
        """Does all that is due."""
        self._deadlines.handle(now)
        self.proxy.expired(self.registrations.expire(now), now)

    def transport_failed(self, key: str, now: float) -> None:
        """A Send with that key could not be delivered."""
        self.layer.transport_failed(key, now)

    def is_wanted(self, key: str) -> bool:
        """Whether a Send with that key, to a destination whose way was looked for, is still to go out."""
        return self.layer.is_wanted(key)

    def sent_over(self, key: str, target: Target, now: float, others: Sequence[Destination] = ()) -> None:
        """A Send with that key, to a destination, has found its way to one address, and there are `others`; or it looks
        for it once more."""
        self.layer.sent_over(key, target, now, others)

    def unreached(self, data: bytes, now: float) -> None:
        """A datagram that begins with these bytes can't arrive."""
        self.layer.unreached(data, now)

    def flow_closed(self, flow: Flow, now: float) -> None:
        """A connection is gone: its bindings are no longer reached over it, and what waits on it fails at once."""
        self.location.disconnect(flow)
        self.layer.flow_closed(flow, now)
        self.proxy.closed(flow, now)

    def take_actions(self) -> list[Action]:
        """All that is to be done, oldest first; the list is the caller's."""
        actions = self._actions.copy()
        self._actions.clear()
        return actions

    def _record(self, record: CallRecord) -> None:
        self.registrations.background.write_soon(Changes(calls=[record]), record.ended_at)

    def _keep(self, up: list[CallRecord]) -> None:
        if self.settings.call_records:  # else nothing of a call is to be on disk
            self.registrations.background.write(Changes(up=up))

    # -- control -------------------------------------------------------------------------------------------------------

    def hold(self, aors: Iterable[AddressOfRecord]) -> list[int]:
        """Until these tickets are committed, nothing of these places goes to the journal: bindings are taken away there
        by hand, and what a phone asks for meanwhile might bring them back."""
        return self.registrations.hold(aors)

    def without_calls(self) -> AbstractContextManager[None]:
        """While all is taken away on disk: no record of a call comes behind it."""
        return self.registrations.background.without_calls()

    def drop(self, bindings: Iterable[Binding], now: float) -> None:
        """Bindings were taken away on disk: they go here too, and their connections are closed."""
        self.registrations.drop(bindings, now)

    def write_records(self) -> None:
        """Sends the records of ended calls to the disk: somebody asks for them, and one that waits is nowhere else."""
        self.registrations.background.write_now()

    def forget(self, username: str) -> None:
        """The account was removed or disabled, or its secrets changed: nothing that was made of these is kept."""
        self.authenticator.forget(username)
        self._renewals.clear()

    def forget_past(self) -> None:
        """Events go, and calls that are up leave no record: the box is another one's."""
        self._renewals.clear()
        self.events.forget()
        self.proxy.calls.forget()
        self.registrations.background.forget_calls()

    def rename(self, realm: str) -> None:
        """Takes another realm, while there is no account."""
        self.directory.realm = realm
        self.authenticator.rename(realm)
        self.configure(self.settings)

    def configure(self, settings: Settings) -> None:
        """Takes other settings from now on."""
        self.authenticator.offer(settings.algorithms)
        self._renewals.clear()
        self.events.most = settings.events
        self.settings = self._registrar.settings = self.registrations.settings = self.proxy.settings = settings
        self.directory.domains = {self.directory.realm.lower(), *(name.lower() for name in settings.domains)}


def _is_to_the_box(request: Request, routed: Routed) -> bool:
    return routed.own and not request.uri.user and not request.uri.opaque
