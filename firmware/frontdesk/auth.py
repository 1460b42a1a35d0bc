"""Who sent a request: challenges and credentials (RFC 3261 section 22, RFC 8760).

Challenges are stateless (RFC 3261 section 8.2.7). A stranger learns nothing about who exists: a user name that does not
exist, is disabled or has no password for the algorithm costs what a wrong password costs, and is answered alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from hmac import compare_digest
from typing import Protocol

from .model import MAX_SECRETS, Account, Secret
from .nonces import Nonces, Use
from .sip.digest import HASHES, Credentials, challenge, ha1, kd
from .sip.errors import ParseError, Rejection, Rule
from .sip.message import Request
from .sip.uri import Uri

_NONCE = "\0"
"""Where one is to stand; in no realm, since that is a host's name."""
_CHALLENGED_IN = ("WWW-Authenticate", "Proxy-Authenticate")
"""The latter by a proxy."""


@dataclass(slots=True)
class Caller:
    """Who sent a request."""

    account: Account | None
    """None for a trusted peer, a spiral, a request in a dialog that was let through."""
    device: str = ""
    """The name of the secret that was used."""
    nonce_issued: float = 0.0
    """When the nonce that was answered was made."""
    peer: str = ""
    """Name or address of the trusted peer."""
    nonce: str = ""


class CredentialSource(Protocol):
    """Who has accounts; `Directory` fits."""

    def account(self, username: str) -> Account | None:
        """The account of that user name."""


