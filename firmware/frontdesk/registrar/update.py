"""Step 7 of a REGISTER (RFC 3261 section 10.3): which binding each Contact refreshes, moves, adds or removes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from ..model import Account, Binding, BindingState
from ..sip.address import Address
from ..sip.errors import ParseError, Rejection
from ..sip.host import SIP_PORT, bare
from ..sip.message import Request
from ..sip.uri import SIP_SCHEMES, Uri
from ..sip.wire import Flow
from . import outbound
from .contact import LONGEST, Contact
from .registration import Refresh, Registration
from .same_device import looks_alike, same_device
from .spread import mark

if TYPE_CHECKING:
    from .registrar import Registrar

MAX_USER_AGENT = 256
"""Characters that are kept."""
MAX_DISPLACED = 8
"""Call-IDs that are remembered of those whom a device was taken for."""


class Registrant(Protocol):
    """Who registers: the account and device of the credentials, and when the nonce they answer was made."""

    account: Account | None
    device: str
    nonce_issued: float


def check_order(request: Request, binding: Binding, registrant: Registrant, lowest: int) -> None:
    """Refuses a late duplicate: a CSeq below `lowest` in the same Call-ID (step 7).

    A phone that lost its memory starts again with its old Call-ID and a low CSeq; it is believed if the nonce that it
    answers was made after the binding's last accepted REGISTER, which a late duplicate can't do (OpenSIPS #641,
    sipsorcery #1038).
    """
    if binding.call_id != request.call_id or request.cseq.number >= lowest:
        return
    if registrant.nonce_issued <= binding.accepted_at:
        raise Rejection(500, "Sequence Number Lower Than Before")


def checked_path(values: list[str]) -> tuple[str, ...]:
    """The Path as it came. Raises ParseError for one that could not be followed: no 200 for what cannot be called."""
    if sum(map(len, values)) > LONGEST:
        raise ParseError(f"a Path has at most {LONGEST} characters")
    for value in values:
        if Address.parse(value).uri.scheme not in SIP_SCHEMES:
            raise ParseError("Path is no SIP URI")
    return tuple(values)


@lru_cache(maxsize=128)  # the phones of an office are of few kinds: kept once
def _kept_once(user_agent: str) -> str:
    return user_agent


class Update:
    """What one REGISTER does to the bindings of its address-of-record."""

    def __init__(
        self, registrar: Registrar, request: Request, flow: Flow, registrant: Registrant, registration: Registration,
        now: float
    ) -> None:
        self._registrar = registrar
        self._request = request
        self._flow = flow
        self._registrant = registrant
        self._registration = registration
        self._now = now
        self._user_agent = _kept_once((request.first("user-agent") or "")[:MAX_USER_AGENT])
        self._path = checked_path(request.values("path"))
        self._outbound = outbound.counts(request)
        self._touched: set[int] = set()  # bindings that are this request's own
        self._left: set[int] = set()  # those that it takes away
        self._written: set[int] = set()  # those that it has changed already (a Contact that stands there twice)

    def apply(self, contacts: list[Contact]) -> None:
        """Matches each contact with a binding by its URI or instance first, so that one device's contacts do not take
        each other's. One that is taken away beside a new one, in either order, has moved there: pjsip says so over a
        new connection."""
        for contact in contacts:
            if (binding := self._named(contact, seconds := self._seconds(contact))) is not None:
                (self._touched if seconds else self._left).add(binding.id)
        kept = [contact.uri for contact in contacts if self._seconds(contact)]
        for contact in sorted(contacts, key=lambda each: not (self._seconds(each) or any(map(each.uri.matches, kept)))):
            self._apply(contact)
        self._make_room()

    def _apply(self, contact: Contact) -> None:
        seconds = self._seconds(contact)
        binding = self._named(contact, seconds)
        if binding is not None and binding.state is BindingState.STATIC:
            return  # made by hand: not the phone's to change
        if binding is None and seconds:
            binding = self._same_device(contact)
        if binding is None:
            if seconds:
                self._add(contact, seconds)
            return
        repeats = (seconds and self._unchanged(contact, binding)) or binding.id in self._written
        # The same CSeq again may repeat, as a retransmission does that the transactions have forgotten; not change.
        check_order(self._request, binding, self._registrant, binding.cseq + (not repeats))
        if binding.starts_anew(self._request.call_id):
            self._registration.anew.append(binding.id)
        self._registration.drop_refresh(binding)  # of a Contact that stands there twice the last counts
        if not seconds:
            self._remove(binding, "remove")
            return
        self._touched.add(binding.id)
        if self._unchanged(contact, binding):
            self._refresh(contact, binding, seconds)
        else:
            self._move(contact, binding, seconds)

    # -- which binding -------------------------------------------------------------------------------------------------

    def _seconds(self, contact: Contact) -> int:
        return self._registrar.interval(self._request, contact, self._flow)

    def _named(self, contact: Contact, seconds: int) -> Binding | None:
        """By its instance, else its URI. One that is taken away (`seconds` is 0) by its URI, or by instance and reg-id:
        a phone that has moved takes its old Contact away, and not the new one of the same instance, or of the same URI
        in other words."""
        if not seconds:
            named = self._at(contact) or self._of_flow(contact)
            is_new = named is not None and named.id in self._written and named.contact != contact.text
            return None if is_new else named
        return self._of_instance(contact) or self._at(contact)

    def _at(self, contact: Contact) -> Binding | None:
        for binding in self._registration.bindings:
            if self._is_another(contact, binding):
                continue
            if binding.contact == contact.text or contact.uri.matches(Uri.parse(binding.contact)):
                return binding
        return None

    def _is_another(self, contact: Contact, binding: Binding) -> bool:
        """Whether it names another device, or another flow of its own (RFC 5626 section 6)."""
        if not contact.instance or not binding.instance:
            return False
        counts = self._outbound and contact.reg_id is not None and binding.reg_id is not None
        return contact.instance != binding.instance or (counts and contact.reg_id != binding.reg_id)

    def _of_flow(self, contact: Contact) -> Binding | None:
        return self._of_instance(contact) if self._outbound and contact.reg_id is not None else None

    def _of_instance(self, contact: Contact) -> Binding | None:
        if not contact.instance:
            return None
        counts = self._outbound and contact.reg_id is not None
        for binding in self._registration.bindings:
            if binding.instance == contact.instance and (not counts or binding.reg_id in (None, contact.reg_id)):
                return binding
        return None

    def _same_device(self, contact: Contact) -> Binding | None:
        call_id, device = self._request.call_id, self._registrant.device
        others = [binding for binding in self._registration.bindings if binding.id not in self._touched]
        others.sort(key=lambda each: each.id not in self._left)
        found = next((each for each in others if same_device(each, contact, call_id, device)), None)
        # Who comes back after somebody was taken for him is another one: a base station's other handset.
        if found is None and not any(call_id in each.displaced for each in others):
            flow = None if self._path else self._hears_at(contact)
            alike = [each for each in others if looks_alike(each, contact, flow, self._user_agent)]
            lost = next((each for each in alike if not each.connected), None)
            found = lost or (alike[0] if len(alike) == 1 else None)
        return found

    def _hears_at(self, contact: Contact) -> Flow:
        """The flow that its REGISTER came over; but some phones send from one port and listen at another: over UDP
        whoever asks for no answer at the port that he sends from (RFC 3581) hears at his Contact, if that is at the
        address that he sends from. Behind a router it never is."""
        flow, uri = self._flow, contact.uri
        if flow.transport != "udp" or self._request.asks_for_rport or bare(uri.host) != flow.remote[0]:
            return flow
        if (uri.parameters.get("transport") or "udp").lower() != "udp":
            return flow
        return Flow("udp", flow.local, (flow.remote[0], uri.port or SIP_PORT))

    def _unchanged(self, contact: Contact, binding: Binding) -> bool:
        return (
            binding.contact == contact.text
            and binding.flow == self._hears_at(contact)
            and binding.parameters == contact.parameters
            and binding.path == self._path
            and binding.device == self._registrant.device
            and binding.connected
        )

    # -- what becomes of it --------------------------------------------------------------------------------------------

    def _refresh(self, contact: Contact, binding: Binding, seconds: int) -> None:
        granted = self._grant(contact, seconds, binding.granted)
        self._registration.refreshes.append(
            Refresh(
                binding,
                granted,
                self._request.call_id,
                self._request.cseq.number,
                self._user_agent,
                self._registrant.nonce_issued,
            )
        )

    def _move(self, contact: Contact, binding: Binding, seconds: int) -> None:
        moved, what = binding.copy(), "move"
        if binding.call_id != self._request.call_id:
            what = "return" if self._request.call_id in binding.displaced else "move"
            moved.displaced = (*binding.displaced, binding.call_id)[-MAX_DISPLACED:]
        self._written.add(binding.id)
        self._fill(moved, contact, self._grant(contact, seconds, binding.granted))
        bindings = self._registration.bindings
        bindings[bindings.index(binding)] = moved
        self._registration.changes.saved.append(moved)
        self._registration.told.append((what, moved))

    def _add(self, contact: Contact, seconds: int) -> None:
        binding = Binding(
            id=self._registrar.location.new_id(),
            aor=self._registration.aor,
            contact=contact.text,
            parameters="",
            flow=None,
            granted=0,
            expires_at=None,
            registered_at=self._now,
        )
        self._fill(binding, contact, self._grant(contact, seconds, 0))
        self._touched.add(binding.id)
        self._written.add(binding.id)
        self._registration.bindings.append(binding)
        self._registration.changes.saved.append(binding)
        self._registration.told.append(("add", binding))

    def _remove(self, binding: Binding, why: str) -> None:
        self._registration.bindings.remove(binding)
        self._registration.changes.removed.append(binding.id)
        self._registration.told.append((why, binding))

    def _fill(self, binding: Binding, contact: Contact, granted: int) -> None:
        binding.contact = contact.text
        binding.parameters = contact.parameters
        binding.flow = self._hears_at(contact)
        binding.granted = granted
        binding.expires_at = self._now + granted
        if binding.call_id != self._request.call_id:
            binding.call_id_since = self._now
        binding.call_id = self._request.call_id
        binding.cseq = self._request.cseq.number
        binding.nonce_issued = self._registrant.nonce_issued
        binding.q = contact.q
        binding.instance = contact.instance
        binding.reg_id = contact.reg_id
        binding.path = self._path
        binding.user_agent = self._user_agent
        binding.device = self._registrant.device
        binding.seen_at = binding.accepted_at = self._now
        binding.state = BindingState.LIVE
        binding.connected = True

    def _grant(self, contact: Contact, seconds: int, last: int) -> int:
        return self._registrar.grant(seconds, last, mark(contact.instance, self._registration.aor, contact.text))

    def _make_room(self) -> None:
        # More devices than an account may have: the dead go first, then what the same device may have left behind, then
        # the oldest, of which a connection that is open is the last: the phone on the desk never gets a 403 for it.
        registered = [each for each in self._registration.bindings if each.state is not BindingState.STATIC]
        excess = len(registered) - self._registrar.settings.max_bindings
        if excess <= 0:
            return
        spare = [each for each in registered if each.id not in self._touched]
        own = {each.instance for each in registered if each.id in self._touched and each.instance}
        spare.sort(key=lambda each: (_is_alive(each), not self._is_like(each, own), _is_connected(each), each.seen_at))
        for binding in spare[:excess]:
            self._remove(binding, "replace")

    def _is_like(self, binding: Binding, own: set[str]) -> bool:
        """Whether it looks like this request's device as it was before: of the same instance, or of the same kind and
        from the same address, as a softphone is that was started again."""
        if binding.instance in own:
            return True
        same_place = binding.flow is not None and binding.flow.remote[0] == self._flow.remote[0]
        return same_place and bool(self._user_agent) and binding.user_agent == self._user_agent


def _is_connected(binding: Binding) -> bool:
    return binding.flow is not None and binding.flow.reliable and binding.connected


def _is_alive(binding: Binding) -> bool:
    return binding.connected and binding.state is BindingState.LIVE
