"""Who is let in, who is challenged, and that a stranger learns nothing."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count

import pytest

from frontdesk import auth
from frontdesk.auth import Authenticator, Caller, Refused
from frontdesk.model import MAX_SECRETS, Account, Secret
from frontdesk.sip import digest
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
    numbers = count()
    source = Accounts(*(accounts or [account("1001"), account("off", enabled=False)]))
    return Authenticator(REALM, source, algorithms, bytes(32), lambda: next(numbers).to_bytes(6, "big"))


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


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The length of each text that is hashed."""
    lengths: list[int] = []

    def counting(function: Callable[[bytes], object]) -> Callable[[bytes], object]:
        def hashed(data: bytes) -> object:
            lengths.append(len(data))
            return function(data)

        return hashed

    for name, function in list(digest.HASHES.items()):
        monkeypatch.setitem(digest.HASHES, name, counting(function))
    return lengths


# -- challenges -------------------------------------------------------------------------------------------------------


def test_request_without_credentials_is_challenged() -> None:
    with pytest.raises(Refused) as caught:
        make().authenticate(make_request(), 10.0, proxy=False)
    assert on_the_wire(caught.value) == plain_challenge(401)
    assert (caught.value.rule, caught.value.username) == ("no-credentials", "")


def test_proxy_challenges_with_407_and_reads_proxy_authorization() -> None:
    authenticator = make()
    with pytest.raises(Refused) as caught:
        authenticator.authenticate(make_request(), 10.0, proxy=True)
    assert on_the_wire(caught.value) == plain_challenge(407)
    phone = Phone(authenticator, proxy=True, nonce=nonce_of(caught.value), method="INVITE")
    assert phone.send(method="INVITE").account is not None
    request = make_request(phone.authorization(2, phone.nonce), method="INVITE", proxy=False)
    with pytest.raises(Refused) as caught:
        authenticator.authenticate(request, 11.0, proxy=True)
    assert caught.value.rule == "no-credentials"


def test_each_offered_algorithm_has_a_challenge_with_the_most_preferred_on_top() -> None:
    with pytest.raises(Refused) as caught:
        make(algorithms=("SHA-256", "MD5")).authenticate(make_request(), 10.0, proxy=False)
    assert [value.partition("algorithm=")[2] for _, value in caught.value.headers] == [
        'SHA-256, qop="auth"',
        'MD5, qop="auth"',
    ]


def test_algorithm_that_the_machine_lacks_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    one = account("1001")
    monkeypatch.delitem(digest.HASHES, "SHA-512-256")
    assert make(one, algorithms=ALL).algorithms == ("SHA-256", "MD5")
    with pytest.raises(ValueError, match="SHA-512-256"):
        make(one, algorithms=("SHA-512-256",))


@pytest.mark.parametrize("value", ["Basic MTAwMTpwdw==", "Bearer abc", ""])
def test_another_scheme_is_no_credentials_of_ours(value: str) -> None:
    with pytest.raises(Refused) as caught:
        make().authenticate(make_request(value), 10.0, proxy=False)
    assert on_the_wire(caught.value) == plain_challenge()


def test_credentials_before_any_challenge_are_challenged() -> None:
    # RFC 8760 section 2.7: nonce and response are empty when the phone has seen no challenge yet.
    value = f'Digest username="1001", realm="{REALM}", nonce="", uri="{BOX}", response=""'
    with pytest.raises(Refused) as caught:
        make().authenticate(make_request(value), 10.0, proxy=False)
    assert on_the_wire(caught.value) == plain_challenge()
    assert caught.value.rule == "no-credentials"


# -- good credentials -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("qop", ["auth", ""])
@pytest.mark.parametrize("algorithm", ALL)
def test_right_password_is_let_in(algorithm: str, qop: str) -> None:
    caller = Phone(make(algorithms=ALL), algorithm=algorithm, qop=qop).send()
    assert caller.account is not None and caller.account.username == "1001"
    assert (caller.device, caller.nonce_issued, caller.peer) == ("", 10.0, "")


