"""Accounts, and a phone that answers their challenges, for the tests of who is let in."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from frontdesk.auth import Authenticator, Caller, Refused
from frontdesk.model import Account, Secret
from frontdesk.sip.digest import Credentials, ha1, kd
from frontdesk.sip.grammar import quote
from frontdesk.sip.message import Request, make_field

REALM = "frontdesk-1a2b3c4d"
BOX = "sip:192.0.2.1"
ALL = ("SHA-512-256", "SHA-256", "MD5")
PASSWORD = "correct horse"


def secret(username: str, password: str = PASSWORD, name: str = "", algorithms: tuple[str, ...] = ALL) -> Secret:
    return Secret(name, {algorithm: ha1(algorithm, username, REALM, password) for algorithm in algorithms})


def account(username: str, *secrets: Secret, enabled: bool = True) -> Account:
    return Account(username, f"sip:{username}@{REALM}", enabled=enabled, secrets=secrets or (secret(username),))


class Accounts:
    """A CredentialSource."""

    def __init__(self, *accounts: Account) -> None:
        self.accounts = {account.username: account for account in accounts}

    def account(self, username: str) -> Account | None:
        return self.accounts.get(username)


def make(*accounts: Account, algorithms: tuple[str, ...] = ("MD5",)) -> Authenticator:
    source = Accounts(*(accounts or [account("1001"), account("off", enabled=False)]))
    return Authenticator(REALM, source, algorithms, bytes(32))


def make_request(*values: str, method: str = "REGISTER", uri: str = BOX, cseq: int = 1, proxy: bool = False) -> Request:
    name = "Proxy-Authorization" if proxy else "Authorization"
    lines = [("Call-ID", "abc@192.0.2.7"), ("CSeq", f"{cseq} {method}"), *((name, value) for value in values)]
    return Request(method, uri, [make_field(*line) for line in lines])


@dataclass
class Phone:
    """Answers challenges as a phone does; each field can be set wrong."""

    authenticator: Authenticator
    username: str = "1001"
    password: str = PASSWORD
    realm: str = REALM
    uri: str = BOX
    algorithm: str = "MD5"
    qop: str = "auth"
    method: str = "REGISTER"
    proxy: bool = False
    nonce: str = ""
    refused: list[Refused] = field(default_factory=list)

    def challenge(self, now: float = 10.0) -> str:
        """Asks for a nonce and takes it."""
        with pytest.raises(Refused) as caught:
            self.authenticator.authenticate(make_request(), now, proxy=False)
        self.nonce = nonce_of(caught.value)
        return self.nonce

    def authorization(self, count: int, nonce: str) -> str:
        nc = f"{count:08x}"
        given = Credentials(
            self.username, self.realm, nonce, self.uri, "", self.algorithm, "c0ffee", nc, self.qop, "", count
        )
        base = self.algorithm.removesuffix("-sess")
        response = kd(base, ha1(base, self.username, self.realm, self.password), given.data(base, self.method))
        more = f', qop={self.qop}, nc={nc}, cnonce="c0ffee"' if self.qop else ""
        return (
            f'Digest username={quote(self.username)}, realm="{self.realm}", nonce="{nonce}", uri="{self.uri}", '
            f'response="{response}", algorithm={self.algorithm}{more}'
        )

    def send(
        self, count: int = 1, now: float = 11.0, *, uri: str = BOX, method: str = "REGISTER", cseq: int = 1
    ) -> Caller:
        """A request with credentials for the nonce at hand."""
        value = self.authorization(count, self.nonce or self.challenge())
        request = make_request(value, method=method, uri=uri, cseq=cseq, proxy=self.proxy)
        return self.authenticator.authenticate(request, now, proxy=self.proxy)

    def refusal(
        self, count: int = 1, now: float = 11.0, *, uri: str = BOX, method: str = "REGISTER", cseq: int = 1
    ) -> Refused:
        with pytest.raises(Refused) as caught:
            self.send(count, now, uri=uri, method=method, cseq=cseq)
        return caught.value


def nonce_of(refused: Refused) -> str:
    return refused.headers[0][1].partition('nonce="')[2].partition('"')[0]


def on_the_wire(refused: Refused) -> tuple[object, ...]:
    """All that the other end sees of it, without the nonce."""
    nonce = nonce_of(refused)
    return refused.status, refused.reason, [(name, value.replace(nonce, "NONCE")) for name, value in refused.headers]


def plain_challenge(status: int = 401, algorithm: str = "MD5") -> tuple[object, ...]:
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return status, None, [(name, f'Digest realm="{REALM}", nonce="NONCE", algorithm={algorithm}, qop="auth"')]


def stale_challenge() -> tuple[object, ...]:
    value = f'Digest realm="{REALM}", nonce="NONCE", algorithm=MD5, qop="auth", stale=true'
    return 401, None, [("WWW-Authenticate", value)]
