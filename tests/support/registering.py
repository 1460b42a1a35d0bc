"""REGISTERs as text, and a registrar that commits at once."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from frontdesk.directory import Directory
from frontdesk.location import LocationService
from frontdesk.model import Account, Binding, Settings
from frontdesk.registrar import Registrar, Registration
from frontdesk.sip.message import Request
from frontdesk.sip.parser import parse_message
from frontdesk.sip.wire import Flow

REALM = "desk.test"
HERE = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.101", 5060))
"""The flow of a phone on the desk."""


def flow(host: str = "192.0.2.101", port: int = 5060, connection: int = 0) -> Flow:
    """Another place; with a connection it is over TCP."""
    return Flow("tcp" if connection else "udp", ("192.0.2.1", 5060), (host, port), connection)


def register_request(
    *contacts: str, user: str = "101", cseq: int = 1, call_id: str = "a@phone", headers: tuple[str, ...] = ()
) -> Request:
    """A REGISTER of `user` with these Contact values and further header lines."""
    lines = [
        f"REGISTER sip:{REALM} SIP/2.0",
        f"Via: SIP/2.0/UDP 192.0.2.101:5060;branch=z9hG4bK{next(_branches)};rport",
        "Max-Forwards: 70",
        f"From: <sip:{user}@{REALM}>;tag=1",
        f"To: <sip:{user}@{REALM}>",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} REGISTER",
        *(f"Contact: {contact}" for contact in contacts),
        *headers,
        "Content-Length: 0",
    ]
    request = parse_message(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert isinstance(request, Request)
    return request


_branches = itertools.count(1)


@dataclass
class Registrant:
    """Who registers, as the credentials say."""

    account: Account | None
    device: str = ""
    nonce_issued: float = 0.0


class Desk:
    """A registrar over a location service in which every change is on disk at once; 101 and 102 have accounts."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.directory = Directory(REALM)
        for user in ("101", "102"):
            self.directory.put(Account(user, f"sip:{user}@{REALM}"))
        self.location = LocationService()
        self.registrar = Registrar(self.location, self.directory, settings or Settings())
        self.now = 1000.0
        self._cseq = itertools.count(1)
        self._tickets = itertools.count(1)

    def register(
        self,
        *contacts: str,
        at: Flow = HERE,
        user: str = "101",
        cseq: int | None = None,
        call_id: str = "a@phone",
        device: str = "",
        nonce_issued: float = 0.0,
        headers: tuple[str, ...] = (),
        rport: bool = True,
    ) -> Registration:
        """An authenticated REGISTER of `user`, applied. Raises what the registrar raises."""
        number = next(self._cseq) if cseq is None else cseq
        request = register_request(*contacts, user=user, cseq=number, call_id=call_id, headers=headers)
        if not rport:
            request.replace("via", [request.required("via").removesuffix(";rport")])
        registrant = Registrant(self.directory.account(user), device, nonce_issued)
        registration = self.registrar.register(request, at, registrant, self.now)
        if registration.changes:
            registration.harden(self.now)
            ticket = next(self._tickets)
            self.location.stage(registration.aor, ticket, registration.bindings)
            self.location.commit(ticket)
        for refresh in registration.refreshes:
            refresh.write(refresh.binding, self.now)
            self.location.extend(refresh.binding, self.now + refresh.granted)
        return registration

    def bindings(self, user: str = "101") -> list[Binding]:
        """What a caller of `user` would find."""
        return self.location.bindings(f"sip:{user}@{REALM}", self.now)

    def contacts(self, user: str = "101") -> list[str]:
        """Their Contact URIs."""
        return [binding.contact for binding in self.bindings(user)]