def test_device_that_authenticates_with_its_own_secret_is_named() -> None:
    authenticator = make(account("1001", secret("1001"), secret("1001", "hers", "desk"), secret("1001", "its", "door")))
    assert Phone(authenticator, password="its").send().device == "door"
    assert Phone(authenticator, password=PASSWORD).send().device == ""


def test_ours_is_chosen_among_several_credentials() -> None:
    authenticator = make()
    phone = Phone(authenticator)
    other = Phone(authenticator, realm="elsewhere.example", password="x").authorization(1, "their-nonce")
    ours = phone.authorization(1, phone.challenge())
    caller = authenticator.authenticate(make_request("Basic abc", other, ours), 11.0, proxy=False)
    assert caller.account is not None


def test_response_in_upper_case_is_let_in() -> None:
    authenticator = make()
    phone = Phone(authenticator)
    head, _, tail = phone.authorization(1, phone.challenge()).partition('response="')
    value = f'{head}response="{tail[:32].upper()}{tail[32:]}'
    assert authenticator.authenticate(make_request(value), 11.0, proxy=False).account is not None


@pytest.mark.parametrize(
    "uri", ["sip:192.0.2.1:5060", "sip:192.0.2.1;transport=udp", "SIP:192.0.2.1", "sip:192.0.2.1?a=b"]
)
def test_digest_uri_may_leave_port_and_parameters_out_or_differ_in_them(uri: str) -> None:
    assert Phone(make(), uri=uri).send().account is not None


