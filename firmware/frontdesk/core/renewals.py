"""The short way of a REGISTER: a device that is known by its bytes is challenged, renewed and moved without parsing.

What a device sends again and again differs in few places (`template`). So its last REGISTER that went the long way is
kept as a template, with the template of its answer. What fits, and passes the checks that depend on the holes, on time
and on what may have changed since, is answered from the templates, at once or when it is on disk; all else goes the
long way. Both ways give the same answer, byte for byte, and leave the same state: a test holds that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from hmac import compare_digest

from ..auth import Authenticator
from ..events import Event
from ..location import LocationService
from ..model import Account, Binding, BindingState
from ..nonces import Window
from ..registrar import Registrar
from ..registrar.answer import contact_value, sip_date, told
from ..registrar.contact import LONGEST, Contact
from ..registrar.spread import mark
from ..sip.digest import HASHES, Credentials, h
from ..sip.matching import server_key
from ..sip.message import Request
from ..sip.response_target import response_target
from ..sip.server_transaction import NonInviteServerTransaction
from ..sip.transaction_layer import TransactionLayer
from ..sip.unread_request import UnreadRequest
from ..sip.uri import is_sip
from ..sip.via import MAGIC_COOKIE
from ..sip.wire import Flow, Send
from .answer_template import NEXT_CONTACT, AnswerTemplate, make_answer_template, same
from .device import Device, Hashing
from .held import ReadyAnswer
from .registrations import Accepted, Registrations
from .template import QUESTION, Holes, is_usual, make_template

SPARE = 64
"""Devices kept beyond twice those that there were, until those that are gone are swept out together."""
_CALL_ID = b"\r\nCall-ID: "


@dataclass(slots=True)
class _Held:
    """One that waits for the disk (see `registrations.Waiting`)."""

    transaction: NonInviteServerTransaction
    username: str
    branch: bytes
    """What is behind the cookie of its REGISTER's."""
    answer: tuple[AnswerTemplate, bytes, bytes | None]
    """What its 200 is made of (see `Ingredients`)."""
    binding: Binding
    window: Window
    expires_at: float
    emit: Callable[[Event], None] | None
    """Who is told that the binding has moved."""

    def stored(self, now: float) -> None:
        template, number, date = self.answer
        self.transaction.complete(template.ok(self.branch, number, date), self.answer, now)
        self.window.extend(self.expires_at)
        if self.emit is not None:
            self.emit(told("move", self.binding, self.username, now))

    def is_of(self, ids: Collection[int]) -> bool:
        return self.binding.id in ids


