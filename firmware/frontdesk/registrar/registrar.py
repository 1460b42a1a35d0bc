"""The registrar: RFC 3261 section 10.3 over the location service, with RFC 3327 (Path) and RFC 5626 section 6
(instance, reg-id)."""

from __future__ import annotations

from typing import Protocol

from ..location import LocationService
from ..model import Account, BindingState, Settings
from ..sip.errors import Rejection, Rule
from ..sip.grammar import unescape
from ..sip.message import Request
from ..sip.uri import SIP_SCHEMES
from ..sip.wire import SECURE, Flow
from . import outbound
from .contact import Contact, parse_expires
from .extensions import unsupported
from .registration import Registration
from .spread import shortest, spread
from .update import Registrant, Update, check_order

SHORT = 600
"""Seconds granted at most over a connection that only its phone can open anew: a box that has lost its power, and with
it the connection, hears from the phone by then."""


class Resolver(Protocol):
    """Whose address-of-record a To names."""

    def resolve(self, user: str) -> Account | None: ...

    def serves(self, host: str, port: int | None = None) -> bool: ...


class Registrar:
    """Decides; keeps nothing itself. `register` changes nothing: the core applies the Registration that it returns."""

    def __init__(self, location: LocationService, directory: Resolver, settings: Settings) -> None:
        self.location = location
        self._directory = directory
        self.settings = settings

    def register(self, request: Request, flow: Flow, registrant: Registrant, now: float) -> Registration:
        """Steps 2 and 4 to 7 of section 10.3 (the core took 1 and 3). Raises Rejection and ParseError; then nothing
        has changed."""
        if lacking := unsupported(request):
            raise Rejection(420, headers=lacking)
        account = self._authorize(request, registrant)
        registration = Registration(account.aor, account.username, list(self.location.latest(account.aor)))
        values = request.values("contact")
        if not values:
            return registration
        if "*" in values:
            self._remove_all(request, values, registration, registrant)
            return registration
        contacts = [Contact.parse(value) for value in values]
        self._check(request, contacts, flow)
        Update(self, request, flow, registrant, registration, now).apply(contacts)
        return registration

    def _authorize(self, request: Request, registrant: Registrant) -> Account:
        # Steps 4 and 5: the address-of-record in To is the registrant's own, at a served name.
        to = request.to.uri
        if to.scheme not in SIP_SCHEMES:
            raise Rejection(400, f"To is not a SIP URI but {to.scheme}")
        account = registrant.account
        if not self._directory.serves(to.host, to.port):
            raise Rejection(403, rule=Rule.UNKNOWN_DOMAIN, about=to.hostport)
        if account is None or to.user is None:
            raise Rejection(403)
        user = unescape(to.user)  # the canonical form of step 5
        if user != account.username and self._directory.resolve(user) is not account:
            raise Rejection(403, rule=Rule.OTHER_ACCOUNT, about=user)
        return account

    def _remove_all(
        self, request: Request, values: list[str], registration: Registration, registrant: Registrant
    ) -> None:
        # Step 6: Contact * stands alone and with Expires 0, and removes all bindings.
        if len(values) != 1 or parse_expires(request.first("expires") or "none") != 0:
            raise Rejection(400, "Contact * Needs Expires 0 And No Other Contact")
        for binding in registration.bindings:
            check_order(request, binding, registrant, binding.cseq + 1)
        kept = [binding for binding in registration.bindings if binding.state is BindingState.STATIC]
        gone = [binding for binding in registration.bindings if binding.state is not BindingState.STATIC]
        registration.anew = [each.id for each in gone if each.starts_anew(request.call_id)]
        registration.bindings = kept
        registration.changes.removed = [binding.id for binding in gone]
        registration.told = [("remove", binding) for binding in gone]

    def interval(self, request: Request, contact: Contact, flow: Flow) -> int:
        """Seconds asked for: the Contact's, else the Expires header's, else the default (step 7); SHORT at most where
        that is better for the phone."""
        seconds, header = contact.expires, request.first("expires")
        if seconds is None:
            seconds = self.settings.default_expires if header is None else parse_expires(header)
        if request.first("path") or not contact.is_left_to_phone(flow):
            return seconds
        return min(seconds, max(SHORT, shortest(self.settings)))

    def grant(self, asked: int, last: int, device: str) -> int:
        """Seconds granted to a device that asked for so many and was granted `last` before."""
        return spread(min(asked, self.settings.max_expires), last, device, shortest(self.settings))

    def _check(self, request: Request, contacts: list[Contact], flow: Flow) -> None:
        asked = [(contact, self.interval(request, contact, flow)) for contact in contacts]
        for contact, seconds in asked:
            # Step 7: an interval that is too brief refuses the whole request.
            if 0 < seconds < (least := shortest(self.settings)):
                raise Rejection(423, headers=[("Min-Expires", str(least))])
            # RFC 5630 section 5.2: who may be called by SIPS registers over TLS, whatever his Request-URI says.
            if contact.uri.scheme == "sips" and flow.transport not in SECURE and seconds:
                raise Rejection(400, "A sips Contact Needs TLS")
        kept = [contact for contact, seconds in asked if seconds]
        outbound.check(request, kept)
        if len(kept) > self.settings.max_bindings:  # told before each is compared with all others
            raise Rejection(403, "Too Many Contacts In One Request")