class Refused(Rejection):
    """A refusal of credentials, about the user name that was tried."""

    def __init__(
        self, status: int, rule: Rule, username: str, reason: str | None = None, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(status, reason, headers, rule=rule, about=username)


class Authenticator:
    """Lets requests in by Digest, or challenges them."""

    def __init__(self, realm: str, source: CredentialSource, algorithms: tuple[str, ...], key: bytes) -> None:
        """`key`: 32 bytes, fresh at each start. See `offer` for `algorithms`."""
        self._source = source
        self.nonces = Nonces(key)
        self._decoy = key.hex()
        self._realm = realm
        self.generation = 0
        """Grows whenever an account has changed: what was learnt of accounts before is not to be trusted."""
        self.offer(algorithms)
        self.rename(realm)

    def rename(self, realm: str) -> None:
        """Answers for another realm from now on."""
        self._realm = realm
        self._nobody = Secret("", {name: ha1(name, "", realm, self._decoy) for name in HASHES})
        self._around_nonces, self._around_proxy_nonces = map(self._lines_around_nonces, _CHALLENGED_IN)
        self.generation += 1

    def offer(self, algorithms: tuple[str, ...]) -> None:
        """Sets the algorithms of the challenges, most preferred first, but those that this machine lacks.

        Raises ValueError where none is left.
        """
        self.algorithms = tuple(name for name in algorithms if name in HASHES)
        if not self.algorithms:
            raise ValueError(f"none of the digest algorithms is there: {', '.join(algorithms)}")
        self._around_nonces, self._around_proxy_nonces = map(self._lines_around_nonces, _CHALLENGED_IN)

    def authenticate(self, request: Request, now: float, *, proxy: bool) -> Caller:
        """Who sent it, by (Proxy-)Authorization. Raises Refused: 401 or 407 with challenges, or 400."""
        credentials = self._credentials(request, now, proxy)
        username = credentials.username
        account = self._source.account(username)
        good = account if account is not None and account.enabled else None
        use: Use = credentials.count if credentials.qop else _identity(request)
        window = self.nonces.find(good.username if good else None, credentials.nonce, now)
        if window is None or not window.admits(use):
            raise self._challenge(now, proxy, Rule.STALE_NONCE, username)
        if not _same_resource(credentials.uri, request):
            raise Refused(400, Rule.BAD_URI, username, "Digest uri is not the Request-URI")
        secret = self._secret(good, credentials, request.method)
        if good is None or secret is None:
            raise self._challenge(now, proxy, self._failure(account, credentials.algorithm), username)
        # The account's floor comes last: asked before the password, it would tell strangers that the account is in use.
        if not self.nonces.spend(good.username, window, use, now):
            raise self._challenge(now, proxy, Rule.STALE_NONCE, username)
        return Caller(good, secret.name, window.issued, nonce=window.nonce)

    def registered(self, caller: Caller, expires_at: float) -> None:
        """The caller's REGISTER was granted until then: its nonce lives as long, so a renewal needs one round trip."""
        if caller.account is not None:
            self.nonces.extend(caller.account.username, caller.nonce, expires_at)

    def forget(self, username: str) -> None:
        """The account was removed or disabled, or its secrets changed: its nonces are good no more."""
        self.generation += 1
        self.nonces.forget(username)

    def _credentials(self, request: Request, now: float, proxy: bool) -> Credentials:
        """Those for our realm, free of defects and in an algorithm that is offered."""
        values = request.lines("proxy-authorization" if proxy else "authorization")
        credentials = self._ours(values)
        if credentials is None or not credentials.nonce:
            is_foreign = credentials is None and bool(values)
            raise self._challenge(now, proxy, Rule.OTHER_REALM if is_foreign else Rule.NO_CREDENTIALS)
        defect = credentials.defect()
        if defect:
            raise Refused(400, Rule.BAD_CREDENTIALS, credentials.username, defect)
        if credentials.algorithm not in self.algorithms:
            raise self._challenge(now, proxy, Rule.ALGORITHM, credentials.username)
        return credentials

    def _ours(self, values: list[str]) -> Credentials | None:
        """Those for our realm. Of several (RFC 3261 section 22.3) only those count that answer our newest challenge, so
        that nobody tries two passwords at once: Twinkle that was redirected keeps the ones that it has used."""
        ours: list[Credentials] = []
        bad = None
        for value in values:
            if value[:6].lower() != "digest":
                continue
            try:
                credentials = Credentials.parse(value)
            except ParseError as error:
                bad = Refused(400, Rule.BAD_CREDENTIALS, "", error.reason)
                continue
            if credentials.realm == self._realm:
                ours.append(credentials)
        if bad is not None and not ours:
            raise bad
        if len(ours) > 1:
            return max(ours, key=lambda credentials: self.nonces.issued(credentials.nonce) or 0.0)
        return ours[0] if ours else None

    def _secret(self, account: Account | None, credentials: Credentials, method: str) -> Secret | None:
        """The secret that the response was made with. Finding none costs MAX_SECRETS secrets that are read, hashed and
        compared, whoever was named."""
        algorithm = credentials.algorithm
        data = credentials.data(algorithm, method)
        response = credentials.response.lower()
        response = response if response.isascii() else ""
        secrets = account.secrets if account else ()
        for secret in secrets:
            if self._fits(secret, algorithm, data, response):
                return secret
        for _ in range(len(secrets), MAX_SECRETS):
            self._fits(self._nobody, algorithm, data, response)
        return None

    def _fits(self, secret: Secret, algorithm: str, data: str, response: str) -> bool:
        stored = secret.of(algorithm)
        made = kd(algorithm, stored or self._nobody.of(algorithm) or "", data)
        return compare_digest(made, response) and stored is not None

    def _failure(self, account: Account | None, algorithm: str) -> Rule:
        """Why no secret fits. Who does not exist is asked for his, too: it takes time."""
        secrets = account.secrets if account is not None else (self._nobody,)
        has_secret = any(secret.of(algorithm) for secret in secrets)
        if account is None:
            return Rule.UNKNOWN_USER
        if not account.enabled:
            return Rule.DISABLED_ACCOUNT
        return Rule.WRONG_PASSWORD if has_secret else Rule.NO_PASSWORD

    def challenges(self, nonce: str) -> bytes:
        """The header lines of a 401's challenges with that nonce, encoded."""
        return nonce.encode().join(self._around_nonces)

    def proxy_challenges(self, now: float) -> bytes:
        """The same of a 407."""
        return self.nonces.issue(now).encode().join(self._around_proxy_nonces)

    def _lines_around_nonces(self, header: str) -> list[bytes]:
        """What stands around the nonces of challenges."""
        values = [challenge(self._realm, _NONCE, name) for name in self.algorithms]
        return "".join(f"{header}: {value}\r\n" for value in values).encode().split(_NONCE.encode())

    def _challenge(self, now: float, proxy: bool, rule: Rule, username: str = "") -> Refused:
        headers = self._headers(now, proxy, rule is Rule.STALE_NONCE)
        return Refused(407 if proxy else 401, rule, username, headers=headers)

    def _headers(self, now: float, proxy: bool, stale: bool) -> list[tuple[str, str]]:
        """A fresh challenge for each algorithm, most preferred on top (RFC 8760 section 2.3)."""
        header = _CHALLENGED_IN[proxy]
        nonce = self.nonces.issue(now)
        return [(header, challenge(self._realm, nonce, name, stale)) for name in self.algorithms]


def _identity(request: Request) -> bytes:
    """What tells it from all but its retransmissions: they are the same to the byte and come from the same place, which
    stands in the top Via. Without qop the credentials say nothing of the rest, and whoever has overheard them could put
    other Contacts to them (RFC 7616 section 5.5)."""
    return sha256(request.encode()).digest()


def _same_resource(text: str, request: Request) -> bool:
    """Whether the digest's uri names what the Request-URI names (RFC 7616 section 3.4.6: else 400).

    RFC 3261 section 22.4 (6) lets a server be lenient: some phones leave port and parameters out, so scheme, user and
    host decide.
    """
    if text == request.uri_text:
        return True
    try:
        named, asked = Uri.parse(text), request.uri
    except ParseError:
        return False
    return replace(named, port=asked.port, parameters=asked.parameters, headers=asked.headers).matches(asked)