class Renewals:
    """The devices, by Call-ID: made of accepted REGISTERs alone, and one for each binding."""

    def __init__(
        self,
        location: LocationService,
        authenticator: Authenticator,
        layer: TransactionLayer,
        registrar: Registrar,
        registrations: Registrations,
    ) -> None:
        self._location = location
        self._authenticator = authenticator
        self._nonces = authenticator.nonces
        self._layer = layer
        self._registrar = registrar
        self._registrations = registrations
        self._known: dict[str, Device] = {}
        self._sweep_at = SPARE

    def clear(self) -> None:
        """Settings or accounts have changed: every device goes the long way once."""
        self._known.clear()

    # -- the short way -------------------------------------------------------------------------------------------------

    def answer(self, data: bytes, flow: Flow, now: float, wall_offset: float | None) -> bool:
        """Answers `data` if it is a known device's and good in every way; else nothing has happened."""
        call_id = data.partition(_CALL_ID)[2].partition(b"\r")[0]
        device = self._known.get(call_id.decode("latin-1"))
        if device is None or device.binding.call_id != device.call_id:
            return False
        if device.flow is not flow and device.flow != flow:
            return False
        holes = device.read(data)
        if holes is None or not is_usual(holes) or device.generation != self._authenticator.generation:
            return False
        if len(holes) == len(QUESTION):
            return self._challenge(device, holes, now)
        return self._renew(device, holes, data, now, wall_offset)

    def _renew(self, device: Device, holes: Holes, data: bytes, now: float, wall_offset: float | None) -> bool:
        """A retransmission of what the layer knows has no CSeq, or no count, that is new: it goes the long way."""
        binding, cseq, contact = device.binding, int(holes[1]), holes[2].decode()
        bindings = self._location.settled(binding)
        if not bindings or not _may_renew(binding, cseq, now) or not device.is_among(bindings, contact):
            return self._repeat(device, holes, now)
        if (wall_offset is None) != (device.answer.end is None):
            return False
        date = None if wall_offset is None else _date(int(now + wall_offset))
        if contact == binding.contact and self._registrations.settings.flush:
            return self._fold(device, holes, cseq, bindings, now, date)
        return self._write(device, holes, bindings, data, now, date)

    def _challenge(self, device: Device, holes: Holes, now: float) -> bool:
        """Stateless, as every challenge (section 8.2.7)."""
        if self._layer.knows(device.key + holes[0].decode()):
            return False  # a retransmission
        nonce = self._nonces.issue(now)
        device.offered = self._nonces.unused(nonce, now)
        headers = self._authenticator.challenges(nonce)
        self._layer.send(Send(device.answer.challenge(holes, headers), device.target))
        return True

    def _repeat(self, device: Device, holes: Holes, now: float) -> bool:
        """A retransmission of its last refresh gets the same answer once more (section 17.2.2)."""
        answer = device.answered(holes, now)
        if answer is None:
            return False
        self._layer.send(Send(answer, device.target))
        return True

    def _fold(
        self, device: Device, holes: Holes, cseq: int, bindings: tuple[Binding, ...], now: float, date: bytes | None
    ) -> bool:
        """A pure refresh: in memory, and answered at once."""
        window = self._spend(device, holes, now)
        if window is None:
            return False
        binding = device.binding
        expires_at = _extend(binding, cseq, window, now)
        self._registrations.fold(binding, expires_at, now)
        alone = len(bindings) == 1
        window.extend(expires_at if alone else _longest(bindings))
        template = device.answer if alone else self._answer(device, bindings, now)
        self._layer.send(Send(template.ok(holes[0], holes[1], date), device.target))
        if not device.target.reliable:
            device.last = template, holes[0], holes[1], date, now
        return True

    def _write(
        self, device: Device, holes: Holes, bindings: tuple[Binding, ...], data: bytes, now: float, date: bytes | None
    ) -> bool:
        """A refresh that is not folded, or a move: answered when it is on disk."""
        contact = holes[2].decode()
        moved = contact != device.binding.contact
        if self._registrations.is_backed_up or (moved and (device.flow.reliable or not is_sip(contact))):
            return False  # over a connection another Contact may be granted less
        if len(contact) + len(device.binding.parameters) > LONGEST // 2:
            return False  # it may be too long
        window = self._spend(device, holes, now)
        if window is None:
            return False
        binding = device.binding.copy()
        if moved:
            binding.contact = contact
            who = mark(binding.instance, binding.aor, contact)
            binding.granted = self._registrar.grant(device.asked, binding.granted, who)
            device.answer = device.answer.saying(_own_value(binding))
        binding.expires_at = _extend(binding, int(holes[1]), window, now)
        bindings = tuple([binding if each is device.binding else each for each in bindings])
        device.binding = binding
        request = UnreadRequest("REGISTER", "", data, device.flow)
        key = device.key + holes[0].decode()
        transaction = self._layer.server_under(key, request, device.flow, device.target, now)
        answer = self._answer(device, bindings, now), holes[1], date
        emit = self._registrations.emit if moved else None
        held = _Held(transaction, device.username, holes[0], answer, binding, window, _longest(bindings), emit)
        self._registrations.write(binding, bindings, held)
        return True

    def _answer(self, device: Device, bindings: tuple[Binding, ...], now: float) -> AnswerTemplate:
        """That of the 200 to it, its binding having just been granted its interval; as `answer_headers`."""
        if len(bindings) == 1:
            return device.answer
        own, settings = device.binding, self._registrations.settings
        values = [_own_value(each) if each is own else contact_value(each, settings, now) for each in bindings]
        return device.answer.saying(NEXT_CONTACT.join(values))

    def _spend(self, device: Device, holes: Holes, now: float) -> Window | None:
        """Takes what the request uses of its nonce, if its proof is good: the last check."""
        _, _, _, nonce, nc, cnonce, response = holes
        count, text, window = int(nc, 16), nonce.decode(), device.window
        if window is None or window.nonce != text or window.expires_at <= now:
            window = device.offered
            if window is None or window.nonce != text or window.expires_at <= now:
                window = self._nonces.find(device.username, text, now)
        if window is None or not window.admits(count):
            return None
        hash, tail = device.hashing
        hashed = b":".join((device.ha1, nonce, nc, cnonce, tail))
        if not compare_digest(hash(hashed).hexdigest().encode(), response):
            return None
        if window is device.window:
            window.take(count, now)
        elif self._nonces.spend(device.username, window, count, now):
            device.window, device.offered = window, None
        else:
            return None
        return window

    # -- learning a device ---------------------------------------------------------------------------------------------

    def learn(self, data: bytes, flow: Flow, accepted: Accepted, now: float) -> None:
        """Keeps what is needed to know the device again, if its REGISTER is of the usual shape."""
        call_id = _key(accepted.request.call_id)
        self._known.pop(call_id, None)
        device = self._device(data, flow, accepted, now)
        if device is None:
            return
        self._known[call_id] = device
        if len(self._known) >= self._sweep_at:
            self._forget_gone()

    def _forget_gone(self) -> None:
        """Lets go of devices whose bindings have expired, or are another device's since."""
        latest = self._location.latest
        self._known = {
            key: each
            for key, each in self._known.items()
            if each.binding.call_id == each.call_id and each.binding in latest(each.binding.aor)
        }
        self._sweep_at = 2 * len(self._known) + SPARE

    def _device(self, data: bytes, flow: Flow, accepted: Accepted, now: float) -> Device | None:
        request, account = accepted.request, accepted.caller.account
        values, contacts, own = request.lines("authorization"), request.values("contact"), accepted.registration.own
        if (len(values), len(request.values("via")), len(contacts), len(own)) != (1, 1, 1, 1) or account is None:
            return None
        template = make_template(data)
        if template is None:
            return None
        holes, credentials = template.proof_cut.values(data), Credentials.parse(values[0])
        if not is_usual(holes) or not _is_read_alike(holes, request, credentials):
            return None
        binding, contact = own[0], Contact.parse(contacts[0])
        ha1 = _ha1(account, accepted.caller.device, credentials.algorithm)
        encoded = accepted.answer.encode()
        answer = make_answer_template(encoded, holes, NEXT_CONTACT.join(accepted.answer.lines("contact")))
        if ha1 is None or answer is None or not binding.contact == contact.text == holes[2].decode():
            return None
        date = accepted.answer.first("date")
        alone, asked = answer.saying(_own_value(binding)), self._registrar.interval(request, contact, flow)
        ready = ReadyAnswer(answer, holes[0], same(holes[1]), None if date is None else same(date.encode()))
        device = Device(
            template.proof, template.proof_cut, template.question, template.question_cut,
            binding=binding,
            call_id=request.call_id,
            flow=flow,
            target=response_target(request, flow),
            key=_same_key(server_key(request).removesuffix(holes[0].decode())),
            username=account.username,
            ha1=ha1,
            hashing=_hashing(credentials.algorithm, credentials.qop, credentials.uri),
            generation=self._authenticator.generation,
            asked=binding.granted if asked == binding.granted else asked,  # one number and not two
            hears_at_source=flow.transport != "udp" or request.asks_for_rport,
            answer=answer if alone == answer else alone,
        )
        if self._answer(device, tuple(accepted.registration.bindings), now) != answer or ready.encode() != encoded:
            return None
        accepted.answer = ready  # kept as its recipe for Timer J
        return device


