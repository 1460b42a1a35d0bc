"""Who is let in, who is challenged, and that a stranger learns nothing."""

from __future__ import annotations

import hmac
from collections.abc import Callable

import pytest

from frontdesk import auth
from frontdesk.auth import Authenticator, Refused
from frontdesk.model import MAX_SECRETS, Secret
from frontdesk.sip import digest
from frontdesk.sip.digest import Credentials, kd
from tests.support.digest_phone import (
    ALL,
    BOX,
    PASSWORD,
    REALM,
    Phone,
    account,
    make,
    make_request,
    nonce_of,
    on_the_wire,
    plain_challenge,
    secret,
    stale_challenge,
)


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


def _refused(authenticator: Authenticator, *values: str) -> str:
    """By which rule a request with those credentials is."""
    with pytest.raises(Refused) as caught:
        authenticator.authenticate(make_request(*values), 13.0, proxy=False)
    return str(caught.value.rule)


# -- challenges -------------------------------------------------------------------------------------------------------


def test_request_without_credentials_is_challenged() -> None:
    with pytest.raises(Refused) as caught:
        make().authenticate(make_request(), 10.0, proxy=False)
    assert on_the_wire(caught.value) == plain_challenge(401)
    assert (caught.value.rule, caught.value.about) == ("no-credentials", "")


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


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_for_our_realm_those_to_the_newest_challenge_are_meant(order: int) -> None:
    """RFC 3261 section 22.3: Twinkle sends the used ones once more beside them when it has been redirected."""
    authenticator = make()
    phone = Phone(authenticator)
    used = phone.authorization(1, phone.challenge())
    authenticator.authenticate(make_request(used), 11.0, proxy=False)
    values = [used, phone.authorization(1, phone.challenge(12.0)), phone.authorization(1, "nobody's")][::order]
    assert authenticator.authenticate(make_request(*values), 13.0, proxy=False).account is not None
    assert _refused(authenticator, *values) == "stale-nonce"


def test_of_several_for_our_realm_only_one_password_is_tried(hashes: list[int]) -> None:
    authenticator = make()
    nonce = Phone(authenticator).challenge()
    guesses = [Phone(authenticator, password=guess).authorization(1, nonce) for guess in ("one", "two", PASSWORD)]
    costs = []
    for values in (guesses[:1], guesses):
        hashes.clear()
        assert _refused(authenticator, *values) == "wrong-password"
        costs.append(len(hashes))
    assert costs[0] == costs[1]


def test_ours_are_good_though_others_before_them_are_malformed() -> None:
    authenticator = make()
    phone = Phone(authenticator)
    ours = phone.authorization(1, phone.challenge())
    caller = authenticator.authenticate(make_request('Digest realm="elsewhere', ours), 11.0, proxy=False)
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
    assert (refused.rule, refused.about) == (rule, phone.username)


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
    response = kd("MD5", authenticator._nobody.ha1["MD5"], given.data("MD5", "REGISTER"))
    value = phone.authorization(1, phone.nonce).replace(given.response, response)
    with pytest.raises(Refused):
        authenticator.authenticate(make_request(value), 11.0, proxy=False)


def test_refusal_tells_no_secret() -> None:
    phone = Phone(make(), password="wrong", username="x" * 500)
    refused = phone.refusal()
    assert str(refused) == "401"
    assert refused.about == "x" * 64


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


@pytest.mark.parametrize("username", ["nobody", "off", "1001", "crowd"])
def test_every_failure_reads_as_many_secrets(username: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """To read one takes as long as to hash with it: who exists would be seen by that alone."""
    read: list[str] = []
    of = Secret.of

    def reading(self: Secret, algorithm: str) -> str | None:
        read.append(algorithm)
        return of(self, algorithm)

    phone = Phone(make(account("1001"), account("off", enabled=False), CROWD), username=username, password="wrong")
    value = phone.authorization(1, phone.challenge())
    monkeypatch.setattr(Secret, "of", reading)
    with pytest.raises(Refused):
        phone.authenticator.authenticate(make_request(value), 11.0, proxy=False)
    assert len(read) == MAX_SECRETS + 1  # the last to say by which rule it is refused


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