def test_digest_uri_may_be_escaped_otherwise() -> None:
    phone = Phone(make(), uri="sip:j%6Fe@Box.example")
    assert phone.send(uri="sip:joe@box.example").account is not None


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phone", "rule"),
    [
        (Phone(make(), username="nobody"), "unknown-user"),
        (Phone(make(), password="wrong"), "wrong-password"),
        (Phone(make(), username="off"), "disabled-account"),
        (Phone(make(), username="off", password="wrong"), "disabled-account"),
        (Phone(make(account("1001", secret("1001", algorithms=("SHA-256",))))), "no-password"),
        (Phone(make(account("1001", Secret("", {})))), "no-password"),
        (Phone(make(), method="INVITE"), "wrong-password"),
        (Phone(make(), password="wrong", qop=""), "wrong-password"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whoever_is_not_let_in_gets_the_same_plain_challenge(phone: Phone, rule: str) -> None:
    refused = phone.refusal()
    assert on_the_wire(refused) == plain_challenge()
    assert (refused.rule, refused.username) == (rule, phone.username)


def test_credentials_for_another_realm_are_challenged() -> None:
    refused = Phone(make(), realm="elsewhere.example").refusal()
    assert on_the_wire(refused) == plain_challenge()
    assert refused.rule == "other-realm"


def test_credentials_in_an_algorithm_that_is_not_offered_are_challenged() -> None:
    refused = Phone(make(algorithms=("SHA-256",))).refusal()
    assert on_the_wire(refused) == plain_challenge(algorithm="SHA-256")
    assert refused.rule == "algorithm"
    assert Phone(make(algorithms=("MD5",)), algorithm="SHA-256").refusal().rule == "algorithm"


@pytest.mark.parametrize("uri", ["sip:bob@192.0.2.1", "sip:192.0.2.2", "sips:192.0.2.1", "tel:1001", "x", "sip:"])
def test_digest_uri_of_another_resource_is_a_bad_request(uri: str) -> None:
    refused = Phone(make(), uri=uri).refusal()
    assert (refused.status, refused.reason, refused.rule) == (400, "Digest uri is not the Request-URI", "bad-uri")


@pytest.mark.parametrize(
    ("phone", "reason"),
    [
        (Phone(make(), algorithm="MD5-sess"), "Digest session algorithms (-sess) are not supported"),
        (Phone(make(), qop="auth-int"), "Digest qop is not auth"),
        (Phone(make(), username=""), "Digest credentials without username, uri or response"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_defective_credentials_are_a_bad_request_with_the_reason(phone: Phone, reason: str) -> None:
    refused = phone.refusal()
    assert (refused.status, refused.reason, refused.rule) == (400, reason, "bad-credentials")


def test_credentials_that_cannot_be_read_are_a_bad_request() -> None:
    with pytest.raises(Refused, match="400 a quoted string is not closed"):
        make().authenticate(make_request('Digest username="1001'), 10.0, proxy=False)


def test_response_that_is_no_ascii_is_a_wrong_password() -> None:
    authenticator = make()
    nonce = Phone(authenticator).challenge()
    value = f'Digest username="1001", realm="{REALM}", nonce="{nonce}", uri="{BOX}", response="\u00e4\udcff"'
    with pytest.raises(Refused) as caught:
        authenticator.authenticate(make_request(value), 11.0, proxy=False)
    assert caught.value.rule == "wrong-password"


def test_decoy_opens_nothing() -> None:
    authenticator = make(account("1001", Secret("", {})))
    phone = Phone(authenticator)
    given = Credentials.parse(phone.authorization(1, phone.challenge()))
    response = kd("MD5", authenticator._decoys["MD5"], given.data("MD5", "REGISTER"))
    value = phone.authorization(1, phone.nonce).replace(given.response, response)
    with pytest.raises(Refused):
        authenticator.authenticate(make_request(value), 11.0, proxy=False)


def test_refusal_tells_no_secret() -> None:
    phone = Phone(make(), password="wrong", username="x" * 500)
    refused = phone.refusal()
    assert str(refused) == "401"
    assert refused.username == "x" * 64


# -- what it costs ----------------------------------------------------------------------------------------------------

CROWD = account("crowd", *[secret("crowd", f"other {at}", f"device {at}") for at in range(MAX_SECRETS)])
STRANGERS = [
    ("nobody", "wrong"),
    ("off", "wrong"),
    ("off", PASSWORD),
    ("1001", "wrong"),
    ("crowd", "wrong"),
    ("sha", PASSWORD),
    ("bare", PASSWORD),
]


@pytest.mark.parametrize("algorithm", ALL)
def test_every_failure_costs_the_same_hashing_and_comparing(
    algorithm: str, hashes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []

    def comparing(expected: str, given: str) -> bool:
        compared.append(len(expected))
        return hmac.compare_digest(expected, given)

    sha = account("sha", secret("sha", algorithms=("SHA-256",) if algorithm == "MD5" else ("MD5",)))
    off, one = account("off", enabled=False), account("1001")
    authenticator = make(one, off, CROWD, sha, account("bare", Secret("", {})), algorithms=ALL)
    monkeypatch.setattr(auth, "compare_digest", comparing)
    costs = set()
    for username, password in STRANGERS:
        phone = Phone(authenticator, username=username, password=password, algorithm=algorithm)
        request = make_request(phone.authorization(1, phone.challenge()))
        hashes.clear()
        compared.clear()
        with pytest.raises(Refused):
            authenticator.authenticate(request, 11.0, proxy=False)
        costs.add((tuple(hashes), tuple(compared)))
    assert len(costs) == 1
    (cost,) = costs
    assert len(cost[0]) == MAX_SECRETS + 1
    assert len(cost[1]) == MAX_SECRETS


def test_stale_nonce_is_answered_without_any_hashing(hashes: list[int]) -> None:
    phone = Phone(make())
    phone.send()
    replay = make_request(phone.authorization(1, phone.nonce))
    old = make_request(phone.authorization(1, phone.challenge()))
    unknown = make_request(phone.authorization(1, "A" * 32))
    hashes.clear()
    for request, now in ((replay, 11.0), (old, 310.0), (unknown, 11.0)):
        with pytest.raises(Refused) as caught:
            phone.authenticator.authenticate(request, now, proxy=False)
        assert on_the_wire(caught.value) == stale_challenge()
        assert caught.value.rule == "stale-nonce"
    assert hashes == []


# -- nonces -----------------------------------------------------------------------------------------------------------


def test_used_count_is_stale_and_one_out_of_order_passes() -> None:
    phone = Phone(make())
    phone.send(5)
    assert on_the_wire(phone.refusal(5)) == stale_challenge()
    assert phone.send(3).account is not None
    assert phone.refusal(3).rule == "stale-nonce"


def test_stranger_cannot_use_up_the_counts_of_an_account() -> None:
    phone = Phone(make())
    phone.send(1)
    assert replace(phone, password="wrong").refusal(2).rule == "wrong-password"
    assert phone.send(2).account is not None


def test_nonce_of_before_a_restart_is_stale() -> None:
    phone = Phone(make())
    phone.send()
    phone.authenticator = Authenticator(
        REALM, Accounts(account("1001")), ("MD5",), b"another key" * 2, lambda: bytes(6)
    )
    assert on_the_wire(phone.refusal(2)) == stale_challenge()


def test_nonce_that_registered_lives_as_long_as_the_binding() -> None:
    phone = Phone(make())
    phone.authenticator.registered(phone.send(1), 3611.0)
    assert phone.send(2, now=3610.0).nonce_issued == 10.0
    assert phone.refusal(3, now=3611.0).rule == "stale-nonce"


def test_nonce_that_did_not_register_lives_five_minutes() -> None:
    phone = Phone(make())
    phone.send(1)
    assert phone.send(2, now=309.0).account is not None
    assert phone.refusal(3, now=310.0).rule == "stale-nonce"


def test_registered_by_a_trusted_peer_changes_nothing() -> None:
    make().registered(Caller(None, peer="trunk"), 3600.0)


def test_nonce_without_qop_serves_one_call_id_cseq_and_method() -> None:
    phone = Phone(make(), qop="")
    phone.send(cseq=7)
    assert phone.send(cseq=7).account is not None
    assert on_the_wire(phone.refusal(cseq=8)) == stale_challenge()
    other_call = make_request(phone.authorization(1, phone.nonce), cseq=7)
    other_call.replace("call-id", ["another@192.0.2.7"])
    with pytest.raises(Refused) as caught:
        phone.authenticator.authenticate(other_call, 11.0, proxy=False)
    assert caught.value.rule == "stale-nonce"
    assert replace(phone, method="INVITE").refusal(cseq=7, method="INVITE").rule == "stale-nonce"
    assert replace(phone, qop="auth").refusal(1).rule == "stale-nonce"


def test_forgotten_account_is_challenged_anew() -> None:
    phone = Phone(make())
    phone.send(1)
    phone.authenticator.forget("1001")
    assert on_the_wire(phone.refusal(2)) == stale_challenge()
    phone.challenge(12.0)
    assert phone.send(1, 13.0).account is not None


def test_account_that_is_disabled_is_let_in_no_more() -> None:
    one = account("1001")
    phone = Phone(make(one))
    phone.send(1)
    one.enabled = False
    for use in (1, 2):
        refused = phone.refusal(use)
        assert refused.rule == "disabled-account"
        assert on_the_wire(refused) == plain_challenge(), "as an unknown one, of whose counts nothing is known"


def test_strangers_leave_no_trace() -> None:
    authenticator = make()
    for username in ("nobody", "1001", "off"):
        Phone(authenticator, username=username, password="wrong").refusal()
    assert not authenticator.nonces._used


def test_busy_account_looks_like_no_account_to_a_stranger() -> None:
    # Its floor rises with each window that is pushed out; who has not proved the password must not see it.
    authenticator = make()
    stranger = Phone(authenticator, password="wrong")
    stranger.challenge(10.0)
    for at in range(20):
        phone = Phone(authenticator)
        phone.challenge(11.0 + at)
        phone.send(1, 12.0 + at)
    nobody = replace(stranger, username="nobody")
    assert on_the_wire(stranger.refusal(1, 40.0)) == on_the_wire(nobody.refusal(1, 40.0)) == plain_challenge()
    assert replace(stranger, password=PASSWORD).refusal(1, 40.0).rule == "stale-nonce"