def _ha1(account: Account, device: str, algorithm: str) -> bytes | None:
    """Of the secret with that name, as it is hashed."""
    for secret in account.secrets:
        if secret.name == device and (ha1 := secret.of(algorithm)) is not None:
            return ha1.encode()
    return None


def _own_value(binding: Binding) -> str:
    """A device's own Contact in its answer: all that it was granted is left."""
    return f"<{binding.contact}>{binding.parameters};expires={binding.granted}"


@lru_cache(maxsize=2)
def _date(wall: int) -> bytes:
    return sip_date(wall).encode()


def _extend(binding: Binding, cseq: int, window: Window, now: float) -> float:
    """Until when it lives from now on."""
    binding.cseq = cseq
    binding.nonce_issued = window.issued
    binding.seen_at = binding.accepted_at = now
    binding.state = BindingState.LIVE
    return now + binding.granted


def _may_renew(binding: Binding, cseq: int, now: float) -> bool:
    return (
        cseq > binding.cseq
        and binding.connected
        and binding.expires_at is not None
        and binding.expires_at > now
    )


def _longest(bindings: tuple[Binding, ...]) -> float:
    """Until when the last of them lives."""
    if len(bindings) == 1 and (alone := bindings[0].expires_at) is not None:
        return alone
    return max(each.expires_at for each in bindings if each.expires_at is not None)


def _is_read_alike(holes: Holes, request: Request, credentials: Credentials) -> bool:
    """Whether the template takes for the holes what the parser took for them."""
    branch, digits, _, *proof = (each.decode() for each in holes)
    parsed = [credentials.nonce, credentials.nc, credentials.cnonce, credentials.response]
    return (MAGIC_COOKIE + branch, int(digits), proof) == (request.via.branch, request.cseq.number, parsed)


# One string for all devices behind one sent-by.
@lru_cache(maxsize=256)
def _same_key(key: str) -> str:
    return key


# One pair for all devices that ask the same URI.
@lru_cache(maxsize=64)
def _hashing(algorithm: str, qop: str, uri: str) -> Hashing:
    return HASHES[algorithm], _bytes(f"{qop}:{h(algorithm, f'REGISTER:{uri}')}")


def _key(call_id: str) -> str:
    """The bytes of a Call-ID one by one: nearly always the text itself, which the binding holds already."""
    return call_id if call_id.isascii() else _bytes(call_id).decode("latin-1")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
